// A file of tensors that is written while its tensors are being made.
//
//   data of 0.a   data of 0.b …                            as they come; the entries are put aside
//   8 bytes  {"0.a":{…},"0.b":{…}}  data of 0.a …          at the end, the data moved behind the header

/// Writes a file of tensors one after the other, none of which is kept.
///
/// They lie in the order in which they come. How many will come need not be known: what is in memory
/// does not grow with them.
///
/// - Parameters:
///   - path: the file, which is whole or absent.
///   - body: gives the tensors, no name twice.
/// - Throws: ``FileFailure`` where the file cannot be written, or its header would be longer than the
///   format allows.
public func writeSafetensors(
  to path: String, _ body: (SafetensorsStream) throws -> Void
) throws {
  try writeSafetensors(to: path, headerLimit: Int(headerLimit), body)
}

/// The same with another limit of the header, in bytes.
package func writeSafetensors(
  to path: String, headerLimit: Int, _ body: (SafetensorsStream) throws -> Void
) throws {
  try writeAtomically(to: path) { file in
    let stream = SafetensorsStream(try file.duplicate(), headerLimit: headerLimit)
    try body(stream)
    try stream.finish()
  }
}

/// A file of tensors that is being written.
public final class SafetensorsStream {
  private let file: Descriptor
  /// How many bytes of data were written.
  private var dataLength = 0
  /// The end of the header, and the file in which what is before it was put aside.
  private var entries = Array("{".utf8)
  private var earlierEntries: TemporaryFile?

  /// How much is moved at once.
  private let pieceLength = 1 << 20

  private let headerLimit: Int

  fileprivate init(_ file: consuming Descriptor, headerLimit: Int) {
    self.file = file
    self.headerLimit = headerLimit
  }

  private var headerLength: Int { (earlierEntries?.byteCount ?? 0) + entries.count }

  public func write(_ tensor: NamedTensor) throws {
    try NamedTensor.check([tensor], path: file.path)
    let end = dataLength + 4 * tensor.floats.count
    let entry: JSON = [
      "dtype": "F32", "shape": .array(tensor.shape.map { .integer($0) }),
      "data_offsets": [.integer(dataLength), .integer(end)],
    ]
    entries += (headerLength == 1 ? "" : ",").utf8
    entries += "\(JSON.string(tensor.name).text(.minified)):\(entry.text(.minified))".utf8
    guard headerLength < headerLimit else {
      throw FileFailure(
        file.path, "would have a header of more than \(headerLimit) bytes, the format's limit",
        hint: "write several files, with a part of the tensors each")
    }
    if entries.count >= 1 << 16 { try putEntriesAside() }
    try tensor.floats.withUnsafeBytes { try file.writeAll($0) }
    dataLength = end
  }

  private func putEntriesAside() throws {
    do {
      let aside = try earlierEntries ?? TemporaryFile(in: parent(of: file.path))
      try entries.withUnsafeBytes { try aside.write($0) }
      earlierEntries = aside
    } catch let failure as FileFailure {
      throw FileFailure(file.path, failure.problem, hint: failure.hint)
    }
    entries.removeAll(keepingCapacity: true)
  }

  fileprivate func finish() throws {
    entries += "}".utf8
    // Spaces, so that the data behind the header is aligned.
    let length = (headerLength + 7) / 8 * 8
    entries += [UInt8](repeating: UInt8(ascii: " "), count: length - headerLength)
    try moveData(by: 8 + length)
    try withUnsafeBytes(of: UInt64(length).littleEndian) { try file.writeAll($0, at: 0) }
    var place = 8
    if let earlierEntries {
      try ReadableFile(earlierEntries.path).forEachPiece { bytes in
        try file.writeAll(bytes, at: place)
        place += bytes.count
      }
    }
    try entries.withUnsafeBytes { try file.writeAll($0, at: place) }
  }

  /// Moves the data to a later place of the file, its end first.
  private func moveData(by distance: Int) throws {
    var buffer = [UInt8](repeating: 0, count: min(pieceLength, dataLength))
    var end = dataLength
    while end > 0 {
      let start = max(0, end - buffer.count)
      try buffer.withUnsafeMutableBytes { buffer in
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(end - start)])
        var count = 0
        while count < bytes.count {
          let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
          let read = try file.read(into: rest, at: start + count)
          guard read > 0 else {
            throw FileFailure(file.path, "became shorter while it was written")
          }
          count += read
        }
        try file.writeAll(UnsafeRawBufferPointer(bytes), at: start + distance)
      }
      end = start
    }
  }
}
