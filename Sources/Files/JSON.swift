/// A JSON value, as RFC 8259 has it and no laxer.
///
/// Foundation's parsers take trailing commas, a byte order mark, UTF-16 and duplicate keys (one
/// keeps the first, the other the last), so two parts of a program can read one file differently.
/// This one refuses them, keeps the order of keys and tells `1` from `1.0`.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits, exactly.
  case integer(Int)
  /// An integer that does not fit 64 bits, in its digits.
  case digits(String)
  /// A number with a fraction or an exponent.
  case number(Double)
  case string(String)
  case array([JSON])
  case object(Object)
}

extension JSON {
  /// Parses a file.
  public init(contentsOf path: String) throws {
    try self.init(parsing: try readFile(path), path: path)
  }

  /// Parses bytes; `path` names them in errors.
  public init(parsing bytes: [UInt8], path: String) throws {
    self = try bytes.withUnsafeBytes { try JSON(parsing: $0, path: path) }
  }

  /// Parses bytes; `path` names them in errors.
  public init(parsing bytes: UnsafeRawBufferPointer, path: String) throws {
    var parser = JSONParser(bytes, path: path)
    self = try parser.document()
  }

  /// The value at a key; nil where there is none or this is no object.
  public subscript(key: String) -> JSON? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }

  /// What this is, in words for an error message: `the string "8"`.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .digits(let value): "the integer \(escaped(value, limit: 40))"
    case .number(let value): "the number \(value)"
    case .string(let value): "the string \(quoted(value))"
    case .array(let values): "an array of \(values.count)"
    case .object(let object): "an object of \(object.count)"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object; of a key that is given twice the last value holds, in the first one's place.
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Object(elements)) }
}
