/// The database as a whole: copied, replaced, looked at from outside.
internal import Files
internal import Foundation
internal import GRDB

extension Registry {
  func copy(to path: String) async throws { try await pool.vacuum(into: path) }

  func isEmpty() async throws -> Bool {
    try await read { database in
      try Int.fetchOne(
        database,
        sql: "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM repositories)") == 0
    }
  }

  func replaceAll(by path: String) async throws {
    let pool = pool
    try await onDisk {
      // What this program cannot open must not take the place of what it can.
      let source = try DatabaseQueue(path: path, configuration: Self.readOnly)
      try source.read { try Schema.check($0, path: path) }
      try source.backup(to: pool)
      try source.close()
    }
    forgetAll()
    try Schema.migrate(pool, path: self.path, backupFolder: "\(folder)/backups")
    // Nothing tells of rows that came with a file of their own.
    explorer.rebuild()
  }

  /// What is wrong with a database that nobody has open, and which contents it names.
  static func examine(_ path: String) throws -> (
    problems: [String], contents: [(digest: String, byteCount: Int)]
  ) {
    let queue = try DatabaseQueue(path: path, configuration: readOnly)
    defer { try? queue.close() }
    try queue.read { try Schema.check($0, path: path) }
    return try queue.read { (try databaseProblems($0), try contents($0)) }
  }

  private static var readOnly: Configuration {
    var configuration = Configuration()
    configuration.readonly = true
    return configuration
  }
}
