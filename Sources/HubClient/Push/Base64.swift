/// Bytes as text of 64 letters.

private let alphabet = Array(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

/// How long bytes become: `AAA=` for two.
func base64Length(_ count: Int) -> Int { (count + 2) / 3 * 4 }

/// The letters for bytes, padded at the end.
func base64(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
  let length = base64Length(bytes.count)
  return [UInt8](unsafeUninitializedCapacity: length) { letters, filled in
    alphabet.withUnsafeBufferPointer { alphabet in
      var position = 0
      for start in stride(from: 0, to: bytes.count, by: 3) {
        let rest = bytes.count - start
        let (a, b, c) = (
          bytes[start], rest > 1 ? bytes[start + 1] : 0, rest > 2 ? bytes[start + 2] : 0
        )
        letters[position] = alphabet[Int(a >> 2)]
        letters[position + 1] = alphabet[Int((a & 3) << 4 | b >> 4)]
        letters[position + 2] = rest > 1 ? alphabet[Int((b & 15) << 2 | c >> 6)] : 0x3D
        letters[position + 3] = rest > 2 ? alphabet[Int(c & 63)] : 0x3D
        position += 4
      }
    }
    filled = length
  }
}
