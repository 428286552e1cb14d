/// The sums by which a file is known: a large one's SHA-256, or a git blob's SHA-1.
internal import Crypto

/// A sum that is being computed.
enum Digest: Sendable {
  case sha256(SHA256)
  case sha1(Insecure.SHA1)

  /// The sum for an etag: 64 hexadecimal digits are SHA-256, 40 those of a git blob.
  init(etag: String, size: Int) {
    self = etag.utf8.count == 64 ? .largeFile : .gitBlob(size: size)
  }

  static var largeFile: Digest { .sha256(SHA256()) }

  static func gitBlob(size: Int) -> Digest {
    var hash = Insecure.SHA1()
    hash.update(data: Array("blob \(size)\u{0}".utf8))
    return .sha1(hash)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .sha256(var hash):
      // Moved out and back in, so that there is one owner while it changes.
      hash.update(bufferPointer: bytes)
      self = .sha256(hash)
    case .sha1(var hash):
      hash.update(bufferPointer: bytes)
      self = .sha1(hash)
    }
  }

  /// The digits of what was put in so far.
  var hexadecimal: String {
    switch self {
    case .sha256(let hash): digits(hash.finalize())
    case .sha1(let hash): digits(hash.finalize())
    }
  }
}

private func digits(_ bytes: some Sequence<UInt8>) -> String {
  var text = ""
  for byte in bytes {
    let pair = String(byte, radix: 16)
    text += pair.utf8.count == 1 ? "0" + pair : pair
  }
  return text
}
