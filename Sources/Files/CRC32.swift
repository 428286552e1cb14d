/// The checksum of zip files (polynomial 0x04C11DB7, reflected), eight bytes a step.
///
/// - Parameters:
///   - bytes: all of them, or those that follow others.
///   - before: the checksum of those others.
/// - Returns: the checksum of both together.
func crc32(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
  var crc = ~before
  tables.withUnsafeBufferPointer { tables in
    let whole = bytes.count & ~7
    for offset in stride(from: 0, to: whole, by: 8) {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let mixed = word ^ UInt64(crc)
      // Written out: a loop here is not unrolled, and four times as slow.
      crc =
        tables[1792 + Int(mixed & 0xFF)] ^ tables[1536 + Int(mixed >> 8 & 0xFF)]
        ^ tables[1280 + Int(mixed >> 16 & 0xFF)] ^ tables[1024 + Int(mixed >> 24 & 0xFF)]
      crc ^=
        tables[768 + Int(mixed >> 32 & 0xFF)] ^ tables[512 + Int(mixed >> 40 & 0xFF)]
        ^ tables[256 + Int(mixed >> 48 & 0xFF)] ^ tables[Int(mixed >> 56)]
    }
    for byte in bytes[whole...] { crc = tables[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8 }
  }
  return ~crc
}

/// Table k says what a byte does that k more bytes follow.
private let tables: [UInt32] = {
  var tables: [UInt32] = []
  for byte in 0..<256 as Range<UInt32> {
    var value = byte
    for _ in 0..<8 { value = (value & 1) * 0xEDB8_8320 ^ value >> 1 }
    tables.append(value)
  }
  for index in 256..<2048 {
    let before = tables[index - 256]
    tables.append(tables[Int(before & 0xFF)] ^ before >> 8)
  }
  return tables
}()
