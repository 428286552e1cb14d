/// Passwords: kept as scrypt makes them, and made for people to type once.
internal import Crypto
internal import CryptoExtras
internal import Files
internal import Foundation

enum Password {
  /// The work to check one password: about 50 ms and 16 MB.
  private static let (rounds, blockSize, parallelism) = (1 << 14, 8, 1)

  /// What is stored of a password: the parameters, a salt and the key.
  static func hash(_ password: String) throws -> String {
    let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
    let key = try derive(password, salt: salt, rounds, blockSize, parallelism)
    return
      "scrypt$\(rounds)$\(blockSize)$\(parallelism)$\(hexadecimal(salt))$\(hexadecimal(key))"
  }

  /// Whether a password is the one that a text was made of, in the same time for all wrong ones.
  static func matches(_ password: String, _ stored: String) -> Bool {
    let parts = stored.split(separator: "$")
    guard parts.count == 6, parts[0] == "scrypt", let n = Int(parts[1]), let r = Int(parts[2]),
      let p = Int(parts[3]), let salt = bytes(hexadecimal: parts[4]),
      let key = bytes(hexadecimal: parts[5]),
      let found = try? derive(password, salt: salt, n, r, p), found.count == key.count
    else { return false }
    return zip(found, key).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// What nobody's password makes.
  static let nobodys =
    "scrypt$\(rounds)$\(blockSize)$\(parallelism)$\(String(repeating: "0", count: 32))$"
    + String(repeating: "0", count: 64)

  private static func derive(
    _ password: String, salt: [UInt8], _ rounds: Int, _ blockSize: Int, _ parallelism: Int
  ) throws -> [UInt8] {
    let key = try KDF.Scrypt.deriveKey(
      from: Data(password.utf8), salt: Data(salt), outputByteCount: 32, rounds: rounds,
      blockSize: blockSize, parallelism: parallelism)
    return key.withUnsafeBytes { Array($0) }
  }

  /// A password to be used once: 100 bits in groups that can be read aloud.
  static func make() -> String {
    let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz-".utf8.dropLast())
    let random = SymmetricKey(size: .init(bitCount: 20 * 16)).withUnsafeBytes { bytes in
      bytes.bindMemory(to: UInt16.self).map { Int($0) }
    }
    let letters = random.map { alphabet[$0 % alphabet.count] }
    return stride(from: 0, to: letters.count, by: 5)
      .map { String(decoding: letters[$0..<($0 + 5)], as: UTF8.self) }.joined(separator: "-")
  }
}
