/// Requests to be let in to gated repositories.
internal import Files
internal import GRDB

extension Registry {
  func accessStatus(_ repository: Repository, account: Account) async throws -> String? {
    try await read { database in
      try String.fetchOne(
        database,
        sql: "SELECT status FROM access_requests WHERE repository_id = ? AND account_id = ?",
        arguments: [repository.id, account.id])
    }
  }

  func accessRequests(_ repository: Repository, status: String) async throws
    -> [(account: Account, reason: String?, at: Moment)]
  {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT a.*, q.reason, q.created_at AS asked_at FROM access_requests q
          JOIN accounts a ON a.id = q.account_id WHERE q.repository_id = ? AND q.status = ?
          ORDER BY q.created_at LIMIT 1000
          """, arguments: [repository.id, status]
      ).map { (Account($0), $0["reason"], Moment(milliseconds: $0["asked_at"])) }
    }
  }

  func setAccess(
    _ repository: Repository, account: Account, status: String, reason: String?, by actor: String
  ) async throws {
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO access_requests (repository_id, account_id, status, reason, created_at)
          VALUES (?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET status = excluded.status, reason = excluded.reason
          """,
        arguments: [repository.id, account.id, status, reason, Moment().milliseconds])
      try Self.record(
        "repository.access", subject: repository.fullName, by: actor,
        detail: ["user": .string(account.name), "status": .string(status)], database)
    }
  }
}
