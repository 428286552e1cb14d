/// A small hash that is the same on every machine (Fowler, Noll and Vo): for names, not for secrets.
@frozen public struct FNV1a: Sendable {
  @usableFromInline var state: UInt64

  @inlinable public var value: UInt64 { state }

  /// - Parameter seed: changes every hash; 0 is the standard's.
  @inlinable public init(seed: UInt64 = 0) { state = 0xCBF2_9CE4_8422_2325 ^ seed }

  @inlinable public mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { add(UInt64(byte)) }
  }

  /// The value in sixteen digits, for people.
  public var digits: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A whole number at once, in place of its bytes.
  @inlinable
  public mutating func add(_ number: UInt64) { state = (state ^ number) &* 0x100_0000_01B3 }
}
