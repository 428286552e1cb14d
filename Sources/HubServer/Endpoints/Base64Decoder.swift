/// Base64, piece by piece.

/// Turns base64 into bytes as it comes; pieces may end anywhere.
struct Base64Decoder {
  struct Failure: Error {}

  /// The value of each digit, 64 for the padding, 255 for what is none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    values[Int(UInt8(ascii: "="))] = 64
    return values
  }()

  private var pending: UInt32 = 0
  private var pendingCount = 0
  private var padding = 0

  /// Decodes a piece and appends what it gives.
  ///
  /// - Throws: `Failure` for a byte that is no digit, or a digit behind the padding.
  mutating func decode(_ text: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
    var index = 0
    // Digits until the next group of four begins.
    while index < text.count, pendingCount > 0 || padding > 0 {
      try take(text[index], into: &output)
      index += 1
    }
    let groups = (text.count - index) / 4
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: groups * 3))
    var done = 0
    Self.values.withUnsafeBufferPointer { values in
      output.withUnsafeMutableBufferPointer { output in
        var at = start
        while done < groups {
          let a = values[Int(text[index])]
          let b = values[Int(text[index + 1])]
          let c = values[Int(text[index + 2])]
          let d = values[Int(text[index + 3])]
          // Anything but a digit has one of the upper bits; such a group is taken one by one.
          guard (a | b | c | d) & 0xC0 == 0 else { return }
          let group = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
          output[at] = UInt8(truncatingIfNeeded: group >> 16)
          output[at + 1] = UInt8(truncatingIfNeeded: group >> 8)
          output[at + 2] = UInt8(truncatingIfNeeded: group)
          at += 3
          index += 4
          done += 1
        }
      }
    }
    output.removeLast((groups - done) * 3)
    while index < text.count {
      try take(text[index], into: &output)
      index += 1
    }
  }

  private mutating func take(_ byte: UInt8, into output: inout [UInt8]) throws {
    let value = Self.values[Int(byte)]
    if value == 64 {
      padding += 1
      guard pendingCount + padding <= 4, pendingCount >= 2 else { throw Failure() }
      return
    }
    guard value < 64, padding == 0 else { throw Failure() }
    pending = pending << 6 | UInt32(value)
    pendingCount += 1
    guard pendingCount == 4 else { return }
    output.append(UInt8(truncatingIfNeeded: pending >> 16))
    output.append(UInt8(truncatingIfNeeded: pending >> 8))
    output.append(UInt8(truncatingIfNeeded: pending))
    pending = 0
    pendingCount = 0
  }

  /// Ends the text.
  ///
  /// - Throws: `Failure` where digits or the padding are missing: a content that was cut must not pass
  ///   for a shorter one.
  mutating func finish(into output: inout [UInt8]) throws {
    switch (pendingCount, padding) {
    case (0, 0): break
    case (2, 2): output.append(UInt8(truncatingIfNeeded: pending >> 4))
    case (3, 1):
      output.append(UInt8(truncatingIfNeeded: pending >> 10))
      output.append(UInt8(truncatingIfNeeded: pending >> 2))
    default: throw Failure()
    }
    self = Base64Decoder()
  }
}
