/// Links by which people come in: invitations, and ways back for those who forgot a password.
internal import Files
internal import Foundation
internal import GRDB
internal import HTTPTypes

/// A link that lets somebody in, without its secret.
struct Link: Sendable, Equatable {
  enum Kind: String, Sendable { case hub, organisation, reset }

  let id: Int64
  let kind: Kind
  let accountID: Int64?
  let accountName: String?
  let role: Role?
  let creator: String
  let expiresAt: Moment

  init(_ row: Row) {
    id = row["id"]
    kind = Kind(rawValue: row["kind"]) ?? .hub
    accountID = row["account_id"]
    accountName = row["name"]
    role = (row["role"] as String?).flatMap(Role.init(rawValue:))
    creator = row["creator"]
    expiresAt = Moment(milliseconds: row["expires_at"])
  }
}

extension Registry {
  /// Makes a link; what is returned is part of its address, only its hash stays here.
  func makeLink(
    _ kind: Link.Kind, account: Account?, role: Role?, days: Int, by actor: String
  ) async throws -> String {
    let secret = HubServer.makeToken()
    let now = Moment().milliseconds
    try await write { database in
      try database.execute(
        sql: "DELETE FROM links WHERE expires_at < ?", arguments: [now])
      if kind == .reset {
        guard let account, account.kind == .user else {
          throw Problem.unprocessable("Only users have passwords")
        }
        guard try Self.details(of: account.id, database)?.isDisabled == false else {
          throw Problem.conflict("The account \(account.name) is disabled: enable it first")
        }
        // The newest link is the one that works.
        try database.execute(
          sql: "DELETE FROM links WHERE kind = 'reset' AND account_id = ?",
          arguments: [account.id])
      }
      try database.execute(
        sql: """
          INSERT INTO links (kind, hash, account_id, role, creator, created_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          kind.rawValue, hashOfToken(secret), account?.id, role?.rawValue, actor, now,
          now + Int64(days) * 86_400_000,
        ])
      try Self.record(
        "link.create", subject: account?.name ?? "hub", by: actor,
        detail: [
          "kind": .string(kind.rawValue), "role": role.map { .string($0.rawValue) } ?? .null,
        ], database)
    }
    return secret
  }

  /// The link with a secret; nil where there is none, or not any more.
  func link(_ secret: String) async throws -> Link? {
    try await read { try Self.link(secret, $0) }
  }

  private static func link(_ secret: String, _ database: Database) throws -> Link? {
    guard secret.utf8.count <= 100 else { return nil }
    let link = try Row.fetchOne(
      database,
      sql: """
        SELECT l.*, a.name FROM links l LEFT JOIN accounts a ON a.id = l.account_id
        WHERE l.hash = ? AND l.expires_at > ? AND coalesce(a.is_disabled, 0) = 0
        """, arguments: [hashOfToken(secret), Moment().milliseconds]
    ).map(Link.init)
    guard let link, try mayStill(link, database) else { return nil }
    return link
  }

  /// Whether the one who made a link could make it now: it must not outlive their rights.
  private static func mayStill(_ link: Link, _ database: Database) throws -> Bool {
    if link.creator == Caller.operatorOfTheHub { return true }
    let isAllowed = try Bool.fetchOne(
      database,
      sql: """
        SELECT 1 FROM accounts c WHERE c.name = ?1 AND NOT c.is_disabled AND (c.is_administrator
          OR (?2 = 'organisation' AND EXISTS (SELECT 1 FROM memberships m
            WHERE m.user_id = c.id AND m.organisation_id = ?3 AND m.role = 'admin')))
        """, arguments: [link.creator, link.kind.rawValue, link.accountID])
    return isAllowed ?? false
  }

  /// The links that still work.
  func links(_ kind: Link.Kind, of account: Account?) async throws -> [Link] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT l.*, a.name FROM links l LEFT JOIN accounts a ON a.id = l.account_id
          WHERE l.kind = ? AND l.account_id IS ? AND l.expires_at > ? ORDER BY l.id DESC LIMIT 100
          """, arguments: [kind.rawValue, account?.id, Moment().milliseconds]
      ).map(Link.init)
    }
  }

  func removeLink(_ id: Int64, _ kind: Link.Kind, of account: Account?, by actor: String)
    async throws
  {
    try await write { database in
      try database.execute(
        sql: "DELETE FROM links WHERE id = ? AND kind = ? AND account_id IS ?",
        arguments: [id, kind.rawValue, account?.id])
      guard database.changesCount == 1 else { return }
      try Self.record(
        "link.remove", subject: account?.name ?? "hub", by: actor,
        detail: ["kind": .string(kind.rawValue)], database)
    }
  }

  /// Uses a link up, within the transaction that does what it is for.
  private static func use(_ secret: String, _ kinds: Set<Link.Kind>, _ database: Database) throws
    -> Link
  {
    guard let link = try link(secret, database), kinds.contains(link.kind) else {
      throw Problem(.gone, "This link was used already, or is too old: ask for another")
    }
    try database.execute(sql: "DELETE FROM links WHERE id = ?", arguments: [link.id])
    return link
  }

  /// Makes an account for somebody who chose its name and password; an invitation is used up by it.
  func join(
    _ name: String, fullName: String, email: String?, passwordHash: String, invitation: String?
  ) async throws -> Account {
    try Self.checkAccountName(name)
    return try await write { database in
      let link = try invitation.map { try Self.use($0, [.hub, .organisation], database) }
      try Self.requireUnused(email, database)
      do {
        try database.execute(
          sql: """
            INSERT INTO accounts (name, kind, full_name, email, password, created_at)
            VALUES (?, 'user', ?, ?, ?, ?)
            """, arguments: [name, fullName, email, passwordHash, Moment().milliseconds])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("The name \(name) is taken")
      }
      let account = try Self.account(name, database)
      try Self.record(
        "user.join", subject: name, by: name,
        detail: ["invitedBy": link.map { .string($0.creator) } ?? .null], database)
      if let link, let organisation = link.accountID, let role = link.role {
        try Self.addMember(account, role, organisation, link.creator, database)
      }
      return account
    }
  }

  /// Makes a user a member of the organisation that a link is of.
  func acceptInvitation(_ secret: String, by account: Account) async throws -> Account {
    try await write { database in
      let link = try Self.use(secret, [.organisation], database)
      guard let id = link.accountID, let role = link.role,
        let organisation = try Row.fetchOne(
          database, sql: "SELECT * FROM accounts WHERE id = ?", arguments: [id]
        ).map(Account.init)
      else { throw Problem.notFound("The organisation is gone") }
      try Self.addMember(account, role, id, link.creator, database)
      return organisation
    }
  }

  /// A link can add a role, and raise one; it takes none away.
  private static func addMember(
    _ account: Account, _ role: Role, _ organisation: Int64, _ actor: String, _ database: Database
  ) throws {
    let known = try String.fetchOne(
      database, sql: "SELECT role FROM memberships WHERE organisation_id = ? AND user_id = ?",
      arguments: [organisation, account.id]
    ).flatMap(Role.init(rawValue:))
    if let known, known >= role { return }
    try database.execute(
      sql: "INSERT OR REPLACE INTO memberships (organisation_id, user_id, role) VALUES (?, ?, ?)",
      arguments: [organisation, account.id, role.rawValue])
    let name = try String.fetchOne(
      database, sql: "SELECT name FROM accounts WHERE id = ?", arguments: [organisation])
    try record(
      "organisation.member", subject: name ?? "", by: account.name,
      detail: [
        "user": .string(account.name), "role": .string(role.rawValue), "invitedBy": .string(actor),
      ], database)
  }

  /// Replaces a forgotten password by way of a link, and ends all sessions.
  func resetPassword(_ hash: String, link secret: String) async throws -> Account {
    try await write { database in
      let link = try Self.use(secret, [.reset], database)
      guard let id = link.accountID,
        let account = try Row.fetchOne(
          database, sql: "SELECT * FROM accounts WHERE id = ?", arguments: [id]
        ).map(Account.init)
      else { throw Problem.notFound("The account is gone") }
      try Self.setPassword(hash, of: account, database)
      try database.execute(
        sql: "DELETE FROM sessions WHERE account_id = ?", arguments: [account.id])
      try Self.record(
        "user.password", subject: account.name, by: account.name,
        detail: ["link": .string(link.creator)], database)
      return account
    }
  }
}
