/// Writes a zip archive in torch's manner: stored, contents at multiples of 64 bytes, checksum and
/// size after them, everything below one folder.
struct ZipWriter {
  private let folder: String
  private let path: String
  private var position = 0
  private var directory: [UInt8] = []
  private var count = 0
  private var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
  private var names: UInt64 = 0xCBF2_9CE4_8422_2325

  init(folder: String, path: String) {
    self.folder = folder
    self.path = path
  }

  /// Forty digits that tell archives apart: a hash of the names, and one of the contents.
  var serializationID: String {
    [names, fingerprint].map { hash in
      let digits = String(hash)
      return String(repeating: "0", count: 20 - digits.count) + digits
    }.joined()
  }

  mutating func add(_ name: String, _ bytes: [UInt8], to file: borrowing FileWriter) throws {
    try bytes.withUnsafeBytes { try add(name, $0, to: file) }
  }

  mutating func add(
    _ name: String, _ contents: UnsafeRawBufferPointer, to file: borrowing FileWriter
  ) throws {
    let name = Array("\(folder)/\(name)".utf8)
    // Above it torch changes to zip64 records; so far no adapter is as large.
    guard position + contents.count + name.count < 0xFFFF_0000, count < 0xFFFF else {
      throw FileFailure(
        path, "cannot be written: torch files above 4 GiB are not supported",
        hint: "write safetensors")
    }
    let checksum = crc32(contents)
    for byte in name { names = (names ^ UInt64(byte)) &* 0x100_0000_01B3 }
    fingerprint = (fingerprint ^ UInt64(checksum)) &* 0x100_0000_01B3
    let start = position
    let padding = (64 - (start + 34 + name.count) % 64) % 64
    // Bit 11: names are UTF-8. Bit 3: checksum and size follow the contents, if there are any.
    let flags = contents.isEmpty ? 0x0800 : 0x0808

    var header = Bytes()
    header.append(0x0403_4B50, 4)
    header.append(0, 2)
    header.append(flags, 2)
    header.append(0, 2 + 4 + 4 + 4 + 4)
    header.append(name.count, 2)
    header.append(4 + padding, 2)
    header.bytes += name
    header.bytes += "FB".utf8
    header.append(padding, 2)
    header.bytes += repeatElement(UInt8(ascii: "Z"), count: padding)
    try file.write(header.bytes)
    try file.write(contents)
    position += header.bytes.count + contents.count
    if !contents.isEmpty {
      var descriptor = Bytes()
      descriptor.append(0x0807_4B50, 4)
      descriptor.append(Int(checksum), 4)
      descriptor.append(contents.count, 4)
      descriptor.append(contents.count, 4)
      try file.write(descriptor.bytes)
      position += descriptor.bytes.count
    }

    var entry = Bytes()
    entry.append(0x0201_4B50, 4)
    entry.append(0, 2 + 2)
    entry.append(flags, 2)
    entry.append(0, 2 + 4)
    entry.append(Int(checksum), 4)
    entry.append(contents.count, 4)
    entry.append(contents.count, 4)
    entry.append(name.count, 2)
    entry.append(0, 2 + 2 + 2 + 2 + 4)
    entry.append(start, 4)
    entry.bytes += name
    directory += entry.bytes
    count += 1
  }

  mutating func finish(to file: borrowing FileWriter) throws {
    var end = Bytes()
    end.append(0x0605_4B50, 4)
    end.append(0, 4)
    end.append(count, 2)
    end.append(count, 2)
    end.append(directory.count, 4)
    end.append(position, 4)
    end.append(0, 2)
    try file.write(directory + end.bytes)
  }
}

/// Little-endian numbers of any width, in a row.
private struct Bytes {
  var bytes: [UInt8] = []

  mutating func append(_ value: Int, _ width: Int) {
    for byte in 0..<width {
      bytes.append(UInt8(truncatingIfNeeded: byte < 8 ? value >> (8 * byte) : 0))
    }
  }
}
