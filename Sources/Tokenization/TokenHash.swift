/// A hash of tokens that falls out byte by byte while a word is read.
internal import Files

/// FNV-1a with a seed of this process, so that no file can hold tokens that all share a slot.
struct TokenHash {
  private var hash = FNV1a(seed: TokenHash.seed)

  private static let seed = UInt64.random(in: .min ... .max)

  init() {}

  init(of bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes { append(byte) }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) { hash.add(UInt64(byte)) }

  @inline(__always)
  var tag: UInt64 { hash.value >> 32 }

  /// Where to look first in a table of a power of two slots.
  @inline(__always)
  func slot(_ capacity: Int) -> Int {
    Int(truncatingIfNeeded: hash.value ^ hash.value >> 29) & (capacity - 1)
  }
}
