extension JSON {
  /// How a text is laid out, each as Python's `json.dumps` does it.
  public enum Style: Sendable, CaseIterable {
    /// `{"b": 1, "a": [2, 3]}`: the default of `json.dumps`.
    case compact
    /// The same with `sort_keys=True`.
    case compactSorted
    /// `indent=2, sort_keys=True`: what the Python libraries write into folders.
    case indentedSorted
    /// Without any space.
    case minified
  }

  /// The text Python's `json.dumps` writes for the same value, ASCII alone.
  ///
  /// JSON has no infinities and no NaN; they are written as null.
  public func text(_ style: Style) -> String {
    var bytes: [UInt8] = []
    write(style, level: 0, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func write(_ style: Style, level: Int, into bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .digits(let value): bytes += value.utf8
    case .number(let value): bytes += (value.isFinite ? pythonText(value) : "null").utf8
    case .string(let value): writeString(value, into: &bytes)
    case .array(let values):
      Self.writeList("[", values, "]", style, level, into: &bytes) { value, bytes in
        value.write(style, level: level + 1, into: &bytes)
      }
    case .object(let object):
      var members = object.members
      if style == .compactSorted || style == .indentedSorted {
        // By code points as Python sorts, which is the order of the bytes of UTF-8.
        members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      }
      Self.writeList("{", members, "}", style, level, into: &bytes) { member, bytes in
        writeString(member.key, into: &bytes)
        bytes += (style == .minified ? ":" : ": ").utf8
        member.value.write(style, level: level + 1, into: &bytes)
      }
    }
  }

  private static func writeList<Element>(
    _ open: String, _ elements: [Element], _ close: String, _ style: Style, _ level: Int,
    into bytes: inout [UInt8], _ write: (Element, inout [UInt8]) -> Void
  ) {
    bytes += open.utf8
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes += (style == .minified || style == .indentedSorted ? "," : ", ").utf8 }
      if style == .indentedSorted { newLine(level + 1, into: &bytes) }
      write(element, &bytes)
    }
    if style == .indentedSorted, !elements.isEmpty { newLine(level, into: &bytes) }
    bytes += close.utf8
  }

  private static func newLine(_ level: Int, into bytes: inout [UInt8]) {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }
}

private func writeString(_ text: String, into bytes: inout [UInt8]) {
  bytes.append(UInt8(ascii: "\""))
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": bytes += "\\\"".utf8
    case "\\": bytes += "\\\\".utf8
    case "\n": bytes += "\\n".utf8
    case "\r": bytes += "\\r".utf8
    case "\t": bytes += "\\t".utf8
    case "\u{8}": bytes += "\\b".utf8
    case "\u{C}": bytes += "\\f".utf8
    case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    default:
      for unit in UTF16.encode(scalar) ?? .init() {
        let digits = String(unit, radix: 16)
        bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      }
    }
  }
  bytes.append(UInt8(ascii: "\""))
}

/// A number as Python's `repr` has it: the shortest digits that read back the same, an exponent
/// below 1e-4 and from 1e16 on, and `.0` where nothing else tells it from an integer.
func pythonText(_ value: Double) -> String {
  // Swift finds the same digits but changes to exponents elsewhere, so only those are taken.
  var text = Substring(value.magnitude.description)
  let sign = value.sign == .minus ? "-" : ""
  var exponent = 0
  if let mark = text.firstIndex(of: "e") {
    exponent = Int(text[text.index(after: mark)...]) ?? 0
    text = text[..<mark]
  }
  let point = text.firstIndex(of: ".") ?? text.endIndex
  exponent += text.distance(from: text.startIndex, to: point)
  var digits = text.filter { $0 != "." }
  let leadingZeros = digits.prefix { $0 == "0" }.count
  digits.removeFirst(leadingZeros)
  exponent -= leadingZeros
  while digits.last == "0" { digits.removeLast() }
  // The value is 0.digits × 10^exponent from here on.
  guard !digits.isEmpty else { return sign + "0.0" }
  if exponent > 16 || exponent <= -4 {
    let power = exponent - 1
    let head = digits.removeFirst()
    let tail = digits.isEmpty ? "" : "." + digits
    let padding = abs(power) < 10 ? "0" : ""
    return "\(sign)\(head)\(tail)e\(power < 0 ? "-" : "+")\(padding)\(abs(power))"
  }
  if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
  if digits.count <= exponent {
    return sign + digits + String(repeating: "0", count: exponent - digits.count) + ".0"
  }
  let split = digits.index(digits.startIndex, offsetBy: exponent)
  return sign + digits[..<split] + "." + digits[split...]
}
