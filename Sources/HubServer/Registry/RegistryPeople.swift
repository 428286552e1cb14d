/// What people and administrators change of accounts, once they are in the browser.
internal import Files
internal import Foundation
internal import GRDB

/// What an account has besides its name: for itself and for administrators.
struct AccountDetails: Sendable, Equatable {
  let isDisabled: Bool
  let mustChangePassword: Bool
  let quotaBytes: Int?
  let usedBytes: Int
  let repositoryCount: Int
  /// Of its newest session or token.
  let lastUsedAt: Moment?

  static let none = AccountDetails(
    isDisabled: false, mustChangePassword: false, quotaBytes: nil, usedBytes: 0,
    repositoryCount: 0, lastUsedAt: nil)
}

extension Registry {
  /// Replaces the password by one that its owner chose, and ends all sessions but one.
  func choosePassword(_ hash: String, of account: Account, keeping session: Int64?) async throws {
    try await write { database in
      try Self.setPassword(hash, of: account, database)
      try database.execute(
        sql: "DELETE FROM sessions WHERE account_id = ?1 AND (?2 IS NULL OR id <> ?2)",
        arguments: [account.id, session])
      try Self.record("user.password", subject: account.name, by: account.name, database)
    }
  }

  static func setPassword(_ hash: String, of account: Account, _ database: Database) throws {
    try database.execute(
      sql: """
        UPDATE accounts SET password = ?, must_change_password = 0 WHERE id = ? AND NOT is_disabled
        """, arguments: [hash, account.id])
    // Whoever asked for a way back in has found one.
    try database.execute(
      sql: "DELETE FROM links WHERE kind = 'reset' AND account_id = ?", arguments: [account.id])
  }

  func change(_ account: Account, fullName: String, email: String?, by actor: String) async throws {
    try await write { database in
      try Self.requireUnused(email, but: account, database)
      try database.execute(
        sql: "UPDATE accounts SET full_name = ?, email = ? WHERE id = ?",
        arguments: [fullName, email, account.id])
      try Self.record("account.profile", subject: account.name, by: actor, database)
    }
  }

  func setAdministrator(_ isAdministrator: Bool, of name: String, by actor: String) async throws {
    try await write { database in
      let account = try Self.user(name, database)
      if !isAdministrator { try Self.requireOtherAdministrator(than: account, database) }
      try database.execute(
        sql: "UPDATE accounts SET is_administrator = ? WHERE id = ?",
        arguments: [isAdministrator, account.id])
      try Self.record(
        "user.administrator", subject: account.name, by: actor,
        detail: ["administrator": .bool(isAdministrator)], database)
    }
  }

  /// Closes an account for a while: sessions end, tokens are asleep, repositories stay.
  func setDisabled(_ isDisabled: Bool, of name: String, by actor: String) async throws {
    try await write { database in
      let account = try Self.user(name, database)
      if isDisabled { try Self.requireOtherAdministrator(than: account, database) }
      try database.execute(
        sql: "UPDATE accounts SET is_disabled = ? WHERE id = ?",
        arguments: [isDisabled, account.id])
      if isDisabled {
        try database.execute(
          sql: "DELETE FROM sessions WHERE account_id = ?", arguments: [account.id])
        try database.execute(
          sql: "DELETE FROM links WHERE account_id = ?", arguments: [account.id])
      }
      try Self.record(
        isDisabled ? "user.disable" : "user.enable", subject: account.name, by: actor, database)
    }
  }

  /// Removes an account as its owner wishes; not where others would be left without anybody.
  func closeAccount(_ account: Account) async throws {
    // In one transaction: two who close theirs at once are one after the other.
    try await write { database in
      try Self.requireOtherAdministrator(than: account, database)
      let alone = try String.fetchAll(
        database,
        sql: """
          SELECT o.name FROM memberships m JOIN accounts o ON o.id = m.organisation_id
          WHERE m.user_id = ?1 AND m.role = 'admin' AND NOT EXISTS (SELECT 1 FROM memberships n
            WHERE n.organisation_id = m.organisation_id AND n.role = 'admin' AND n.user_id <> ?1)
          ORDER BY o.name
          """, arguments: [account.id])
      guard alone.isEmpty else {
        throw Problem.conflict(
          "You are the last administrator of \(alone.joined(separator: ", ")): give somebody else "
            + "that role first")
      }
      try Self.remove(account, by: account.name, database)
    }
  }

  func removeOrganisation(_ account: Account, by actor: String) async throws {
    try await write { database in
      guard account.kind == .organisation else {
        throw Problem.unprocessable("\(account.name) is a user, not an organisation")
      }
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS here, count(*) AS owned
          FROM repositories WHERE owner_id = ?
          """, arguments: [account.id])
      let here: Int = row?["here"] ?? 0
      let owned: Int = row?["owned"] ?? 0
      guard here == 0 else {
        throw Problem.conflict(
          "\(account.name) still owns \(counted(here, "repository", "repositories")): move or "
            + "delete them first")
      }
      guard owned == 0 else {
        throw Problem.conflict(
          "\(counted(owned, "repository", "repositories")) of \(account.name) can still be "
            + "restored: this can be done once the hub was swept")
      }
      try database.execute(sql: "DELETE FROM accounts WHERE id = ?", arguments: [account.id])
      try Self.record("organisation.remove", subject: account.name, by: actor, database)
    }
  }

  private static func user(_ name: String, _ database: Database) throws -> Account {
    let account = try Self.account(name, database)
    guard account.kind == .user else {
      throw Problem.unprocessable("\(account.name) is an organisation, not a user")
    }
    return account
  }

  /// The pages of administration must stay open to somebody.
  private static func requireOtherAdministrator(than account: Account, _ database: Database) throws
  {
    guard account.isAdministrator else { return }
    let other = try Bool.fetchOne(
      database,
      sql: """
        SELECT 1 FROM accounts WHERE is_administrator AND NOT is_disabled AND id <> ? LIMIT 1
        """, arguments: [account.id])
    guard other != nil else {
      throw Problem.conflict("\(account.name) is the last administrator of the hub")
    }
  }

  func details(of accounts: [Account]) async throws -> [Int64: AccountDetails] {
    try await read { database in
      var found: [Int64: AccountDetails] = [:]
      for account in accounts { found[account.id] = try Self.details(of: account.id, database) }
      return found
    }
  }

  static func details(of id: Int64, _ database: Database) throws -> AccountDetails? {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT a.is_disabled, a.must_change_password, a.quota_bytes,
          (SELECT coalesce(sum(used_bytes), 0) FROM repositories
            WHERE owner_id = a.id AND deleted_at IS NULL) AS used,
          (SELECT count(*) FROM repositories
            WHERE owner_id = a.id AND deleted_at IS NULL) AS repositories,
          nullif(max(
            coalesce((SELECT max(last_used_at) FROM sessions WHERE account_id = a.id), 0),
            coalesce((SELECT max(last_used_at) FROM tokens WHERE account_id = a.id), 0)), 0)
            AS last_used
        FROM accounts a WHERE a.id = ?
        """, arguments: [id])
    return row.map { row in
      AccountDetails(
        isDisabled: row["is_disabled"], mustChangePassword: row["must_change_password"],
        quotaBytes: row["quota_bytes"], usedBytes: row["used"],
        repositoryCount: row["repositories"],
        lastUsedAt: (row["last_used"] as Int64?).map(Moment.init(milliseconds:)))
    }
  }

  // MARK: - Lists for administrators

  /// Accounts whose name, full name or address holds a text, behind a name in their order.
  func findAccounts(_ search: String, after name: String, limit: Int) async throws -> [Account] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM accounts WHERE name > ?1 COLLATE NOCASE AND (?2 = ''
            OR instr(lower(name), lower(?2)) OR instr(lower(full_name), lower(?2))
            OR instr(lower(coalesce(email, '')), lower(?2)))
          ORDER BY name LIMIT ?3
          """, arguments: [name, search, limit]
      ).map(Account.init)
    }
  }

  func largestRepositories(limit: Int) async throws -> [Repository] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(Repository.columns) FROM repositories r JOIN accounts o ON o.id = r.owner_id
          WHERE r.deleted_at IS NULL ORDER BY r.used_bytes DESC, r.id LIMIT ?
          """, arguments: [limit]
      ).map(Repository.init)
    }
  }

  func largestOwners(limit: Int) async throws -> [(account: Account, details: AccountDetails)] {
    try await read { database in
      let accounts = try Row.fetchAll(
        database,
        sql: """
          SELECT a.* FROM (
            SELECT owner_id, sum(used_bytes) AS used FROM repositories WHERE deleted_at IS NULL
            GROUP BY owner_id ORDER BY used DESC, owner_id LIMIT ?
          ) o JOIN accounts a ON a.id = o.owner_id ORDER BY o.used DESC, a.id
          """, arguments: [limit]
      ).map(Account.init)
      return try accounts.map { ($0, try Self.details(of: $0.id, database) ?? .none) }
    }
  }
}
