/// What lies in the cache: listed, checked, removed.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A repository in the cache.
public struct CacheEntry: Sendable {
  public let repository: RepositoryIdentifier
  public let folder: String
  /// Of all its files, each counted once.
  public let byteCount: Int
  public let commits: [String]
  /// Names of revisions with the commits they were.
  public let revisions: [(name: String, commit: String)]
  /// Of transfers that broke off.
  public let unfinishedByteCount: Int
}

/// What a check of the cache finds wrong.
public struct CacheProblem: Sendable {
  public let path: String
  public let problem: String
}

extension HubClient {
  private var cache: CacheFolder { CacheFolder(path: settings.cacheFolder) }

  /// The repositories in the cache, sorted by name.
  public func cacheEntries() throws -> [CacheEntry] {
    try cache.repositories().map { repository in
      let blobs = repository.path + "/blobs"
      var (bytes, unfinished) = (0, 0)
      for name in (try? namesInFolder(blobs)) ?? [] {
        let size = sizeOfFile("\(blobs)/\(name)") ?? 0
        if name.hasSuffix(".incomplete") { unfinished += size } else { bytes += size }
      }
      return CacheEntry(
        repository: repository.id, folder: repository.path, byteCount: bytes,
        commits: (try? namesInFolder(repository.path + "/snapshots")) ?? [],
        revisions: revisions(repository), unfinishedByteCount: unfinished)
    }
  }

  private func revisions(_ repository: CachedRepository) -> [(name: String, commit: String)] {
    var found: [(name: String, commit: String)] = []
    func visit(_ prefix: String, depth: Int) {
      guard depth < 8 else { return }
      for name in (try? namesInFolder("\(repository.path)/refs/\(prefix)")) ?? [] {
        if let commit = repository.commit(of: prefix + name) {
          found.append((prefix + name, commit))
        } else {
          visit("\(prefix)\(name)/", depth: depth + 1)
        }
      }
    }
    visit("", depth: 0)
    return found
  }

  /// Removes a repository from the cache; its locks stay.
  ///
  /// - Returns: the bytes that are free now.
  public func removeFromCache(_ id: RepositoryIdentifier) throws -> Int {
    guard let entry = try cacheEntries().first(where: { $0.repository == id }) else {
      throw HubFailure(
        .repositoryNotFound, "\(id)", "is not in the cache",
        hint: "adapterhub cache list shows what is")
    }
    // Out of sight at once: nobody finds half of it.
    let hidden = "\(settings.cacheFolder)/.removed-\(uniqueSuffix())"
    try renameFile(entry.folder, to: hidden)
    try removeFolder(hidden)
    return entry.byteCount + entry.unfinishedByteCount
  }

  /// Sums every file of the cache again.
  ///
  /// - Returns: the number of files, and what is wrong.
  public func verifyCache() throws -> (fileCount: Int, problems: [CacheProblem]) {
    var problems: [CacheProblem] = []
    var count = 0
    for repository in try cache.repositories() {
      let blobs = repository.path + "/blobs"
      for name in (try? namesInFolder(blobs)) ?? []
      where isHexadecimal(name) && [40, 64].contains(name.utf8.count) {
        count += 1
        let path = "\(blobs)/\(name)"
        if try sum(path, etag: name) != name {
          problems.append(CacheProblem(path: path, problem: "its bytes are not those of its name"))
        }
      }
      try findLooseLinks(repository.path + "/snapshots", &problems, depth: 0)
    }
    return (count, problems)
  }

  private func sum(_ path: String, etag: String) throws -> String {
    let file = try Descriptor(path, O_RDONLY)
    var digest = Digest(etag: etag, size: try file.status().size)
    try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
      while case let got = try file.read(into: buffer), got > 0 {
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
      }
    }
    return digest.hexadecimal
  }

  private func findLooseLinks(
    _ folder: String, _ problems: inout [CacheProblem], depth: Int
  ) throws {
    guard depth < 16 else { return }
    for name in (try? namesInFolder(folder)) ?? [] {
      let path = "\(folder)/\(name)"
      if targetOfLink(path) == nil {
        try findLooseLinks(path, &problems, depth: depth + 1)
      } else if !fileExists(path) {
        problems.append(CacheProblem(path: path, problem: "leads to a file that is not there"))
      }
    }
  }
}
