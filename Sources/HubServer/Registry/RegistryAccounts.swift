/// Users, organisations and who belongs to them.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient

extension Registry {
  /// - Throws: `Problem` where there is no such account.
  static func account(_ name: String, _ database: Database) throws -> Account {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT * FROM accounts WHERE name = ?", arguments: [name])
    else { throw Problem.notFound("There is no user or organisation \(quoted(name))") }
    return Account(row)
  }

  func account(_ name: String) async throws -> Account {
    try await read { try Registry.account(name, $0) }
  }

  func account(id: Int64) async throws -> Account? {
    try await read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM accounts WHERE id = ?", arguments: [id])
        .map(Account.init)
    }
  }

  func accounts() async throws -> [Account] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM accounts ORDER BY name").map(Account.init)
    }
  }

  /// Makes a user or an organisation.
  ///
  /// - Throws: `Problem` for a name that is taken, reserved or not allowed.
  func makeAccount(
    _ name: String, kind: Account.Kind, fullName: String, email: String?, isAdministrator: Bool,
    passwordHash: String?, by actor: String
  ) async throws -> Account {
    try Self.checkAccountName(name)
    return try await write { database in
      try Self.requireUnused(email, database)
      do {
        try database.execute(
          sql: """
            INSERT INTO accounts (name, kind, full_name, email, is_administrator, password,
              must_change_password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            name, kind.rawValue, fullName, email, isAdministrator, passwordHash,
            passwordHash != nil, Moment().milliseconds,
          ])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("The name \(name) is taken")
      }
      try Registry.record(
        kind == .user ? "user.create" : "organisation.create", subject: name, by: actor, database)
      return try Registry.account(name, database)
    }
  }

  /// Signing in goes by address too, so one address is one account's.
  static func requireUnused(_ email: String?, but account: Account? = nil, _ database: Database)
    throws
  {
    guard let email else { return }
    let other = try Int64.fetchOne(
      database, sql: "SELECT id FROM accounts WHERE email = ? AND id IS NOT ?",
      arguments: [email, account?.id])
    guard other == nil else { throw Problem.conflict("Another account has this address") }
  }

  /// Names that are the first part of a path of the hub's own.
  private static let reserved: Set<String> = [
    "api", "static", "assets", "datasets", "spaces", "models", "oauth", "login", "logout",
    "join", "settings", "explore", "tasks", "languages", "base", "compare", "new", "docs", "orgs",
    "organizations", "users", "healthz", "readyz", "livez", "metrics", "favicon.ico", "robots.txt",
    "_lfs", "search", "about", "help", "operator", "anyone", "hub", "theme", "reset", "invitation",
  ]

  static func checkAccountName(_ name: String) throws {
    guard (try? RepositoryIdentifier("\(name)/x")) != nil, name.count <= 42 else {
      throw Problem.unprocessable(
        "\(quoted(name)) cannot be a name: use up to 42 letters, digits, - _ and .")
    }
    guard !reserved.contains(name.lowercased()) else {
      throw Problem.unprocessable("The name \(name) is reserved")
    }
  }

  /// Removes a user: the account is closed, tokens and memberships end, repositories stay.
  func removeUser(_ name: String, by actor: String) async throws {
    try await write { try Self.remove(Registry.account(name, $0), by: actor, $0) }
  }

  static func remove(_ account: Account, by actor: String, _ database: Database) throws {
    guard account.kind == .user else {
      throw Problem.unprocessable("\(account.name) is an organisation, not a user")
    }
    let owned =
      try Int.fetchOne(
        database, sql: "SELECT count(*) FROM repositories WHERE owner_id = ?",
        arguments: [account.id]) ?? 0
    for table in ["tokens", "sessions", "links", "likes", "access_requests"] {
      try database.execute(
        sql: "DELETE FROM \(table) WHERE account_id = ?", arguments: [account.id])
    }
    try database.execute(
      sql: "DELETE FROM memberships WHERE user_id = ?", arguments: [account.id])
    if owned == 0 {
      try database.execute(sql: "DELETE FROM accounts WHERE id = ?", arguments: [account.id])
    } else {
      // Its adapters are used by others; the name stays with them.
      try database.execute(
        sql: """
          UPDATE accounts SET is_disabled = 1, password = NULL, is_administrator = 0, email = NULL
          WHERE id = ?
          """, arguments: [account.id])
    }
    try Registry.record(
      "user.remove", subject: account.name, by: actor, detail: ["repositories": .integer(owned)],
      database)
  }

  func setPassword(_ hash: String, of name: String, mustChange: Bool, by actor: String)
    async throws
  {
    try await write { database in
      let account = try Registry.account(name, database)
      guard account.kind == .user else {
        throw Problem.unprocessable("\(name) is an organisation: it has no password")
      }
      try database.execute(
        sql: """
          UPDATE accounts SET password = ?, must_change_password = ?, is_disabled = 0 WHERE id = ?
          """, arguments: [hash, mustChange, account.id])
      try database.execute(
        sql: "DELETE FROM sessions WHERE account_id = ?", arguments: [account.id])
      try Registry.record("user.password", subject: name, by: actor, database)
    }
  }

  func setQuota(_ bytes: Int?, of name: String, by actor: String) async throws {
    try await write { database in
      let account = try Registry.account(name, database)
      try database.execute(
        sql: "UPDATE accounts SET quota_bytes = ? WHERE id = ?", arguments: [bytes, account.id])
      try Registry.record(
        "account.quota", subject: name, by: actor,
        detail: ["bytes": bytes.map { .integer($0) } ?? .null], database)
    }
  }

  // MARK: - Organisations

  /// Gives a user a role in an organisation, or takes it with nil.
  func setRole(_ role: Role?, of user: String, in organisation: String, by actor: String)
    async throws
  {
    try await write { database in
      let organisationAccount = try Registry.account(organisation, database)
      let member = try Registry.account(user, database)
      guard organisationAccount.kind == .organisation, member.kind == .user else {
        throw Problem.unprocessable("A user is made a member of an organisation")
      }
      if role != .admin {
        try Self.requireAdministrators(of: organisationAccount, without: member, actor, database)
      }
      if let role {
        try database.execute(
          sql: """
            INSERT INTO memberships (organisation_id, user_id, role) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET role = excluded.role
            """, arguments: [organisationAccount.id, member.id, role.rawValue])
      } else {
        try database.execute(
          sql: "DELETE FROM memberships WHERE organisation_id = ? AND user_id = ?",
          arguments: [organisationAccount.id, member.id])
      }
      try Registry.record(
        "organisation.member", subject: organisation, by: actor,
        detail: ["user": .string(user), "role": role.map { .string($0.rawValue) } ?? .null],
        database)
    }
  }

  /// Somebody must be left who can undo things; the operator of the hub always can.
  private static func requireAdministrators(
    of organisation: Account, without user: Account, _ actor: String, _ database: Database
  ) throws {
    guard actor != Caller.operatorOfTheHub else { return }
    let administrators = try Int64.fetchAll(
      database,
      sql: "SELECT user_id FROM memberships WHERE organisation_id = ? AND role = 'admin'",
      arguments: [organisation.id])
    guard administrators != [user.id] else {
      throw Problem.conflict("\(user.name) is the last administrator of \(organisation.name)")
    }
  }

  func members(of organisation: Account) async throws -> [(account: Account, role: Role)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT a.*, m.role FROM memberships m JOIN accounts a ON a.id = m.user_id
          WHERE m.organisation_id = ? ORDER BY a.name
          """, arguments: [organisation.id]
      ).map { (Account($0), Role(rawValue: $0["role"]) ?? .read) }
    }
  }

  /// The organisations a user belongs to.
  func memberships(of user: Account) async throws -> [(account: Account, role: Role)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT a.*, m.role FROM memberships m JOIN accounts a ON a.id = m.organisation_id
          WHERE m.user_id = ? ORDER BY a.name
          """, arguments: [user.id]
      ).map { (Account($0), Role(rawValue: $0["role"]) ?? .read) }
    }
  }

  /// The organisations a caller belongs to.
  func organisations(of caller: Caller) async throws -> [(account: Account, role: Role)] {
    var found: [(Account, Role)] = []
    for (id, role) in caller.roles.sorted(by: { $0.key < $1.key }) {
      if let account = try await account(id: id) { found.append((account, role)) }
    }
    return found
  }

  /// How many repositories of an account a caller may see.
  func repositoryCount(of account: Account, for caller: Caller) async throws -> Int {
    let seesAll =
      caller.onlyRepository == nil && caller.account != nil
      && (caller.visibleOwners?.contains(account.id) ?? true)
    return try await read { database in
      try Int.fetchOne(
        database,
        sql: """
          SELECT count(*) FROM repositories
          WHERE owner_id = ? AND deleted_at IS NULL \(seesAll ? "" : "AND NOT is_private")
          """, arguments: [account.id]) ?? 0
    }
  }
}
