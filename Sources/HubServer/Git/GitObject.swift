/// Git's own names for contents, folders and commits: SHA-1 over `kind size\0` and the bytes.
///
/// So that what the hub calls a commit is what `git` would call it, and anyone can check it.
internal import Crypto
internal import Files

enum GitObject {
  /// The name of an object of bytes in memory.
  static func name(_ kind: String, _ bytes: [UInt8]) -> String {
    var hash = Insecure.SHA1()
    hash.update(data: Array("\(kind) \(bytes.count)\0".utf8))
    hash.update(data: bytes)
    return hexadecimal(hash.finalize())
  }

  /// The name of a file's content.
  static func blobName(path: String, byteCount: Int) throws -> String {
    let file = try ReadableFile(path)
    var hash = Insecure.SHA1()
    hash.update(data: Array("blob \(byteCount)\0".utf8))
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var offset = 0
    while offset < byteCount {
      let count = try buffer.withUnsafeMutableBytes { bytes in
        let count = try file.read(at: offset, into: bytes)
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
      }
      guard count > 0 else { throw FileFailure(path, "became shorter while it was read") }
      offset += count
    }
    return hexadecimal(hash.finalize())
  }

  /// The text that stands in git's history for a file kept by LFS.
  static func pointer(digest: String, byteCount: Int) -> [UInt8] {
    Array(
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest)\nsize \(byteCount)\n".utf8)
  }
}
