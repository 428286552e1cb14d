/// What the hub knows: accounts, repositories, commits. All SQL is in this folder.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient
internal import Logging
internal import Synchronization

/// The metadata of a hub, in one SQLite file that one process has open.
///
/// Writes go through one connection, one after another; reads through others beside it. What is
/// asked for with every request is kept in memory and forgotten at every change.
final class Registry: MetadataStore {
  let pool: DatabasePool
  let path: String
  let folder: String
  let limits: Limits
  private let cache = Mutex(Cache())
  let searches = SearchCache()
  let explorer = Explorer()
  let log: Logger

  /// Opens the file, makes or migrates its tables, and checks it.
  ///
  /// The caller holds the lock of the folder, which is the hub's data folder.
  ///
  /// - Throws: `FileFailure` for a file that is broken or not ours.
  init(folder: String, limits: Limits, log: Logger) throws {
    path = "\(folder)/hub.sqlite"
    self.folder = folder
    self.limits = limits
    self.log = log
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.label = "adapterhub.registry"
    configuration.prepareDatabase { database in
      // A power cut must not lose what was acknowledged; NORMAL would let it.
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA trusted_schema = OFF")
      try database.execute(sql: "PRAGMA cell_size_check = ON")
      try database.execute(sql: "PRAGMA mmap_size = 0")
      try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
      try database.execute(sql: "PRAGMA cache_size = -8000")
    }
    try Self.makePrivate(path)
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      let verdict = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
      guard verdict == "ok" else {
        throw FileFailure(
          path, "is damaged: \(verdict ?? "no answer")",
          hint: "restore a backup: adapterhub hub restore")
      }
      try Schema.migrate(pool, path: path, backupFolder: "\(folder)/backups")
      explorer.observe(pool)
    } catch let error as DatabaseError {
      throw FileFailure(path, "cannot be opened: \(error.message ?? "\(error)")")
    }
    log.info("registry opened", metadata: ["sqlite": "\(sqliteVersion())"])
  }

  /// Makes the file, or an older one, readable for its owner alone: it holds hashes and a key.
  private static func makePrivate(_ path: String) throws {
    let manager = FileManager.default
    let rights: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    if fileExists(path) {
      try manager.setAttributes(rights, ofItemAtPath: path)
    } else if !manager.createFile(atPath: path, contents: nil, attributes: rights) {
      throw FileFailure(path, "cannot be created", hint: "check who owns the data folder")
    }
  }

  /// Reads in one consistent view.
  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws
    -> Value
  {
    try await pool.read(body)
  }

  /// Writes in one transaction; what is in memory is forgotten before anyone hears of it.
  func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws
    -> Value
  {
    defer { forget() }
    return try await pool.write(body)
  }

  /// A write of counters, which no decision rests on: memory stays as it is.
  func writeQuietly(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
    try await pool.write(body)
  }

  /// Forgets what is in memory, for changes that did not come through `write`.
  func forget() {
    cache.withLock { $0.forget() }
    searches.forget()
  }

  /// Forgets commits too, which otherwise stay: they do not change, but a sweep or a restore may take
  /// them.
  func forgetAll() {
    forget()
    cache.withLock { cache in
      cache.snapshots.removeAll()
      cache.snapshotFiles = 0
    }
  }

  func isAnswering() async throws { _ = try await read { try Int.fetchOne($0, sql: "SELECT 1") } }

  func counts() async throws -> (repositories: Int, accounts: Int, storedBytes: Int) {
    try await read { database in
      func count(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
      return (
        try count("SELECT count(*) FROM repositories WHERE deleted_at IS NULL"),
        try count("SELECT count(*) FROM accounts"),
        try count(
          "SELECT coalesce(sum(s), 0) FROM (SELECT max(byte_count) AS s FROM files GROUP BY digest)"
        )
      )
    }
  }

  func setting(_ name: String, orNew make: @Sendable () -> String) throws -> String {
    try pool.write { database in
      if let text = try String.fetchOne(
        database, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
      {
        return text
      }
      let text = make()
      try database.execute(
        sql: "INSERT INTO settings (name, value) VALUES (?, ?)", arguments: [name, text])
      return text
    }
  }

  // MARK: - Memory

  /// What a request for a file needs, kept until the next change.
  private struct Cache {
    /// Counts changes, so that what was read before one is not kept after it.
    var generation = 0
    var repositories: [String: KnownRepository] = [:]
    var callers: [String: Caller] = [:]
    var snapshots: [SnapshotKey: Snapshot] = [:]
    var snapshotFiles = 0

    mutating func forget() {
      generation += 1
      repositories.removeAll(keepingCapacity: true)
      callers.removeAll(keepingCapacity: true)
    }
  }

  private struct SnapshotKey: Hashable {
    let repository: Int64
    let commit: String
  }

  func repository(_ identifier: RepositoryIdentifier) async throws -> KnownRepository? {
    let key = identifier.description.lowercased()
    let (known, generation) = cache.withLock { ($0.repositories[key], $0.generation) }
    if let known { return known }
    guard let found = try await read({ try Registry.findRepository(identifier, $0) }) else {
      return nil
    }
    cache.withLock { cache in
      guard cache.generation == generation else { return }
      if cache.repositories.count >= 10_000 { cache.repositories.removeAll() }
      cache.repositories[key] = found
    }
    return found
  }

  /// The owner of a token; nil where it is unknown or has expired.
  func caller(token: String) async throws -> Caller? {
    try await caller("token", hash: hashOfToken(token), Self.findCaller)
  }

  /// The one who is signed in; nil where the session is unknown or has expired.
  func caller(session: String) async throws -> Caller? {
    try await caller("session", hash: hashOfToken(session), Self.findSession)
  }

  /// A session's secret is no token, nor the reverse: each is looked up as what it is.
  private func caller(
    _ kind: String, hash: String, _ find: @escaping @Sendable (String, Database) throws -> Caller?
  ) async throws -> Caller? {
    let key = "\(kind) \(hash)"
    let (known, generation) = cache.withLock { ($0.callers[key], $0.generation) }
    var caller = known
    // A session that is used lasts longer than what was read of it says.
    if let expiry = known?.expiresAt, expiry < Moment() { caller = nil }
    if caller == nil {
      caller = try await read { try find(hash, $0) }
      if let caller {
        cache.withLock { cache in
          guard cache.generation == generation else { return }
          if cache.callers.count >= 10_000 { cache.callers.removeAll() }
          cache.callers[key] = caller
        }
      }
    }
    if let expiry = caller?.expiresAt, expiry < Moment() { return nil }
    return caller
  }

  /// The files of a commit; commits never change, so these stay until there are too many.
  func snapshot(_ repository: Repository, commit: String) async throws -> Snapshot? {
    let key = SnapshotKey(repository: repository.id, commit: commit)
    if let known = cache.withLock({ $0.snapshots[key] }) { return known }
    guard
      let found = try await read({ database in
        try Registry.findSnapshot(repository.id, commit: commit, database)
      })
    else { return nil }
    cache.withLock { cache in
      if cache.snapshotFiles + found.files.count > 200_000 || cache.snapshots.count > 20_000 {
        cache.snapshots.removeAll()
        cache.snapshotFiles = 0
      }
      cache.snapshots[key] = found
      cache.snapshotFiles += found.files.count
    }
    return found
  }
}

/// A repository with its revisions: what resolving a file needs.
struct KnownRepository: Sendable {
  let repository: Repository
  /// The name that was asked for is an old one.
  let isMoved: Bool
  let branches: [String: String]
  let tags: [String: String]

  /// The commit a branch or a tag leads to; a branch first, as git does.
  func commit(named revision: String) -> String? { branches[revision] ?? tags[revision] }
}

/// Version of the SQLite library, to be logged: some have known defects.
private func sqliteVersion() -> String {
  (try? DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }) ?? "?"
}
