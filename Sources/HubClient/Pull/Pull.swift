/// Bringing a repository into the cache.
internal import Files

/// A repository that lies in the cache.
public struct PulledRepository: Sendable {
  public let repository: RepositoryIdentifier
  public let commit: String
  /// A folder with the files under their names.
  public let folder: String
  public let fileCount: Int
  /// Of all files.
  public let byteCount: Int
  /// How many of them came over the network just now.
  public let receivedByteCount: Int
  /// Whether the hub could not be asked, so that there may be something newer.
  public let isUnchecked: Bool
}

/// How a pull goes on.
public enum PullEvent: Sendable {
  /// What there is to do; bytes that are there already count too.
  case planned(files: Int, bytes: Int)
  /// Bytes that are there; negative where some had to be given up.
  case received(Int)
  case finished(path: String)
}

extension HubClient {
  private static let parallelDownloads = 8

  /// Brings a repository into the cache, and says where it lies.
  ///
  /// What is there is not fetched again; a pull that broke off goes on where it was, also one of
  /// another process. Where the network is off or the hub does not answer, the cache's own is given.
  ///
  /// - Parameters:
  ///   - reference: an id with a revision.
  ///   - selection: which of its files.
  ///   - progress: is told how it goes, from any thread.
  /// - Returns: the folder, whose files were all checked against the sums that the hub announced.
  /// - Throws: ``HubFailure``, or ``FileFailure`` for the disk.
  public func pull(
    _ reference: AdapterReference, _ selection: FileSelection = .needed,
    progress: @escaping @Sendable (PullEvent) -> Void = { _ in }
  ) async throws -> PulledRepository {
    let cached = CacheFolder(path: settings.cacheFolder).repository(reference.repository)
    if settings.isOffline || reference.isPinned,
      let found = try await onDisk({ try inCache(cached, reference, selection) })
    {
      return found
    }
    if settings.isOffline {
      throw HubFailure(
        .offline, "\(reference)", "is not in the cache as a whole, and HF_HUB_OFFLINE is set",
        hint: "pull it once with the network")
    }
    do {
      return try await download(reference, cached, selection, progress)
    } catch let failure as HubFailure where failure.kind == .unreachable {
      guard let found = try await onDisk({ try inCache(cached, reference, selection) }) else {
        throw failure
      }
      return found
    }
  }

  /// Brings what `owner/name` or `owner/name@revision` names into the cache.
  ///
  /// - Parameter id: an id, perhaps with a revision.
  /// - Returns: the folder, as ``pull(_:_:progress:)`` does.
  /// - Throws: ``HubFailure``, or `FileFailure` for the disk and for what is no id.
  public func pull(_ id: String) async throws -> PulledRepository {
    try await pull(AdapterReference(id))
  }

  /// The folder that the cache has of a repository, which need not hold every file.
  public func cachedFolder(_ reference: AdapterReference) -> String? {
    let cached = CacheFolder(path: settings.cacheFolder).repository(reference.repository)
    let folder = cached.commit(of: reference.revision).map { cached.snapshot($0) }
    return folder.flatMap { fileExists($0) ? $0 : nil }
  }

  /// What the cache has of it, if that is all.
  private func inCache(
    _ cached: CachedRepository, _ reference: AdapterReference, _ selection: FileSelection
  ) throws -> PulledRepository? {
    guard let commit = cached.commit(of: reference.revision) else { return nil }
    let folder = cached.snapshot(commit)
    guard fileExists(folder) else { return nil }
    let files: [RepositoryFile]
    if let listed = cached.files(of: commit) {
      files = selection.chosen(of: listed)
      guard files.allSatisfy({ cached.has($0, in: commit) }) else { return nil }
    } else {
      // An older Python client pulled it and left no list: what is there has to do.
      guard reference.isPinned == false || settings.isOffline,
        try !namesInFolder(folder).isEmpty
      else { return nil }
      files = []
    }
    return PulledRepository(
      repository: reference.repository, commit: commit, folder: folder, fileCount: files.count,
      byteCount: files.reduce(0) { $0 + $1.size }, receivedByteCount: 0,
      isUnchecked: !reference.isPinned)
  }

  private func download(
    _ reference: AdapterReference, _ cached: CachedRepository, _ selection: FileSelection,
    _ progress: @escaping @Sendable (PullEvent) -> Void
  ) async throws -> PulledRepository {
    let info = try await info(reference)
    let commit = info.commit
    var known = info.files
    if known == nil { known = try await onDisk { cached.files(of: commit) } }
    let listed: [RepositoryFile]
    if let known {
      listed = known
    } else {
      listed = try await self.files(AdapterReference(reference.repository, revision: commit))
    }
    try await onDisk { try cached.record(listed, of: commit) }
    let files = selection.chosen(of: listed)
    let byteCount = files.reduce(0) { $0 + $1.size }
    progress(.planned(files: files.count, bytes: byteCount))
    let received = try await fetch(files, of: commit, into: cached, progress)
    try await onDisk {
      try makeFolder(cached.snapshot(commit))
      // Last: a revision leads to a commit only when the commit is there. The bytes of files are on
      // the disk; a name that a power cut takes is made again by the next pull.
      try cached.record(commit, for: reference.revision)
    }
    return PulledRepository(
      repository: reference.repository, commit: commit, folder: cached.snapshot(commit),
      fileCount: files.count, byteCount: byteCount, receivedByteCount: received,
      isUnchecked: false)
  }

  /// Fetches files, some at a time, the largest first; the first failure ends all.
  private func fetch(
    _ files: [RepositoryFile], of commit: String, into cached: CachedRepository,
    _ progress: @escaping @Sendable (PullEvent) -> Void
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      var waiting = files.sorted { ($0.size, $1.path) > ($1.size, $0.path) }[...]
      func startNext() {
        guard let file = waiting.popFirst() else { return }
        let download = Download(
          transport: transport, repository: cached, commit: commit, file: file,
          received: { progress(.received($0)) })
        group.addTask {
          let count = try await download.run()
          progress(.finished(path: file.path))
          return count
        }
      }
      for _ in 0..<Self.parallelDownloads { startNext() }
      var received = 0
      while let count = try await group.next() {
        received += count
        startNext()
      }
      return received
    }
  }
}
