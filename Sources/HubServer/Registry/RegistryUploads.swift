/// Content that was sent ahead of the commit that will name it.
internal import GRDB

extension Registry {
  /// Refuses content for which the owner has no room, counting what is still on its way.
  ///
  /// What the repository has already takes no more of it.
  ///
  /// - Throws: `Problem` with what is used, allowed and asked for.
  func requireRoom(for digest: String, byteCount: Int, in repository: Repository) async throws {
    guard try await self.byteCount(of: digest, in: repository) == nil else { return }
    try await read { [limits] database in
      let waiting =
        try Int.fetchOne(
          database,
          sql: """
            SELECT coalesce(sum(u.byte_count), 0) FROM uploads u
            JOIN repositories r ON r.id = u.repository_id WHERE r.owner_id = ?
            """, arguments: [repository.ownerID]) ?? 0
      try Self.requireQuota(
        for: byteCount, beside: waiting, of: repository, limits, database)
    }
  }

  /// Refuses bytes beyond an owner's quota.
  static func requireQuota(
    for byteCount: Int, beside waiting: Int = 0, of repository: Repository, _ limits: Limits,
    _ database: Database
  ) throws {
    let quota =
      try Int.fetchOne(
        database, sql: "SELECT quota_bytes FROM accounts WHERE id = ?",
        arguments: [repository.ownerID]) ?? limits.quotaBytes
    guard let quota else { return }
    let used = try usedBytes(owner: repository.ownerID, database) + waiting
    guard used + byteCount <= quota else {
      throw Problem.tooLarge(
        "Storage quota of \(repository.owner) exceeded: \(used) of \(quota) bytes are used, "
          + "\(byteCount) more are asked for")
    }
  }

  /// Notes that a repository's writer has sent content, which a commit may now name.
  func noteUpload(_ digest: String, byteCount: Int, to repository: Repository) async throws {
    try await writeQuietly { database in
      try database.execute(
        sql: """
          INSERT INTO uploads (repository_id, digest, byte_count, created_at) VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET created_at = excluded.created_at
          """, arguments: [repository.id, digest, byteCount, Moment().milliseconds])
    }
  }

  /// The size of content that a repository has, by a commit or an upload; nil for any other.
  ///
  /// What other repositories hold is not told: the same content is asked for again.
  func byteCount(of digest: String, in repository: Repository) async throws -> Int? {
    try await read { database in
      try Int.fetchOne(
        database,
        sql: """
          SELECT byte_count FROM uploads WHERE repository_id = ?1 AND digest = ?2
          UNION ALL
          SELECT f.byte_count FROM files f JOIN repository_files u ON u.name = f.name
          WHERE f.digest = ?2 AND u.repository_id = ?1 LIMIT 1
          """, arguments: [repository.id, digest])
    }
  }
}
