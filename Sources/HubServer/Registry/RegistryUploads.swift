/// Content that was sent ahead of the commit that will name it.
internal import GRDB

extension Registry {
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
