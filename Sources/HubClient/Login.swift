/// Keeping a token for the next command.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension ClientSettings {
  /// Keeps a token where every client looks for it, for nobody but its owner to read.
  public func store(token: String) throws {
    try makeFolder(parent(of: tokenPath))
    // Never readable by others, not even for a moment: so not written under the usual mode first.
    let temporary = "\(tokenPath).tmp-\(uniqueSuffix())"
    do {
      let file = try Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      try Array(token.utf8).withUnsafeBytes { try file.writeAll($0) }
      try file.synchronize()
      try file.closeChecked()
      try renameFile(temporary, to: tokenPath)
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(parent(of: tokenPath))
  }

  /// Forgets the token that is kept.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  public func removeToken() throws -> Bool {
    let isThere = fileExists(tokenPath)
    try removeFile(tokenPath)
    return isThere
  }
}
