/// SHA-1 (FIPS 180-4), only because the Python library names configurations by it.

/// The 20 bytes of a message's digest; worthless against forgery.
func sha1(_ message: [UInt8]) -> [UInt8] {
  var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
  // A one bit, zeros, and the length in bits make the message whole blocks of 64 bytes.
  var padded = message + [0x80]
  padded += repeatElement(0, count: (120 - padded.count % 64) % 64)
  padded += withUnsafeBytes(of: UInt64(message.count * 8).bigEndian) { Array($0) }
  for block in stride(from: 0, to: padded.count, by: 64) {
    mix(padded[block..<block + 64], into: &state)
  }
  return state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
}

private func mix(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
  func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
  var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
    block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
  for i in 16..<80 {
    words.append(rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
  }
  var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
  for (i, word) in words.enumerated() {
    let (f, k): (UInt32, UInt32) =
      switch i {
      case ..<20: (b & c | ~b & d, 0x5A82_7999)
      case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
      case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
      default: (b ^ c ^ d, 0xCA62_C1D6)
      }
    (a, b, c, d, e) = (rotated(a, 5) &+ f &+ e &+ k &+ word, a, rotated(b, 30), c, d)
  }
  for (i, word) in [a, b, c, d, e].enumerated() { state[i] &+= word }
}
