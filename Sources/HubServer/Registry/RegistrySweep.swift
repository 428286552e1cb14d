/// Rows that nothing needs any more.
internal import Files
internal import Foundation
internal import GRDB

extension Registry {
  func unlessReferenced(_ digest: String, _ remove: @escaping @Sendable () throws -> Bool)
    async throws -> Bool
  {
    try await pool.write { database in
      let isUsed = try Bool.fetchOne(
        database,
        sql: """
          SELECT 1 FROM files f JOIN repository_files u ON u.name = f.name WHERE f.digest = ?1
          UNION ALL SELECT 1 FROM uploads WHERE digest = ?1 LIMIT 1
          """, arguments: [digest])
      return try isUsed == nil && remove()
    }
  }

  /// Removes rows of what was deleted or given up, and of files and trees that only they had.
  func sweepRows(before moment: Moment, except arriving: Set<String>, isDryRun: Bool) async throws
    -> (
      repositories: Int, uploads: Int
    )
  {
    let limit = moment.milliseconds
    defer { forgetAll() }
    return try await write { database in
      let repositories =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM repositories WHERE deleted_at < ?",
          arguments: [limit]) ?? 0
      let uploads = try Row.fetchAll(
        database, sql: "SELECT repository_id, digest FROM uploads WHERE created_at < ?",
        arguments: [limit]
      ).map { row -> (Int64, String) in (row[0], row[1]) }.filter { !arriving.contains($0.1) }
      guard !isDryRun else { return (repositories, uploads.count) }
      // Revisions hold on to commits, so they go first.
      try database.execute(
        sql: """
          DELETE FROM revisions WHERE repository_id IN
            (SELECT id FROM repositories WHERE deleted_at < ?)
          """, arguments: [limit])
      try database.execute(
        sql: "DELETE FROM repositories WHERE deleted_at < ?", arguments: [limit])
      for (repository, digest) in uploads {
        try database.execute(
          sql: "DELETE FROM uploads WHERE repository_id = ? AND digest = ?",
          arguments: [repository, digest])
      }
      try Self.dropUnreachableCommits(before: limit, database)
      try database.execute(
        sql: """
          DELETE FROM files WHERE NOT EXISTS
            (SELECT 1 FROM repository_files u WHERE u.name = files.name)
          """)
      try Self.dropUnreachableTrees(database)
      return (repositories, uploads.count)
    }
  }

  /// Commits that no branch or tag has led to for long enough: what a squash left, or a branch that
  /// was deleted by mistake.
  private static func dropUnreachableCommits(before limit: Int64, _ database: Database) throws {
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
    try database.execute(
      sql: """
        DELETE FROM unreachable WHERE EXISTS (SELECT 1 FROM reached m
          WHERE m.repository_id = unreachable.repository_id AND m.name = unreachable.name);
        INSERT OR IGNORE INTO unreachable (repository_id, name, since)
          SELECT c.repository_id, c.name, \(Moment().milliseconds) FROM commits c
          WHERE NOT EXISTS (SELECT 1 FROM reached m
            WHERE m.repository_id = c.repository_id AND m.name = c.name);
        """)
    // A grace time of none at all means now.
    let isOver = "u.since <= \(limit) OR \(limit) >= \(Moment().milliseconds - 1000)"
    let changed = try Int64.fetchAll(
      database, sql: "SELECT DISTINCT u.repository_id FROM unreachable u WHERE \(isOver)")
    try database.execute(
      sql: """
        DELETE FROM commits WHERE EXISTS (SELECT 1 FROM unreachable u
          WHERE u.repository_id = commits.repository_id AND u.name = commits.name AND (\(isOver)))
        """)
    for repository in changed {
      var kept: Set<String> = []
      for commit in try String.fetchAll(
        database, sql: "SELECT name FROM commits WHERE repository_id = ?", arguments: [repository])
      {
        let snapshot = try findSnapshot(repository, commit: commit, database)
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
      try updateUsedBytes(repository, database)
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
