/// `gc`: what nothing refers to any more is removed, when it is old enough.
internal import Files
internal import Foundation
internal import GRDB

extension HubCore {
  /// Marks what is referred to and sweeps the rest, while uploads and downloads go on.
  ///
  /// Rows go first, then blobs; each blob is looked up once more in the very transaction that lets
  /// it go, so that an upload of the same content in between keeps it.
  func collectGarbage(graceSeconds: Double, isDryRun: Bool) async throws -> AdminAnswer {
    await maintenance.begin()
    defer { maintenance.end() }
    let limit = Moment().milliseconds - Int64(graceSeconds * 1000)
    let (repositories, uploads) = try await sweepRows(before: limit, isDryRun: isDryRun)
    Crash.point("gc-after-rows")
    let sessions = try parts.sweep(olderThan: graceSeconds, isDryRun: isDryRun)

    let candidates = try await onDisk { [blobs] in
      var found: [(digest: String, byteCount: Int)] = []
      try blobs.forEach { digest, byteCount, age in
        if age >= graceSeconds { found.append((digest, byteCount)) }
      }
      return found
    }
    var (blobCount, byteCount) = (0, 0)
    for candidate in candidates {
      let isSwept = try await sweep(candidate.digest, isDryRun: isDryRun)
      guard isSwept else { continue }
      blobCount += 1
      byteCount += candidate.byteCount
      Crash.point("gc-after-blob")
    }
    var answer = AdminAnswer()
    answer.lines = [
      "\(isDryRun ? "Would remove" : "Removed") \(blobCount) blobs of \(byteCount) bytes, "
        + "\(repositories) deleted repositories, \(uploads) uploads without a commit, "
        + "\(sessions) unfinished uploads"
    ]
    answer.json =
      JSON.object([
        "dryRun": .bool(isDryRun), "blobs": .integer(blobCount), "bytes": .integer(byteCount),
        "repositories": .integer(repositories), "uploads": .integer(uploads),
        "sessions": .integer(sessions),
      ]).text(.compact)
    return answer
  }

  /// Removes one blob that no row refers to; whether it did.
  ///
  /// The row of an upload is written after its blob is in place, and until then the blob counts as
  /// arriving. So within a write transaction either the row is there, or the blob is arriving, or an
  /// upload of the same content begins afterwards and puts its blob anew.
  private func sweep(_ digest: String, isDryRun: Bool) async throws -> Bool {
    let (blobs, arriving) = (blobs, arriving)
    return try await registry.pool.write { database in
      guard !arriving.contains(digest) else { return false }
      let isUsed = try Bool.fetchOne(
        database,
        sql: """
          SELECT 1 FROM files f JOIN repository_files u ON u.name = f.name WHERE f.digest = ?1
          UNION ALL SELECT 1 FROM uploads WHERE digest = ?1 LIMIT 1
          """, arguments: [digest])
      guard isUsed == nil else { return false }
      if !isDryRun { try blobs.remove(digest) }
      return true
    }
  }

  /// Removes rows of what was deleted or given up, and of files and trees that only they had.
  private func sweepRows(before limit: Int64, isDryRun: Bool) async throws -> (Int, Int) {
    try await registry.write { database in
      let repositories =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM repositories WHERE deleted_at < ?",
          arguments: [limit]) ?? 0
      let uploads =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM uploads WHERE created_at < ?", arguments: [limit])
        ?? 0
      guard !isDryRun else { return (repositories, uploads) }
      // Revisions hold on to commits, so they go first.
      try database.execute(
        sql: """
          DELETE FROM revisions WHERE repository_id IN
            (SELECT id FROM repositories WHERE deleted_at < ?)
          """, arguments: [limit])
      try database.execute(
        sql: "DELETE FROM repositories WHERE deleted_at < ?", arguments: [limit])
      try database.execute(sql: "DELETE FROM uploads WHERE created_at < ?", arguments: [limit])
      try Self.dropUnreachableCommits(database)
      try database.execute(
        sql: """
          DELETE FROM files WHERE NOT EXISTS
            (SELECT 1 FROM repository_files u WHERE u.name = files.name)
          """)
      try Self.dropUnreachableTrees(database)
      return (repositories, uploads)
    }
  }

  /// Commits that no branch or tag leads to: what a squash left.
  private static func dropUnreachableCommits(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TEMP TABLE reached (repository_id INTEGER, name TEXT, PRIMARY KEY (repository_id, name));
        INSERT INTO reached
          WITH RECURSIVE walk (repository_id, name) AS (
            SELECT repository_id, commit_name FROM revisions
            UNION
            SELECT c.repository_id, c.parent FROM walk w
            JOIN commits c ON c.repository_id = w.repository_id AND c.name = w.name
            WHERE c.parent IS NOT NULL)
          SELECT repository_id, name FROM walk;
        """)
    defer { try? database.execute(sql: "DROP TABLE reached") }
    let changed = try Int64.fetchAll(
      database,
      sql: """
        SELECT DISTINCT c.repository_id FROM commits c WHERE NOT EXISTS
          (SELECT 1 FROM reached m WHERE m.repository_id = c.repository_id AND m.name = c.name)
        """)
    try database.execute(
      sql: """
        DELETE FROM commits WHERE NOT EXISTS (SELECT 1 FROM reached m
          WHERE m.repository_id = commits.repository_id AND m.name = commits.name)
        """)
    for repository in changed {
      var kept: Set<String> = []
      for commit in try String.fetchAll(
        database, sql: "SELECT name FROM commits WHERE repository_id = ?", arguments: [repository])
      {
        let snapshot = try Registry.findSnapshot(repository, commit: commit, database)
        kept.formUnion(snapshot?.files.map(\.name) ?? [])
      }
      for name in try String.fetchAll(
        database, sql: "SELECT name FROM repository_files WHERE repository_id = ?",
        arguments: [repository]) where !kept.contains(name)
      {
        try database.execute(
          sql: "DELETE FROM repository_files WHERE repository_id = ? AND name = ?",
          arguments: [repository, name])
      }
    }
  }

  private static func dropUnreachableTrees(_ database: Database) throws {
    var open = try String.fetchAll(database, sql: "SELECT DISTINCT tree FROM commits")
    var reached = Set(open)
    while let name = open.popLast() {
      guard
        let content = try Data.fetchOne(
          database, sql: "SELECT content FROM trees WHERE name = ?", arguments: [name])
      else { continue }
      for entry in GitTree.entries([UInt8](content)) where entry.isFolder {
        if reached.insert(entry.object).inserted { open.append(entry.object) }
      }
    }
    for name in try String.fetchAll(database, sql: "SELECT name FROM trees")
    where !reached.contains(name) {
      try database.execute(sql: "DELETE FROM trees WHERE name = ?", arguments: [name])
    }
  }
}
