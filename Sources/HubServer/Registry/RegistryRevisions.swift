/// Branches and tags.
internal import Files
internal import Foundation
internal import GRDB

extension Registry {
  func makeRevision(
    _ kind: Revision.Kind, _ name: String, at commit: String, message: String?,
    of repository: Repository, by actor: String
  ) async throws {
    try Self.checkRevisionName(name)
    try await write { database in
      // Where both are there, a name means the branch: it would take the tag's place.
      if kind == .branch { try Self.refuseProtected(name, of: repository, database) }
      do {
        try database.execute(
          sql: """
            INSERT INTO revisions (repository_id, kind, name, commit_name, message)
            VALUES (?, ?, ?, ?, ?)
            """, arguments: [repository.id, kind.rawValue, name, commit, message])
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw Problem.conflict("Reference already exists: \(kind.rawValue) \(name)")
      }
      try Self.record(
        "\(kind.rawValue).create", subject: repository.fullName, by: actor,
        detail: ["name": .string(name), "commit": .string(commit)], database)
    }
  }

  func deleteRevision(
    _ kind: Revision.Kind, _ name: String, of repository: Repository, by actor: String
  ) async throws {
    try await write { database in
      if kind == .tag { try Self.refuseProtected(name, of: repository, database) }
      try database.execute(
        sql: "DELETE FROM revisions WHERE repository_id = ? AND kind = ? AND name = ?",
        arguments: [repository.id, kind.rawValue, name])
      guard database.changesCount == 1 else { throw Problem.noRevision(name) }
      try Self.record(
        "\(kind.rawValue).delete", subject: repository.fullName, by: actor,
        detail: ["name": .string(name)], database)
    }
  }

  /// Replaces a branch's history by one commit with the same files.
  func squash(
    _ branch: String, of repository: Repository, message: String, by author: Account
  ) async throws -> GitCommit {
    try await write { database in
      guard
        let tree = try String.fetchOne(
          database,
          sql: """
            SELECT c.tree FROM revisions v
            JOIN commits c ON c.repository_id = v.repository_id AND c.name = v.commit_name
            WHERE v.repository_id = ? AND v.kind = 'branch' AND v.name = ?
            """, arguments: [repository.id, branch])
      else { throw Problem.noRevision(branch) }
      let commit = GitCommit(
        tree: tree, parent: nil, author: author.name, time: Moment().seconds, title: message,
        message: "")
      try Self.insert(commit, repository: repository.id, database)
      try database.execute(
        sql: """
          UPDATE revisions SET commit_name = ? WHERE repository_id = ? AND kind = 'branch' AND name = ?
          """, arguments: [commit.name, repository.id, branch])
      try Self.touch(repository, database)
      try Self.record(
        "branch.squash", subject: repository.fullName, by: author.name,
        detail: ["branch": .string(branch), "commit": .string(commit.name)], database)
      return commit
    }
  }

  /// Protects a tag from being deleted or hidden, or lets go of it.
  func protect(_ tag: String, _ isProtected: Bool, of repository: Repository, by actor: String)
    async throws
  {
    try await write { database in
      if isProtected {
        let branch = try Bool.fetchOne(
          database,
          sql: """
            SELECT 1 FROM revisions WHERE repository_id = ? AND kind = 'branch' AND name = ?
            """, arguments: [repository.id, tag])
        guard branch == nil else {
          throw Problem.conflict("A branch has the name \(tag) too: delete or rename it first")
        }
      }
      try database.execute(
        sql: """
          UPDATE revisions SET is_protected = ? WHERE repository_id = ? AND kind = 'tag' AND name = ?
          """, arguments: [isProtected, repository.id, tag])
      guard database.changesCount == 1 else { throw Problem.noRevision(tag) }
      try Self.record(
        isProtected ? "tag.protect" : "tag.unprotect", subject: repository.fullName, by: actor,
        detail: ["name": .string(tag)], database)
    }
  }

  func protectedTags(of repository: Repository) async throws -> Set<String> {
    try await read { database in
      try String.fetchSet(
        database,
        sql: """
          SELECT name FROM revisions WHERE repository_id = ? AND kind = 'tag' AND is_protected
          """, arguments: [repository.id])
    }
  }

  private static func refuseProtected(
    _ tag: String, of repository: Repository, _ database: Database
  ) throws {
    let isProtected = try Bool.fetchOne(
      database,
      sql: """
        SELECT is_protected FROM revisions WHERE repository_id = ? AND kind = 'tag' AND name = ?
        """, arguments: [repository.id, tag])
    guard isProtected != true else {
      throw Problem.forbidden(
        "The tag \(tag) is protected: an administrator of \(repository.fullName) must let go of it first"
      )
    }
  }

  /// Git's rules for names, as far as they matter to those who read them.
  static func checkRevisionName(_ name: String) throws {
    let isAllowed =
      !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix("-") && !name.hasPrefix("/")
      && !name.hasSuffix("/") && !name.hasSuffix(".") && !name.hasSuffix(".lock")
      && !name.contains("..") && !name.contains("//") && !name.contains("@{")
      && !name.hasPrefix("refs/") && name != "HEAD"
      && name.unicodeScalars.allSatisfy { scalar in
        scalar.value > 32 && scalar.value != 127 && !isInvisible(scalar)
          && !"~^:?*[\\".unicodeScalars.contains(scalar)
      }
    guard isAllowed else {
      throw Problem.unprocessable("\(quoted(name)) cannot be the name of a branch or a tag")
    }
    guard !isCommitName(name) else {
      throw Problem.unprocessable("\(name) looks like a commit and cannot be a branch or a tag")
    }
  }
}
