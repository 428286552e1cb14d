/// The entries of a zip archive of stored (not compressed) files, such as `torch.save` writes.
///
/// The directory at the end is the truth: torch leaves sizes and checksums in the headers before
/// the entries zero. All that could make two readers see two things is refused: names twice,
/// overlaps, names that leave the folder, checksums that do not fit.
struct ZipArchive {
  static let magic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

  /// Where the contents of each entry are.
  private(set) var entries: [String: Range<Int>] = [:]

  private struct Entry {
    let name: String
    let checksum: UInt32
    let size: Int
    let header: Int
  }

  init(_ file: MappedFile) throws {
    let (bytes, path) = (file.bytes, file.path)
    let directory = try Self.directory(bytes, path: path)
    var reader = ByteReader(bytes, path: path, at: directory.start)
    var found: [Entry] = []
    while found.count < directory.count { found.append(try Self.entry(&reader)) }
    guard reader.position <= directory.end else {
      throw reader.failure("the directory of the archive is longer than said")
    }
    found.sort { $0.header < $1.header }
    var free = 0
    for entry in found {
      guard entry.header >= free else {
        throw FileFailure(path, at: quoted(entry.name), "overlaps another entry of the archive")
      }
      let range = try Self.contents(of: entry, bytes, path: path)
      guard range.upperBound <= directory.start else {
        throw FileFailure(path, at: quoted(entry.name), "reaches into the directory of the archive")
      }
      guard entries.updateValue(range, forKey: entry.name) == nil else {
        throw FileFailure(path, at: quoted(entry.name), "occurs twice in the archive")
      }
      guard Self.checksum(of: range, in: file) == entry.checksum else {
        throw FileFailure(
          path, at: quoted(entry.name), "its checksum (CRC-32) does not fit its contents",
          hint: "the file is damaged; download it again")
      }
      free = range.upperBound
    }
  }

  /// In parts, so that a large file is never in memory as a whole.
  private static func checksum(of range: Range<Int>, in file: MappedFile) -> UInt32 {
    var checksum: UInt32 = 0
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 22) {
      let part = start..<min(start + (1 << 22), range.upperBound)
      checksum = crc32(UnsafeRawBufferPointer(rebasing: file.bytes[part]), after: checksum)
      file.releasePages(part)
    }
    return checksum
  }

  /// Where the directory is and how many entries it has, by the record at the very end.
  private static func directory(
    _ bytes: UnsafeRawBufferPointer, path: String
  ) throws -> (start: Int, end: Int, count: Int) {
    // 22 bytes, then a comment of at most 65,535.
    var end = bytes.count - 22
    let lowest = max(0, end - 65_535)
    while end >= lowest {
      if bytes[end...].starts(with: [0x50, 0x4B, 0x05, 0x06]),
        Int(bytes[end + 20]) + Int(bytes[end + 21]) << 8 == bytes.count - end - 22
      {
        break
      }
      end -= 1
    }
    guard end >= lowest else {
      throw FileFailure(
        path, "the zip archive has no directory at its end",
        hint: "the file is cut short; download it again")
    }
    var reader = ByteReader(bytes, path: path, at: end + 4)
    let disks = try reader.integer(UInt32.self)
    let onThisDisk = try reader.integer(UInt16.self)
    var count = UInt64(try reader.integer(UInt16.self))
    var size = UInt64(try reader.integer(UInt32.self))
    var start = UInt64(try reader.integer(UInt32.self))
    guard disks == 0, UInt64(onThisDisk) == count else {
      throw FileFailure(path, at: "byte \(end)", "the zip archive is one part of several")
    }
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      (count, size, start, end) = try largeDirectory(bytes, path: path, before: end)
    }
    guard start <= UInt64(end), size <= UInt64(end) - start, count <= size / 46 else {
      throw FileFailure(
        path, at: "byte \(end)", "the directory of the archive is not where it is said to be",
        hint: "the file is damaged; download it again")
    }
    return (Int(start), Int(start) + Int(size), Int(count))
  }

  /// The same of an archive above 4 GiB (zip64), which has a second record before the last one.
  private static func largeDirectory(
    _ bytes: UnsafeRawBufferPointer, path: String, before end: Int
  ) throws -> (count: UInt64, size: UInt64, start: UInt64, end: Int) {
    var locator = ByteReader(bytes, path: path, at: end - 20)
    guard try locator.integer(UInt32.self) == 0x0706_4B50, try locator.integer(UInt32.self) == 0
    else { throw locator.failure("the zip64 record is missing") }
    let position = try locator.integer(UInt64.self)
    guard end >= 76, position <= UInt64(end - 76) else {
      throw locator.failure("the zip64 record is not where it is said to be")
    }
    var record = ByteReader(bytes, path: path, at: Int(position))
    guard try record.integer(UInt32.self) == 0x0606_4B50 else {
      throw record.failure("the zip64 record is missing")
    }
    _ = try record.take(28)
    let count = try record.integer(UInt64.self)
    return (count, try record.integer(), try record.integer(), Int(position))
  }

  /// One entry of the directory.
  private static func entry(_ reader: inout ByteReader) throws -> Entry {
    guard try reader.integer(UInt32.self) == 0x0201_4B50 else {
      throw reader.failure("expected an entry of the zip directory")
    }
    _ = try reader.take(4)
    let flags = try reader.integer(UInt16.self)
    let method = try reader.integer(UInt16.self)
    _ = try reader.take(4)
    let checksum = try reader.integer(UInt32.self)
    var stored = UInt64(try reader.integer(UInt32.self))
    var size = UInt64(try reader.integer(UInt32.self))
    let lengths = (
      name: Int(try reader.integer(UInt16.self)), extra: Int(try reader.integer(UInt16.self)),
      comment: Int(try reader.integer(UInt16.self))
    )
    _ = try reader.take(8)
    var header = UInt64(try reader.integer(UInt32.self))
    let name = try reader.text(lengths.name)
    var extra = ByteReader(try reader.take(lengths.extra), path: reader.path)
    while extra.bytes.count - extra.position >= 4 {
      let id = try extra.integer(UInt16.self)
      var field = ByteReader(
        try extra.take(Int(try extra.integer(UInt16.self))), path: reader.path)
      guard id == 1 else { continue }
      if size == 0xFFFF_FFFF { size = try field.integer() }
      if stored == 0xFFFF_FFFF { stored = try field.integer() }
      if header == 0xFFFF_FFFF { header = try field.integer() }
    }
    _ = try reader.take(lengths.comment)
    try checkName(name, path: reader.path)
    func failure(_ problem: String) -> FileFailure {
      FileFailure(reader.path, at: quoted(name), problem)
    }
    // Bits 0, 6 and 13: the contents, or the directory itself, are encrypted.
    guard flags & 0x2041 == 0 else { throw failure("is encrypted") }
    guard method == 0 else {
      throw failure("is compressed (method \(method)); torch.save only stores")
    }
    let limit = UInt64(reader.bytes.count)
    guard stored == size, size <= limit, header <= limit else {
      throw failure("its sizes do not fit the file")
    }
    return Entry(name: name, checksum: checksum, size: Int(size), header: Int(header))
  }

  /// Where an entry's contents are: after the header before them, which has a length of its own.
  private static func contents(
    of entry: Entry, _ bytes: UnsafeRawBufferPointer, path: String
  ) throws -> Range<Int> {
    var reader = ByteReader(bytes, path: path, at: entry.header)
    guard try reader.integer(UInt32.self) == 0x0403_4B50 else {
      throw FileFailure(path, at: quoted(entry.name), "has no header where the directory says")
    }
    _ = try reader.take(2)
    let flags = try reader.integer(UInt16.self)
    let method = try reader.integer(UInt16.self)
    _ = try reader.take(16)
    let nameLength = Int(try reader.integer(UInt16.self))
    let extraLength = Int(try reader.integer(UInt16.self))
    let name = try reader.text(nameLength)
    guard name == entry.name, method == 0, flags & 0x2041 == 0 else {
      throw FileFailure(path, at: quoted(entry.name), "differs from its header \(quoted(name))")
    }
    _ = try reader.take(extraLength)
    let start = reader.position
    _ = try reader.take(entry.size)
    return start..<reader.position
  }

  private static func checkName(_ name: String, path: String) throws {
    let steps = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let leaves = steps.contains { $0.elementsEqual("..".utf8) } || steps.first?.isEmpty ?? true
    guard !leaves, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "\\")) else {
      throw FileFailure(path, at: quoted(name), "is no name an archive may hold")
    }
  }
}
