/// Method strings: `seq_bn[reduction_factor=8]|lora[r=4]`, as the Python library reads them.
internal import Files

/// Reads a method string.
///
/// - Parameter text: names from ``AdapterMethods``, settings as Python literals in brackets, several joined
///   by `|`.
/// - Returns: the methods in the order of the string.
/// - Throws: ``FileFailure`` naming the string, the place in it and what is possible there.
public func parseMethods(_ text: String) throws -> [any Method] {
  var reader = PythonLiteralReader(text)
  var found: [any Method] = []
  repeat {
    let start = reader.position
    let name = reader.word()
    if let union = AdapterMethods.unions[name] {
      found += try parseMethods(union)
      continue
    }
    guard
      let (type, settings) = AdapterMethods.all.lazy.compactMap({ type in
        type.identifiers.first { $0.name == name }.map { (type, $0.settings) }
      }).first
    else {
      let names = AdapterMethods.all.flatMap { $0.identifiers.map(\.name) }
      let known = (names + AdapterMethods.unions.keys.sorted()).joined(separator: ", ")
      throw reader.failure(
        name.isEmpty
          ? "expected a method's name, found \(reader.rest)"
          : "no method is named \(escaped(name, limit: 80))", at: start,
        hint: "known methods: \(known)")
    }
    var configuration = type.defaults
    for (key, value) in settings.members { configuration[key] = value }
    if reader.skip("[") {
      var given: Set<String> = []
      while !reader.skip("]") {
        let start = reader.position
        let key = reader.word()
        guard type.defaults[key] != nil, key != "architecture" else {
          let known = type.defaults.keys.filter { $0 != "architecture" }.joined(separator: ", ")
          throw reader.failure(
            key.isEmpty
              ? "expected a setting or ], found \(reader.rest)"
              : "\(name) has no setting \(escaped(key, limit: 80))", at: start,
            hint: "its settings: \(known)")
        }
        guard given.insert(key).inserted else {
          throw reader.failure("\(key) is given twice", at: start)
        }
        try reader.expect("=")
        let value = try reader.literal()
        // A default in its place would not be what was asked for.
        guard value != .null || type.defaults[key] == .null else {
          throw reader.failure("\(key) cannot be None", at: start)
        }
        configuration[key] = value
        if !reader.skip(",") {
          try reader.expect("]")
          break
        }
      }
    }
    found.append(
      try type.init(Field(.object(configuration), file: "method \(escaped(text, limit: 80))")))
  } while reader.skip("|")
  try reader.expectEnd()
  return found
}

/// Reads the Python literals that settings are written in.
private struct PythonLiteralReader {
  private let characters: [Character]
  private let text: String
  private(set) var position = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  mutating func skip(_ character: Character) -> Bool {
    skipSpace()
    guard position < characters.count, characters[position] == character else { return false }
    position += 1
    skipSpace()
    return true
  }

  mutating func expect(_ character: Character) throws {
    guard skip(character) else {
      throw failure("expected \(character), found \(rest)", at: position)
    }
  }

  mutating func expectEnd() throws {
    skipSpace()
    guard position == characters.count else {
      throw failure("unexpected \(rest)", at: position)
    }
  }

  /// Letters, digits, `_`, `+`, `-` and `.`: names and numbers.
  mutating func word() -> String {
    skipSpace()
    let start = position
    while position < characters.count,
      characters[position].isLetter || characters[position].isNumber
        || "_+-.".contains(characters[position])
    {
      position += 1
    }
    return String(characters[start..<position])
  }

  mutating func literal(depth: Int = 0) throws -> JSON {
    let start = position
    guard depth < 8 else { throw failure("nested too deeply", at: start) }
    for quote in ["'", "\""] as [Character] where skip(quote) {
      let from = position
      while position < characters.count, characters[position] != quote { position += 1 }
      let string = String(characters[from..<position])
      try expect(quote)
      return .string(string)
    }
    if skip("[") {
      var values: [JSON] = []
      while !skip("]") {
        values.append(try literal(depth: depth + 1))
        if !skip(",") {
          try expect("]")
          break
        }
      }
      return .array(values)
    }
    if skip("{") {
      var object: JSON.Object = [:]
      while !skip("}") {
        guard case .string(let key) = try literal(depth: depth + 1) else {
          throw failure("a key is a quoted string", at: start)
        }
        guard object[key] == nil else {
          throw failure("\(escaped(key, limit: 80)) is given twice", at: start)
        }
        try expect(":")
        object[key] = try literal(depth: depth + 1)
        if !skip(",") {
          try expect("}")
          break
        }
      }
      return .object(object)
    }
    let word = word()
    switch word {
    case "True", "true": return .bool(true)
    case "False", "false": return .bool(false)
    case "None", "null": return .null
    default: break
    }
    if let integer = Int(word) { return .integer(integer) }
    if let number = Double(word), number.isFinite { return .number(number) }
    throw failure(
      word.isEmpty
        ? "expected a value, found \(rest)" : "\(escaped(word, limit: 80)) is not a value",
      at: start,
      hint: "strings are quoted: non_linearity='gelu'")
  }

  private mutating func skipSpace() {
    while position < characters.count, characters[position] == " " { position += 1 }
  }

  var rest: String {
    position < characters.count ? escaped(String(characters[position...]), limit: 80) : "the end"
  }

  func failure(_ problem: String, at position: Int, hint: String? = nil) -> FileFailure {
    FileFailure(
      "method \(escaped(text, limit: 80))", at: "column \(position + 1)", problem, hint: hint)
  }
}
