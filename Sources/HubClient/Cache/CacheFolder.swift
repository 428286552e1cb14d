/// The cache of the Python client, file by file the same, so that both find what either has pulled.
internal import Files

/// A folder of repositories.
///
///     models--lab--sst2/
///       refs/main                      → the commit that main was
///       snapshots/<commit>/README.md   → ../../blobs/<etag>
///       blobs/<etag>                     the bytes, named by their sum
///       trees/<commit>.json              what files a commit has
///     .locks/models--lab--sst2/<etag>.lock
struct CacheFolder: Sendable {
  let path: String

  func repository(_ id: RepositoryIdentifier) -> CachedRepository {
    let name = (["models"] + [id.owner, id.name].compactMap(\.self)).joined(separator: "--")
    return CachedRepository(id: id, path: "\(path)/\(name)", locks: "\(path)/.locks/\(name)")
  }

  /// The repositories in it, sorted.
  func repositories() throws -> [CachedRepository] {
    guard fileExists(path) else { return [] }
    return try namesInFolder(path).compactMap { name in
      guard name.hasPrefix("models--") else { return nil }
      let rest = name.dropFirst("models--".count)
      let text: String
      if let separator = rest.firstRange(of: "--") {
        text = "\(rest[..<separator.lowerBound])/\(rest[separator.upperBound...])"
      } else {
        text = String(rest)
      }
      return (try? RepositoryIdentifier(text)).map { repository($0) }
    }
  }
}

/// A repository in the cache.
struct CachedRepository: Sendable {
  let id: RepositoryIdentifier
  let path: String
  /// Files that are never removed: who removes a lock makes two holders.
  let locks: String

  func blob(_ etag: String) -> String { "\(path)/blobs/\(etag)" }
  func snapshot(_ commit: String) -> String { "\(path)/snapshots/\(commit)" }
  func tree(_ commit: String) -> String { "\(path)/trees/\(commit).json" }
  func ref(_ revision: String) -> String { "\(path)/refs/\(revision)" }
  func lock(_ etag: String) -> String { "\(locks)/\(etag).lock" }

  /// The commit that a revision was when it was last asked for.
  func commit(of revision: String) -> String? {
    if AdapterReference.isCommit(revision) { return revision }
    guard let bytes = try? readFile(ref(revision), limit: 1024) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return AdapterReference.isCommit(text) ? text : nil
  }

  /// Notes what a revision is now.
  func record(_ commit: String, for revision: String) throws {
    guard revision != commit, self.commit(of: revision) != commit else { return }
    let file = ref(revision)
    try makeFolder(parent(of: file))
    try noteAtomically(commit, to: file)
  }

  /// Lets a name in a snapshot lead to its bytes.
  func link(_ file: RepositoryFile, in commit: String) throws {
    let name = "\(snapshot(commit))/\(file.path)"
    try makeFolder(parent(of: name))
    let up = String(repeating: "../", count: 2 + file.path.utf8.count { $0 == UInt8(ascii: "/") })
    try replaceLink(name, to: "\(up)blobs/\(file.etag)")
  }

  /// Whether a snapshot has a file, whole: its bytes were checked before they got their name.
  func has(_ file: RepositoryFile, in commit: String) -> Bool {
    sizeOfFile("\(snapshot(commit))/\(file.path)") == file.size
  }
}
