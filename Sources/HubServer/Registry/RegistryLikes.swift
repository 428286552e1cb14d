/// Who likes what, and how often it is downloaded.
internal import GRDB

extension Registry {
  func like(_ repository: Repository, by account: Account, _ isLiked: Bool) async throws {
    try await write { database in
      if isLiked {
        try database.execute(
          sql:
            "INSERT OR IGNORE INTO likes (account_id, repository_id, created_at) VALUES (?, ?, ?)",
          arguments: [account.id, repository.id, Moment().milliseconds])
      } else {
        try database.execute(
          sql: "DELETE FROM likes WHERE account_id = ? AND repository_id = ?",
          arguments: [account.id, repository.id])
      }
      try database.execute(
        sql: """
          UPDATE repositories SET likes = (SELECT count(*) FROM likes WHERE repository_id = id)
          WHERE id = ?
          """, arguments: [repository.id])
    }
  }

  func isLiked(_ repository: Repository, by account: Account) async throws -> Bool {
    try await read { database in
      try Bool.fetchOne(
        database, sql: "SELECT 1 FROM likes WHERE account_id = ? AND repository_id = ?",
        arguments: [account.id, repository.id]) != nil
    }
  }

  func likers(of repository: Repository) async throws -> [Account] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT a.* FROM likes l JOIN accounts a ON a.id = l.account_id
          WHERE l.repository_id = ? ORDER BY l.created_at LIMIT 1000
          """, arguments: [repository.id]
      ).map(Account.init)
    }
  }

  func liked(by account: Account) async throws -> [(repository: Repository, at: Moment)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(Repository.columns), l.created_at AS liked_at FROM likes l
          JOIN repositories r ON r.id = l.repository_id JOIN accounts o ON o.id = r.owner_id
          WHERE l.account_id = ? AND r.deleted_at IS NULL ORDER BY l.created_at LIMIT 1000
          """, arguments: [account.id]
      ).map { (Repository($0), Moment(milliseconds: $0["liked_at"])) }
    }
  }

  /// How often a repository was downloaded on each of the last days, today last.
  func downloadsByDay(_ repository: Repository, days: Int) async throws -> [Int] {
    let today = Moment().day
    return try await read { database in
      var counts = [Int](repeating: 0, count: days)
      for row in try Row.fetchAll(
        database, sql: "SELECT day, count FROM downloads WHERE repository_id = ? AND day > ?",
        arguments: [repository.id, today - days])
      {
        let index = days - 1 - (today - (row[0] as Int))
        if counts.indices.contains(index) { counts[index] = row[1] }
      }
      return counts
    }
  }

  /// Adds what was counted in memory: downloads, and when tokens and sessions were used.
  func addDownloads(
    _ counts: [Int64: Int], tokensUsed: [Int64: Moment], sessionsUsed: [Int64: Moment]
  ) async throws {
    let day = Moment().day
    try await writeQuietly { database in
      if !sessionsUsed.isEmpty { try Self.touchSessions(sessionsUsed, database) }
      for (id, count) in counts {
        try database.execute(
          sql: """
            INSERT INTO downloads (repository_id, day, count)
            SELECT id, ?, ? FROM repositories WHERE id = ?
            ON CONFLICT DO UPDATE SET count = count + excluded.count
            """, arguments: [day, count, id])
        try database.execute(
          sql: """
            UPDATE repositories SET downloads_all_time = downloads_all_time + ?, downloads =
              (SELECT coalesce(sum(count), 0) FROM downloads WHERE repository_id = id AND day > ?),
              trending =
              (SELECT coalesce(sum(count), 0) FROM downloads WHERE repository_id = id AND day > ?)
              + 10.0 * (SELECT count(*) FROM likes WHERE repository_id = id AND created_at > ?)
            WHERE id = ?
            """, arguments: [count, day - 30, day - 7, (day - 7) * 86_400_000, id])
      }
      for (id, moment) in tokensUsed {
        try database.execute(
          sql: "UPDATE tokens SET last_used_at = ? WHERE id = ?",
          arguments: [moment.milliseconds, id])
      }
    }
  }
}
