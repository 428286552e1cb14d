import Files

/// Random values that are the same in every run (SplitMix64).
struct Generator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A copy with one to four bytes changed, or a piece cut out or doubled.
  mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    guard !bytes.isEmpty else { return bytes }
    let start = Int.random(in: 0..<bytes.count, using: &self)
    let end = Int.random(in: start...min(bytes.count, start + 16), using: &self)
    switch Int.random(in: 0..<8, using: &self) {
    case 0: bytes.removeSubrange(start..<end)
    case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
    default:
      for _ in 0..<Int.random(in: 1...4, using: &self) {
        let index = Int.random(in: 0..<bytes.count, using: &self)
        bytes[index] =
          [0, 0xFF, 0x7F, 0x80, UInt8.random(in: 0...255, using: &self)]
          .randomElement(using: &self) ?? 0
      }
    }
    return bytes
  }

  mutating func json(depth: Int) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &self) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &self))
    case 2:
      return .integer(Int(truncatingIfNeeded: next() >> UInt64.random(in: 0..<64, using: &self)))
    case 3:
      let number = Double(bitPattern: next())
      return .number(number.isFinite ? number : 0.5)
    case 4: return .string(text())
    case 5:
      return .array((0..<Int.random(in: 0..<4, using: &self)).map { _ in json(depth: depth - 1) })
    default:
      let count = Int.random(in: 0..<12, using: &self)
      return .object(JSON.Object((0..<count).map { _ in (text(), json(depth: depth - 1)) }))
    }
  }

  mutating func text() -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "é", "\"", "\\", "\n", "\u{0}", "😀", "\u{FFFF}", "/", " ",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0..<6, using: &self) {
      text.unicodeScalars.append(scalars.randomElement(using: &self) ?? "b")
    }
    return text
  }
}
