/// One pass over the bytes of a JSON text, strict as `JSON` says.
struct JSONParser {
  /// serde_json's limit, and so that of the safetensors reference.
  static let depthLimit = 128

  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The one value of the text, with white space around it.
  mutating func document() throws -> JSON {
    skipSpace()
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw failure("begins with a byte order mark", hint: "save it as UTF-8 without BOM")
    }
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("unexpected \(found) after the value") }
    return value
  }

  private mutating func value(depth: Int) throws -> JSON {
    switch peek {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"): return try number()
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: throw failure("expected a value, found \(found)")
    }
  }

  private mutating func object(depth: Int) throws -> JSON.Object {
    try enter(depth)
    var object = JSON.Object()
    skipSpace()
    if take("}") { return object }
    while true {
      let start = position
      guard peek == UInt8(ascii: "\"") else { throw failure("expected a key, found \(found)") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw failure("expected \":\", found \(found)") }
      skipSpace()
      let value = try value(depth: depth)
      guard object.append(key, value) else {
        position = start
        throw failure("the key \(quoted(key)) occurs twice in one object")
      }
      skipSpace()
      if take("}") { return object }
      guard take(",") else { throw failure("expected \",\" or \"}\", found \(found)") }
      skipSpace()
    }
  }

  private mutating func array(depth: Int) throws -> [JSON] {
    try enter(depth)
    var values: [JSON] = []
    skipSpace()
    if take("]") { return values }
    while true {
      values.append(try value(depth: depth))
      skipSpace()
      if take("]") { return values }
      guard take(",") else { throw failure("expected \",\" or \"]\", found \(found)") }
      skipSpace()
    }
  }

  private mutating func enter(_ depth: Int) throws {
    guard depth <= Self.depthLimit else {
      throw failure("nested deeper than \(Self.depthLimit) levels")
    }
    position += 1
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws -> JSON {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count,
      word.withUTF8Buffer({ $0.elementsEqual(bytes[position..<end]) })
    else { throw failure("expected a value, found \(found)") }
    position = end
    return value
  }
}

// MARK: - Strings

extension JSONParser {
  private mutating func string() throws -> String {
    let opening = position
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    if take("\"") { return try validated(bytes[start..<position - 1], at: opening) }
    return try escapedString(from: start, opening: opening)
  }

  /// The slow path: the string has escapes, so it is gathered piece by piece.
  private mutating func escapedString(from start: Int, opening: Int) throws -> String {
    var text = [UInt8](bytes[start..<position])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return try text.withUnsafeBytes { try validated($0[...], at: opening) }
      case UInt8(ascii: "\\"):
        text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20:
        throw failure("control character \(byte) in a string", hint: "write it as an escape")
      default:
        text.append(byte)
        position += 1
      }
    }
    position = opening
    throw failure("this string is never closed", hint: "the file may be cut short")
  }

  private mutating func escape() throws -> Unicode.Scalar {
    let start = position
    position += 2
    guard start + 1 < bytes.count else { throw failure("the text ends inside an escape") }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default:
      position = start
      throw failure("unknown escape \(quoted("\\" + character(at: start + 1)))")
    }
    var code = try hexadecimal(from: start)
    if (0xD800..<0xDC00).contains(code), peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 2
      let low = try hexadecimal(from: start)
      guard (0xDC00..<0xE000).contains(low) else {
        position = start
        throw failure("half of a surrogate pair")
      }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      position = start
      throw failure("half of a surrogate pair")
    }
    return scalar
  }

  private mutating func hexadecimal(from start: Int) throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        position = start
        throw failure("\\u wants four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func validated(
    _ slice: Slice<UnsafeRawBufferPointer>, at opening: Int
  ) throws -> String {
    let bytes = UnsafeRawBufferPointer(rebasing: slice)
    // Decoding repairs what is not UTF-8, so the text is valid if it has the bytes it came from.
    // (`String(validating:)` says the same, at twice the time of all the rest.)
    let text = bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
    guard !bytes.contains(where: { $0 >= 0x80 }) || text.utf8.elementsEqual(bytes) else {
      position = opening
      throw failure("this string is not valid UTF-8")
    }
    return text
  }
}

// MARK: - Numbers

extension JSONParser {
  private mutating func number() throws -> JSON {
    let start = position
    let negative = take("-")
    // What the digits say while they fit, and nil after.
    var magnitude: UInt64? = 0
    var exponent = 0
    let whole = digits(into: &magnitude)
    guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      position = start
      throw failure(whole == 0 ? "a number without digits" : "a number with a leading zero")
    }
    if peek != UInt8(ascii: "."), peek != UInt8(ascii: "e"), peek != UInt8(ascii: "E") {
      if let magnitude, let value = Int(exactly: magnitude) {
        return .integer(negative ? -value : value)
      }
      if negative, magnitude == UInt64(Int.max) + 1 { return .integer(.min) }
      // One that is out of range as a number is refused however it is written.
      _ = try double(from: start)
      return .digits(String(decoding: bytes[start..<position], as: UTF8.self))
    }
    if take(".") {
      let fraction = digits(into: &magnitude)
      guard fraction > 0 else { throw failure("expected a digit after the point, found \(found)") }
      exponent = -fraction
    }
    if take("e") || take("E") {
      let down = take("-")
      if !down { _ = take("+") }
      var power: UInt64? = 0
      guard digits(into: &power) > 0 else {
        throw failure("expected a digit of the exponent, found \(found)")
      }
      let bounded = Int(min(power ?? 100_000, 100_000))
      exponent += down ? -bounded : bounded
    }
    // Both factors are exact in a Double, so that one operation rounds correctly (Clinger).
    if let magnitude, magnitude < 1 << 53, abs(exponent) < exactPowers.count {
      let power = exactPowers[abs(exponent)]
      let value = exponent < 0 ? Double(magnitude) / power : Double(magnitude) * power
      return .number(negative ? -value : value)
    }
    return .number(try double(from: start))
  }

  /// Takes digits and returns how many there were.
  private mutating func digits(into value: inout UInt64?) -> Int {
    let start = position
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      if let known = value {
        let (product, overflow) = known.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
        value = overflow || carry ? nil : sum
      }
      position += 1
    }
    return position - start
  }

  private mutating func double(from start: Int) throws -> Double {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      position = start
      throw failure("the number \(quoted(text)) is out of range")
    }
    return value
  }
}

private let exactPowers: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

// MARK: - Bytes and errors

extension JSONParser {
  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let peek, UInt32(peek) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private var found: String {
    position < bytes.count ? quoted(character(at: position)) : "the end of the text"
  }

  /// The whole character that begins at an offset, of the text decoded as far as it can be.
  private func character(at offset: Int) -> String {
    guard offset < bytes.count else { return "" }
    let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
    return String(text.unicodeScalars.prefix(1))
  }

  /// A failure at the present position.
  ///
  /// The line is counted only now: parsing keeps no count.
  private func failure(_ problem: String, hint: String? = nil) -> FileFailure {
    let before = bytes.prefix(position)
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    // Continuation bytes of UTF-8 are no columns of their own.
    let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    return FileFailure(
      path, at: "line \(line), column \(column)", problem,
      hint: FileFailure.likelyCause(bytes) ?? hint)
  }
}
