/// Who is signed in where.
internal import Crypto
internal import Files
internal import Foundation
internal import GRDB

/// A browser in which a user is signed in.
struct SessionRecord: Sendable, Equatable {
  let id: Int64
  /// What the browser calls itself.
  let client: String
  let address: String
  let createdAt: Moment
  let lastUsedAt: Moment
}

extension Registry {
  /// How long a session lasts without being used.
  static let sessionDays = 30

  /// Signs a user in; what is returned is the browser's to keep, only its hash stays here.
  func makeSession(for account: Account, client: String, address: String) async throws -> String {
    let secret = HubServer.makeToken()
    let now = Moment()
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO sessions
            (account_id, hash, client, address, created_at, last_used_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          account.id, hashOfToken(secret), String(client.prefix(200)), address, now.milliseconds,
          now.milliseconds, now.milliseconds + Int64(Self.sessionDays) * 86_400_000,
        ])
      try Self.record("session.create", subject: account.name, by: account.name, database)
    }
    return secret
  }

  static func findSession(hash: String, _ database: Database) throws -> Caller? {
    guard
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT a.*, s.id AS session_id, s.expires_at FROM sessions s
          JOIN accounts a ON a.id = s.account_id WHERE s.hash = ? AND NOT a.is_disabled
          """, arguments: [hash])
    else { return nil }
    let account = Account(row)
    var caller = Caller(account: account, scope: .write, roles: try roles(of: account, database))
    caller.sessionID = row["session_id"]
    caller.expiresAt = Moment(milliseconds: row["expires_at"])
    caller.mustChangePassword = row["must_change_password"]
    return caller
  }

  func sessions(of account: Account) async throws -> [SessionRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM sessions WHERE account_id = ? AND expires_at > ? ORDER BY last_used_at DESC
          """, arguments: [account.id, Moment().milliseconds]
      ).map { row in
        SessionRecord(
          id: row["id"], client: row["client"], address: row["address"],
          createdAt: Moment(milliseconds: row["created_at"]),
          lastUsedAt: Moment(milliseconds: row["last_used_at"]))
      }
    }
  }

  /// Ends a session of an account; all of them for nil, except one.
  func endSessions(of account: Account, id: Int64?, except kept: Int64?, by actor: String)
    async throws
  {
    try await write { database in
      try database.execute(
        sql: """
          DELETE FROM sessions
          WHERE account_id = ?1 AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR id <> ?3)
          """, arguments: [account.id, id, kept])
      guard database.changesCount > 0 else { return }
      try Self.record("session.end", subject: account.name, by: actor, database)
    }
  }

  /// Notes when sessions were last used, from which on they last anew.
  static func touchSessions(_ moments: [Int64: Moment], _ database: Database) throws {
    for (id, moment) in moments {
      try database.execute(
        sql: "UPDATE sessions SET last_used_at = ?, expires_at = ? WHERE id = ?",
        arguments: [
          moment.milliseconds, moment.milliseconds + Int64(sessionDays) * 86_400_000, id,
        ])
    }
    try database.execute(
      sql: "DELETE FROM sessions WHERE expires_at < ?", arguments: [Moment().milliseconds])
  }

  /// The stored password of a user; nil where there is no such user, or none to sign in with.
  func password(of name: String) async throws -> (account: Account, hash: String)? {
    try await read { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: """
            SELECT * FROM accounts WHERE (name = ?1 OR (email = ?1 AND email <> '')) AND NOT is_disabled
              AND password IS NOT NULL LIMIT 1
            """, arguments: [name])
      else { return nil }
      return (Account(row), row["password"])
    }
  }
}
