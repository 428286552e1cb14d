/// Reads little-endian numbers and pieces from bytes, never past their end.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  let path: String
  private(set) var position: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String, at position: Int = 0) {
    self.bytes = bytes
    self.path = path
    self.position = position
  }

  /// The next bytes, as many as are asked for.
  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard position >= 0, position <= bytes.count, count >= 0, count <= bytes.count - position else {
      throw failure(
        "\(byteCount(count)) expected, \(byteCount(max(0, bytes.count - position))) left",
        hint: "the file is cut short or damaged; download it again")
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self
  ) throws -> Value {
    Value(littleEndian: try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
  }

  /// The bytes up to the next line feed, which is taken but not returned.
  mutating func line() throws -> String {
    let rest = bytes[min(position, bytes.count)...]
    guard let end = rest.firstIndex(of: 0x0A) else { throw failure("a line never ends") }
    let text = try self.text(end - position)
    position = end + 1
    return text
  }

  mutating func text(_ count: Int) throws -> String {
    let start = position
    let piece = try take(count)
    let text = piece.withMemoryRebound(to: UInt8.self) { String(validating: $0, as: UTF8.self) }
    guard let text else {
      throw FileFailure(path, at: "byte \(start)", "a text is not valid UTF-8")
    }
    return text
  }

  func failure(_ problem: String, hint: String? = nil) -> FileFailure {
    FileFailure(path, at: "byte \(position)", problem, hint: hint)
  }
}
