/// Repositories: found, made, renamed, set, deleted.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient

extension Registry {
  /// A repository by its name of now, or by one it had before.
  static func findRepository(_ identifier: RepositoryIdentifier, _ database: Database) throws
    -> KnownRepository?
  {
    // A name alone is nobody's: only an alias can be meant, which no owner has.
    var row = try Row.fetchOne(
      database,
      sql: """
        SELECT \(Repository.columns) FROM repositories r JOIN accounts o ON o.id = r.owner_id
        WHERE o.name = ? AND r.name = ? AND r.deleted_at IS NULL
        """, arguments: [identifier.owner, identifier.name])
    let isMoved = row == nil
    if row == nil {
      row = try Row.fetchOne(
        database,
        sql: """
          SELECT \(Repository.columns) FROM moves m JOIN repositories r ON r.id = m.repository_id
          JOIN accounts o ON o.id = r.owner_id WHERE m.old_name = ? AND r.deleted_at IS NULL
          """, arguments: [identifier.description.lowercased()])
    }
    guard let row else { return nil }
    let repository = Repository(row)
    var (branches, tags): ([String: String], [String: String]) = ([:], [:])
    for row in try Row.fetchAll(
      database, sql: "SELECT kind, name, commit_name FROM revisions WHERE repository_id = ?",
      arguments: [repository.id])
    {
      let kind: String = row[0]
      if kind == Revision.Kind.branch.rawValue {
        branches[row[1]] = row[2]
      } else {
        tags[row[1]] = row[2]
      }
    }
    return KnownRepository(repository: repository, isMoved: isMoved, branches: branches, tags: tags)
  }

  static func repository(id: Int64, _ database: Database) throws -> Repository? {
    try Row.fetchOne(
      database,
      sql: """
        SELECT \(Repository.columns) FROM repositories r JOIN accounts o ON o.id = r.owner_id
        WHERE r.id = ? AND r.deleted_at IS NULL
        """, arguments: [id]
    ).map(Repository.init)
  }

  /// Makes a repository with an empty first commit on its main branch.
  ///
  /// - Throws: `Problem` where the name is taken or not allowed.
  func makeRepository(
    _ name: String, owner: Account, creator: Account, isPrivate: Bool
  ) async throws -> Repository {
    _ = try Self.checkedRepositoryName(owner: owner.name, name: name)
    return try await write { database in
      let now = Moment()
      do {
        try database.execute(
          sql: """
            INSERT INTO repositories
              (owner_id, name, creator_id, is_private, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            owner.id, name, creator.id, isPrivate, now.milliseconds, now.milliseconds,
          ])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("You already created this model repo")
      }
      let id = database.lastInsertedRowID
      // A name that is used anew belongs to the new one.
      try database.execute(
        sql: "DELETE FROM moves WHERE old_name = ?",
        arguments: ["\(owner.name)/\(name)".lowercased()])
      let tree = GitTree([])
      try database.execute(
        sql: "INSERT OR IGNORE INTO trees (name, content) VALUES (?, ?)",
        arguments: [tree.root, Data()])
      let first = GitCommit(
        tree: tree.root, parent: nil, author: creator.name, time: now.seconds,
        title: "initial commit", message: "")
      try Self.insert(first, repository: id, database)
      try database.execute(
        sql:
          "INSERT INTO revisions (repository_id, kind, name, commit_name) VALUES (?, 'branch', 'main', ?)",
        arguments: [id, first.name])
      guard let repository = try Self.repository(id: id, database) else {
        throw Problem.notFound("the repository is gone")
      }
      try Self.describe(repository, commit: first.name, Description.empty, database)
      try Self.record(
        "repository.create", subject: repository.fullName, by: creator.name,
        detail: ["private": .bool(isPrivate)], database)
      return repository
    }
  }

  static func checkedRepositoryName(owner: String, name: String) throws -> RepositoryIdentifier {
    do {
      return try RepositoryIdentifier("\(owner)/\(name)")
    } catch {
      throw Problem.badRequest("Invalid repository name \(quoted(name)): \(error)")
    }
  }

  /// Deletes a repository: it is not to be found any more; its content is swept later.
  func delete(_ repository: Repository, by actor: String) async throws {
    try await write { database in
      try database.execute(
        sql: "UPDATE repositories SET deleted_at = ? WHERE id = ?",
        arguments: [Moment().milliseconds, repository.id])
      try database.execute(sql: "DELETE FROM search WHERE rowid = ?", arguments: [repository.id])
      try database.execute(
        sql: "DELETE FROM tags WHERE repository_id = ?", arguments: [repository.id])
      try Self.record("repository.delete", subject: repository.fullName, by: actor, database)
    }
  }

  /// Gives a repository another name or owner; the old one leads to it from now on.
  func move(_ repository: Repository, to owner: Account, _ name: String, by actor: String)
    async throws
  {
    _ = try Self.checkedRepositoryName(owner: owner.name, name: name)
    try await write { database in
      do {
        try database.execute(
          sql: "UPDATE repositories SET owner_id = ?, name = ?, updated_at = ? WHERE id = ?",
          arguments: [owner.id, name, Moment().milliseconds, repository.id])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("\(owner.name)/\(name) exists already")
      }
      try database.execute(
        sql: "DELETE FROM moves WHERE old_name = ?",
        arguments: ["\(owner.name)/\(name)".lowercased()])
      try database.execute(
        sql: "INSERT OR REPLACE INTO moves (old_name, repository_id) VALUES (?, ?)",
        arguments: [repository.fullName.lowercased(), repository.id])
      if let body = try String.fetchOne(
        database, sql: "SELECT body FROM search WHERE rowid = ?", arguments: [repository.id])
      {
        try database.execute(
          sql: "UPDATE search SET name = ?, body = ? WHERE rowid = ?",
          arguments: ["\(owner.name)/\(name)", body, repository.id])
      }
      try Self.record(
        "repository.move", subject: repository.fullName, by: actor,
        detail: ["to": .string("\(owner.name)/\(name)")], database)
    }
  }

  /// Lets a name lead to a repository beside its own; nil takes that back.
  func alias(_ identifier: RepositoryIdentifier, to repository: Repository?, by actor: String)
    async throws
  {
    let name = identifier.description.lowercased()
    try await write { database in
      try database.execute(sql: "DELETE FROM moves WHERE old_name = ?", arguments: [name])
      if let repository {
        try database.execute(
          sql: "INSERT INTO moves (old_name, repository_id) VALUES (?, ?)",
          arguments: [name, repository.id])
      }
      try Self.record(
        "repository.alias", subject: repository?.fullName ?? "none", by: actor,
        detail: ["name": .string(name)], database)
    }
  }

  func repository(id: Int64) async throws -> Repository? {
    try await read { try Self.repository(id: id, $0) }
  }

  func change(
    _ repository: Repository, isPrivate: Bool?, gate: Gate?, by actor: String
  ) async throws {
    try await write { database in
      if let isPrivate {
        try database.execute(
          sql: "UPDATE repositories SET is_private = ? WHERE id = ?",
          arguments: [isPrivate, repository.id])
      }
      if let gate {
        try database.execute(
          sql: "UPDATE repositories SET gated = ? WHERE id = ?",
          arguments: [gate.rawValue, repository.id])
      }
      // What the card says is not to be found from the moment that it is closed.
      if let gate, gate != .no {
        try database.execute(
          sql: "UPDATE search SET body = '' WHERE rowid = ?", arguments: [repository.id])
        try database.execute(
          sql: "UPDATE explore SET summary = '' WHERE repository_id = ?",
          arguments: [repository.id])
      }
      try Self.record(
        "repository.settings", subject: repository.fullName, by: actor,
        detail: [
          "private": isPrivate.map { .bool($0) } ?? .null,
          "gated": gate.map { .string($0.rawValue) } ?? .null,
        ], database)
    }
  }

  /// Bytes of all that an owner's repositories hold, each counted whole.
  static func usedBytes(owner: Int64, _ database: Database) throws -> Int {
    try Int.fetchOne(
      database,
      sql:
        "SELECT coalesce(sum(used_bytes), 0) FROM repositories WHERE owner_id = ? AND deleted_at IS NULL",
      arguments: [owner]) ?? 0
  }
}

extension Registry {
  /// What was deleted and not swept yet, newest first.
  func deletedRepositories(of owner: Account) async throws
    -> [(repository: Repository, at: Moment)]
  {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(Repository.columns), r.deleted_at FROM repositories r
          JOIN accounts o ON o.id = r.owner_id
          WHERE r.owner_id = ? AND r.deleted_at IS NOT NULL ORDER BY r.deleted_at DESC LIMIT 100
          """, arguments: [owner.id]
      ).map { (Repository($0), Moment(milliseconds: $0["deleted_at"])) }
    }
  }

  /// Takes back that a repository was deleted; lists find it once it is described anew.
  func restore(_ id: Int64, of owner: Account, by actor: String) async throws -> Repository {
    try await write { database in
      do {
        try database.execute(
          sql: """
            UPDATE repositories SET deleted_at = NULL
            WHERE id = ? AND owner_id = ? AND deleted_at IS NOT NULL
            """, arguments: [id, owner.id])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("There is another repository of this name by now: rename it first")
      }
      guard database.changesCount == 1, let repository = try Self.repository(id: id, database)
      else { throw Problem.notFound("It is not there any more: it was swept, or restored before") }
      try Self.record("repository.restore", subject: repository.fullName, by: actor, database)
      return repository
    }
  }
}
