/// FNV-1a over bytes.
struct TokenHash {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  init() {}

  init(of bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes { append(byte) }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  @inline(__always)
  var tag: UInt64 { value >> 32 }

  /// Where to look first in a table of a power of two slots.
  @inline(__always)
  func slot(_ capacity: Int) -> Int {
    Int(truncatingIfNeeded: value ^ value >> 29) & (capacity - 1)
  }
}
