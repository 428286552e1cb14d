/// A small hash that is the same on every machine (Fowler, Noll and Vo): for names, not for secrets.
public struct FNV1a: Sendable {
  public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  public init() {}

  public mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  /// The value in sixteen digits, for people.
  public var digits: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A whole number at once, in place of its bytes.
  public mutating func add(_ number: UInt64) { value = (value ^ number) &* 0x100_0000_01b3 }
}
