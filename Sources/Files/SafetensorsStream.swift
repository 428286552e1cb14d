// A safetensors file that is written while its tensors are being made.
//
//   8 bytes  {"0.a":{…},"0.b":{…}            }   data of 0.a   data of 0.b …
//   ─ n ───  ─── entries, then only spaces ──────  as they come

/// How long a header can become, known before any tensor is there.
public struct SafetensorsHeaderRoom: Sendable {
  /// The length, the brackets and what aligns the data.
  private(set) var byteCount = 16

  public init() {}

  /// Makes room for a tensor.
  public mutating func add(name: String, dimensions: Int) {
    // A comma, the keys and signs, and two offsets and the sizes at their longest.
    byteCount += JSON.string(name).text(.minified).utf8.count + 48 + 20 * (dimensions + 2)
  }

  /// The header's length, so that the data behind it is aligned.
  var length: Int { (byteCount + 7) / 8 * 8 }

  /// Refuses more than the format allows.
  func check(_ path: String) throws {
    guard byteCount <= Int(headerLimit) else {
      throw FileFailure(
        path, "would have a header of \(byteCount) bytes, the format's limit is \(headerLimit)",
        hint: "write several files, with a part of the tensors each")
    }
  }
}

/// Writes a file of tensors one after the other, none of which is kept.
///
/// They lie in the order in which they come. Room for the header is made beforehand; what it does not
/// need of it is spaces, as the format allows.
///
/// - Parameters:
///   - path: the file, which is whole or absent.
///   - room: made for at least the tensors that will come.
///   - body: gives the tensors, no name twice.
/// - Throws: ``FileFailure`` where the file cannot be written, or has not enough room.
public func writeSafetensors(
  to path: String, _ room: SafetensorsHeaderRoom, _ body: (SafetensorsStream) throws -> Void
) throws {
  try room.check(path)
  try writeAtomically(to: path) { file in
    let stream = try SafetensorsStream(file.duplicate(), headerLength: room.length)
    try body(stream)
    try stream.finish()
  }
}

/// A file of tensors that is being written.
public final class SafetensorsStream {
  private let file: Descriptor
  /// Where the header ends at the latest.
  private let headerLimit: Int
  /// Of the header, what was not yet written, and where that goes.
  private var header = Array("{".utf8)
  private var headerEnd = 8
  private var isFirst = true
  private var offset = 0

  fileprivate init(_ file: consuming Descriptor, headerLength: Int) throws {
    self.file = file
    headerLimit = 8 + headerLength
    try withUnsafeBytes(of: UInt64(headerLength).littleEndian) { try self.file.writeAll($0) }
    let spaces = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 16)
    for start in stride(from: 0, to: headerLength, by: spaces.count) {
      try spaces.prefix(headerLength - start).withUnsafeBytes { try self.file.writeAll($0) }
    }
  }

  public func write(_ tensor: NamedTensor) throws {
    try NamedTensor.check([tensor], path: file.path)
    let end = offset + 4 * tensor.floats.count
    let entry: JSON = [
      "dtype": "F32", "shape": .array(tensor.shape.map { .integer($0) }),
      "data_offsets": [.integer(offset), .integer(end)],
    ]
    header += (isFirst ? "" : ",").utf8
    header += "\(JSON.string(tensor.name).text(.minified)):\(entry.text(.minified))".utf8
    isFirst = false
    if header.count >= 1 << 16 { try writeHeader() }
    try tensor.floats.withUnsafeBytes { try file.writeAll($0) }
    offset = end
  }

  fileprivate func finish() throws {
    header += "}".utf8
    try writeHeader()
  }

  private func writeHeader() throws {
    guard headerEnd + header.count <= headerLimit else {
      throw FileFailure(file.path, "cannot be written: more tensors came than were announced")
    }
    try header.withUnsafeBytes { try file.writeAll($0, at: headerEnd) }
    headerEnd += header.count
    header.removeAll(keepingCapacity: true)
  }
}
