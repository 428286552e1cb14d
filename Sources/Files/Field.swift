/// A JSON value with the way that led to it, so that an error can say `$.config.reduction_factor`.
public struct Field: Sendable {
  public let json: JSON
  /// The file the value is from.
  public let file: String
  /// The way from the root of the file: `$.layers[3].name`.
  public let place: String

  /// The root of a file.
  public init(_ json: JSON, file: String) { self.init(json, file: file, place: "$") }

  init(_ json: JSON, file: String, place: String) {
    self.json = json
    self.file = file
    self.place = place
  }

  /// The field at a key; nil where it is absent or null, or where this is no object.
  public subscript(_ key: String) -> Field? {
    guard let value = json[key], value != .null else { return nil }
    return child(key, value)
  }

  /// The field at a key, which must be there.
  public func required(_ key: String) throws -> Field {
    if let field = self[key] { return field }
    guard case .object(let object) = json else {
      throw failure("expected an object, found \(json.kind)")
    }
    throw failure(object[key] == nil ? "\(quoted(key)) is missing" : "\(quoted(key)) is null")
  }

  public func string() throws -> String {
    guard case .string(let value) = json else { throw mismatch("a string") }
    return value
  }

  /// An integer as the file writes one: neither `8.0` nor `"8"` nor `true`.
  public func integer(in range: ClosedRange<Int> = .min ... .max) throws -> Int {
    if case .digits(let digits) = json {
      throw failure(
        "\(escaped(digits, limit: 40)) is not within \(range.lowerBound)...\(range.upperBound)")
    }
    guard case .integer(let value) = json else { throw mismatch("an integer") }
    guard range.contains(value) else {
      if range.upperBound == .max { throw failure("\(value) is less than \(range.lowerBound)") }
      throw failure("\(value) is not within \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// A number, integers too.
  public func number() throws -> Double {
    switch json {
    case .integer(let value): return Double(value)
    case .digits(let digits):
      guard let value = Double(digits) else { throw mismatch("a number") }
      return value
    case .number(let value): return value
    default: throw mismatch("a number")
    }
  }

  public func bool() throws -> Bool {
    guard case .bool(let value) = json else { throw mismatch("true or false") }
    return value
  }

  public func array() throws -> [Field] {
    guard case .array(let values) = json else { throw mismatch("an array") }
    return values.enumerated().map { index, value in
      Field(value, file: file, place: "\(place)[\(index)]")
    }
  }

  /// The members of an object in the order of the file, null values included.
  public func object() throws -> [(key: String, value: Field)] {
    guard case .object(let object) = json else { throw mismatch("an object") }
    return object.members.map { ($0.key, child($0.key, $0.value)) }
  }

  /// A failure that names this field.
  public func failure(_ problem: String, hint: String? = nil) -> FileFailure {
    FileFailure(file, at: place, problem, hint: hint)
  }

  private func mismatch(_ expected: String) -> FileFailure {
    failure("expected \(expected), found \(json.kind)")
  }

  private func child(_ key: String, _ value: JSON) -> Field {
    let plain = key.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }
    let step = plain && !key.isEmpty ? ".\(key)" : "[\(quoted(key))]"
    return Field(value, file: file, place: place + step)
  }
}
