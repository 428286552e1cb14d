/// Commits, and the branches and tags that lead to them.
internal import Files
internal import Foundation
internal import GRDB
internal import HTTPTypes

/// One thing a commit does.
enum Change: Sendable, Equatable {
  /// Puts content at a path: git's name, the SHA-256 and the size of it.
  case put(path: String, name: String, digest: String, byteCount: Int, isLarge: Bool)
  case deleteFile(path: String)
  case deleteFolder(path: String)

  var path: String {
    switch self {
    case .put(let path, _, _, _, _), .deleteFile(let path), .deleteFolder(let path): path
    }
  }
}

/// A commit that is asked for.
struct CommitRequest: Sendable {
  let title: String
  let message: String
  /// The commit that the branch must be at, where the client says so.
  let parent: String?
  let changes: [Change]
}

extension Registry {
  /// Puts a commit onto a branch, or answers with the one that is there already.
  ///
  /// - Returns: the commit, and whether it is new.
  /// - Throws: `Problem`: 412 where the branch is elsewhere than the client thinks, 404 where it is
  ///   not there, 413 and 422 for what limits and rules forbid.
  func commit(
    _ request: CommitRequest, to branch: String, of repository: Repository, by author: Account
  ) async throws -> (commit: GitCommit, isNew: Bool) {
    try await write { [limits] database in
      guard
        let head = try Row.fetchOne(
          database,
          sql: """
            SELECT c.* FROM revisions v JOIN repositories r ON r.id = v.repository_id
            JOIN commits c ON c.repository_id = v.repository_id AND c.name = v.commit_name
            WHERE v.repository_id = ? AND v.kind = 'branch' AND v.name = ? AND r.deleted_at IS NULL
            """, arguments: [repository.id, branch]
        ).map(GitCommit.init)
      else { throw Problem.noRevision(branch) }
      let parent = request.parent ?? head.name
      guard let before = try Self.findSnapshot(repository.id, commit: parent, database) else {
        throw Problem(.preconditionFailed, "There is no commit \(parent) in this repository")
      }
      let files = try Self.apply(request.changes, to: before.files, limits)
      let tree = GitTree(files.map { ($0.path, $0.name) })
      if parent != head.name {
        // The answer to the same request may have been lost on its way.
        if head.parent == parent, head.tree == tree.root { return (head, false) }
        throw Problem(
          .preconditionFailed,
          "A commit has happened since. Please refresh and try again: \(branch) is at \(head.name)")
      }
      if tree.root == before.tree { return (head, false) }

      try Self.checkQuota(files, of: repository, limits, database)
      for (name, content) in tree.objects {
        try database.execute(
          sql: "INSERT OR IGNORE INTO trees (name, content) VALUES (?, ?)",
          arguments: [name, Data(content)])
      }
      for change in request.changes {
        guard case .put(_, let name, let digest, let byteCount, let isLarge) = change else {
          continue
        }
        try Self.checkPresence(of: digest, in: repository.id, database)
        try Self.insertFile(
          name, digest: digest, byteCount: byteCount, isLarge: isLarge,
          repository: repository.id, database)
      }
      let commit = GitCommit(
        tree: tree.root, parent: head.name, author: author.name, time: Moment().seconds,
        title: request.title, message: request.message)
      try Self.insert(commit, repository: repository.id, database)
      try database.execute(
        sql:
          "UPDATE revisions SET commit_name = ? WHERE repository_id = ? AND kind = 'branch' AND name = ?",
        arguments: [commit.name, repository.id, branch])
      try Self.touch(repository, database)
      try Self.record(
        "commit", subject: repository.fullName, by: author.name,
        detail: ["branch": .string(branch), "commit": .string(commit.name)], database)
      return (commit, true)
    }
  }

  /// Refuses content that a sweep may have taken since it was sent.
  private static func checkPresence(of digest: String, in repository: Int64, _ database: Database)
    throws
  {
    let isThere = try Bool.fetchOne(
      database,
      sql: """
        SELECT 1 FROM uploads WHERE repository_id = ?1 AND digest = ?2
        UNION ALL
        SELECT 1 FROM files f JOIN repository_files u ON u.name = f.name
        WHERE f.digest = ?2 AND u.repository_id = ?1 LIMIT 1
        """, arguments: [repository, digest])
    guard isThere != nil else {
      throw Problem(.preconditionFailed, "The content \(digest) has expired: send it again")
    }
  }

  /// Sums up what a repository uses, and notes that it changed.
  static func touch(_ repository: Repository, _ database: Database) throws {
    try database.execute(
      sql: "UPDATE repositories SET updated_at = ? WHERE id = ?",
      arguments: [Moment().milliseconds, repository.id])
    try updateUsedBytes(repository.id, database)
  }

  static func updateUsedBytes(_ repository: Int64, _ database: Database) throws {
    try database.execute(
      sql: """
        UPDATE repositories SET used_bytes = (
          SELECT coalesce(sum(f.byte_count), 0) FROM repository_files u
          JOIN files f ON f.name = u.name WHERE u.repository_id = repositories.id)
        WHERE id = ?
        """, arguments: [repository])
  }

  private static func insertFile(
    _ name: String, digest: String, byteCount: Int, isLarge: Bool, repository: Int64,
    _ database: Database
  ) throws {
    try database.execute(
      sql: "INSERT OR IGNORE INTO files (name, digest, byte_count, is_large) VALUES (?, ?, ?, ?)",
      arguments: [name, digest, byteCount, isLarge])
    // Two contents with one SHA-1 can be made on purpose; the second must not pass for the first.
    let known = try String.fetchOne(
      database, sql: "SELECT digest FROM files WHERE name = ?", arguments: [name])
    guard known == digest else {
      throw Problem.unprocessable("A file with this SHA-1 and other content exists")
    }
    try database.execute(
      sql: "INSERT OR IGNORE INTO repository_files (repository_id, name) VALUES (?, ?)",
      arguments: [repository, name])
    try database.execute(
      sql: "DELETE FROM uploads WHERE repository_id = ? AND digest = ?",
      arguments: [repository, digest])
  }

  private static func checkQuota(
    _ files: [StoredFile], of repository: Repository, _ limits: Limits, _ database: Database
  ) throws {
    guard files.count <= limits.filesPerRepository else {
      throw Problem.tooLarge("A repository may hold \(limits.filesPerRepository) files")
    }
    let new = try files.reduce(0) { sum, file in
      let isKnown = try Bool.fetchOne(
        database,
        sql: "SELECT 1 FROM repository_files WHERE repository_id = ? AND name = ?",
        arguments: [repository.id, file.name])
      return sum + (isKnown == nil ? file.byteCount : 0)
    }
    guard repository.usedBytes + new <= limits.repositoryBytes else {
      throw Problem.tooLarge("A repository may hold \(limits.repositoryBytes) bytes")
    }
    try requireQuota(for: new, of: repository, limits, database)
  }

  /// A commit's files after its changes.
  static func apply(_ changes: [Change], to files: [StoredFile], _ limits: Limits) throws
    -> [StoredFile]
  {
    guard changes.count <= limits.filesPerCommit else {
      throw Problem.tooLarge("A commit may change \(limits.filesPerCommit) files")
    }
    var byPath: [String: StoredFile] = [:]
    for file in files { byPath[file.path] = file }
    for change in changes {
      switch change {
      case .put(let path, let name, let digest, let byteCount, let isLarge):
        byPath[path] = StoredFile(
          path: path, name: name, digest: digest, byteCount: byteCount, isLarge: isLarge)
      case .deleteFile(let path):
        guard byPath.removeValue(forKey: path) != nil else {
          throw Problem.unprocessable("There is no file \(quoted(path)) to delete")
        }
      case .deleteFolder(let path):
        let prefix = path.hasSuffix("/") ? path : path + "/"
        let inside = byPath.keys.filter { $0.utf8.starts(with: prefix.utf8) }
        guard !inside.isEmpty else {
          throw Problem.unprocessable("There is no folder \(quoted(path)) to delete")
        }
        for path in inside { byPath[path] = nil }
      }
    }
    let sorted = byPath.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    // A path cannot be both a file and a folder, and must stay apart on systems that do not tell
    // upper from lower case: every part of the way counts.
    let paths = Set(sorted.map(\.path))
    var folded: [String: String] = [:]
    for file in sorted {
      var rest = file.path[...]
      while true {
        let way = String(rest)
        if let other = folded.updateValue(way, forKey: way.lowercased()), other != way {
          throw Problem.unprocessable(
            "\(quoted(way)) and \(quoted(other)) differ only in upper and lower case")
        }
        guard let slash = rest.lastIndex(of: "/") else { break }
        rest = rest[..<slash]
        if paths.contains(String(rest)) {
          throw Problem.unprocessable("\(quoted(rest)) cannot be a file and a folder")
        }
      }
    }
    return sorted
  }

  static func insert(_ commit: GitCommit, repository: Int64, _ database: Database) throws {
    try database.execute(
      sql: """
        INSERT OR IGNORE INTO commits
          (repository_id, name, tree, parent, author, time, title, message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        repository, commit.name, commit.tree, commit.parent, commit.author, commit.time,
        commit.title, commit.message,
      ])
  }

  // MARK: - Reading

  func commit(_ name: String, of repository: Repository) async throws -> GitCommit? {
    try await read { try Self.findCommit(name, repository.id, $0) }
  }

  static func findCommit(_ name: String, _ repository: Int64, _ database: Database) throws
    -> GitCommit?
  {
    try Row.fetchOne(
      database, sql: "SELECT * FROM commits WHERE repository_id = ? AND name = ?",
      arguments: [repository, name]
    ).map(GitCommit.init)
  }

  /// A commit and those before it, newest first.
  func history(of repository: Repository, from name: String, limit: Int) async throws
    -> [GitCommit]
  {
    try await read { database in
      var commits: [GitCommit] = []
      var next: String? = name
      while let name = next, commits.count < limit,
        let commit = try Self.findCommit(name, repository.id, database)
      {
        commits.append(commit)
        next = commit.parent
      }
      return commits
    }
  }

  /// The commit that an abbreviated name leads to, where it is the only one.
  func commit(abbreviated prefix: String, of repository: Repository) async throws -> String? {
    try await read { database in
      let found = try String.fetchAll(
        database,
        sql: "SELECT name FROM commits WHERE repository_id = ? AND name >= ? AND name < ? LIMIT 2",
        arguments: [repository.id, prefix, prefix + "g"])
      return found.count == 1 ? found.first : nil
    }
  }
}

/// Whether a text is the whole name of a commit.
func isCommitName(_ text: some StringProtocol) -> Bool {
  text.utf8.count == 40
    && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
}

extension GitCommit {
  init(_ row: Row) {
    self.init(
      name: row["name"], tree: row["tree"], parent: row["parent"], author: row["author"],
      time: row["time"], title: row["title"], message: row["message"])
  }

  private init(
    name: String, tree: String, parent: String?, author: String, time: Int, title: String,
    message: String
  ) {
    self.name = name
    self.tree = tree
    self.parent = parent
    self.author = author
    self.time = time
    self.title = title
    self.message = message
  }
}
