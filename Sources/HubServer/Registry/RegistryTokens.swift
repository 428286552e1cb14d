/// Tokens and the callers behind them.
internal import Crypto
internal import Files
internal import Foundation
internal import GRDB

/// What a token is stored as.
func hashOfToken(_ token: String) -> String { hexadecimal(SHA256.hash(data: Data(token.utf8))) }

/// A new token: 32 random bytes behind a prefix that scanners for leaked secrets can find.
func makeToken() -> String {
  // Letters that are spelled alike by people are not in it.
  let alphabet = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
  let key = SymmetricKey(size: .init(bitCount: 44 * 8))
  let letters = key.withUnsafeBytes { bytes in bytes.map { alphabet[Int($0) % alphabet.count] } }
  return "ahk_" + String(decoding: letters, as: UTF8.self)
}

/// A token without its secret.
struct TokenRecord: Sendable, Equatable {
  let id: Int64
  let name: String
  let prefix: String
  let scope: Caller.Scope
  let repository: String?
  let createdAt: Moment
  let expiresAt: Moment?
  let lastUsedAt: Moment?
}

extension Registry {
  static func findCaller(hash: String, _ database: Database) throws -> Caller? {
    guard
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT a.*, t.id AS token_id, t.name AS token_name, t.scope, t.repository_id,
            t.expires_at, t.created_at AS token_created_at
          FROM tokens t JOIN accounts a ON a.id = t.account_id
          WHERE t.hash = ? AND NOT a.is_disabled
          """, arguments: [hash])
    else { return nil }
    let account = Account(row)
    return Caller(
      account: account, scope: Caller.Scope(rawValue: row["scope"]) ?? .read,
      onlyRepository: row["repository_id"], roles: try roles(of: account, database),
      tokenID: row["token_id"], tokenName: row["token_name"],
      tokenCreatedAt: Moment(milliseconds: row["token_created_at"]),
      expiresAt: (row["expires_at"] as Int64?).map(Moment.init(milliseconds:)))
  }

  /// The roles of a user, by organisation.
  static func roles(of account: Account, _ database: Database) throws -> [Int64: Role] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT organisation_id, role FROM memberships WHERE user_id = ?",
      arguments: [account.id])
    return Dictionary(
      rows.map { ($0[0], Role(rawValue: $0[1]) ?? .read) }, uniquingKeysWith: { $1 })
  }

  /// Makes a token and returns it; only its hash is kept.
  ///
  /// - Throws: `Problem` for an account or a repository that is not there.
  func makeToken(
    for accountName: String, name: String, scope: Caller.Scope, repository: Int64?,
    expiresAt: Moment?, by actor: String
  ) async throws -> String {
    let token = HubServer.makeToken()
    try await write { database in
      let account = try Registry.account(accountName, database)
      guard account.kind == .user else {
        throw Problem.unprocessable("\(accountName) is an organisation: tokens belong to users")
      }
      try database.execute(
        sql: """
          INSERT INTO tokens
            (account_id, name, hash, prefix, scope, repository_id, created_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          account.id, name, hashOfToken(token), String(token.prefix(8)), scope.rawValue, repository,
          Moment().milliseconds, expiresAt?.milliseconds,
        ])
      try Registry.record(
        "token.create", subject: account.name, by: actor,
        detail: ["name": .string(name), "scope": .string(scope.rawValue)], database)
    }
    return token
  }

  func tokens(of accountName: String) async throws -> [TokenRecord] {
    try await read { database in
      let account = try Registry.account(accountName, database)
      return try Row.fetchAll(
        database,
        sql: """
          SELECT t.*, o.name || '/' || r.name AS repository FROM tokens t
          LEFT JOIN repositories r ON r.id = t.repository_id
          LEFT JOIN accounts o ON o.id = r.owner_id
          WHERE t.account_id = ? ORDER BY t.id
          """, arguments: [account.id]
      ).map { row in
        TokenRecord(
          id: row["id"], name: row["name"], prefix: row["prefix"],
          scope: Caller.Scope(rawValue: row["scope"]) ?? .read, repository: row["repository"],
          createdAt: Moment(milliseconds: row["created_at"]),
          expiresAt: (row["expires_at"] as Int64?).map(Moment.init(milliseconds:)),
          lastUsedAt: (row["last_used_at"] as Int64?).map(Moment.init(milliseconds:)))
      }
    }
  }

  /// Ends tokens of an account: one by its id or prefix, or all.
  ///
  /// - Returns: how many there were.
  func revokeTokens(of accountName: String, matching selector: String?, by actor: String)
    async throws -> Int
  {
    try await write { database in
      let account = try Registry.account(accountName, database)
      if let selector {
        let found = try Int64.fetchAll(
          database,
          sql:
            "SELECT id FROM tokens WHERE account_id = ?1 AND (id = ?2 OR prefix = ?3 OR name = ?3)",
          arguments: [account.id, Int64(selector), selector])
        guard found.count <= 1 else {
          throw Problem.conflict(
            "\(found.count) tokens are called \(quoted(selector)): give the number of one")
        }
        try database.execute(
          sql: "DELETE FROM tokens WHERE account_id = ? AND id = ?",
          arguments: [account.id, found.first])
      } else {
        try database.execute(
          sql: "DELETE FROM tokens WHERE account_id = ?", arguments: [account.id])
      }
      let count = database.changesCount
      try Registry.record(
        "token.revoke", subject: account.name, by: actor,
        detail: ["count": .integer(count), "which": selector.map { .string($0) } ?? "all"],
        database)
      return count
    }
  }
}
