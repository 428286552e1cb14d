/// What is wrong within the database, and which contents it names.
internal import Files
internal import Foundation
internal import GRDB

extension Registry {
  func problems() async throws -> [String] {
    try await read { try Self.databaseProblems($0) }
  }

  func contents() async throws -> [(digest: String, byteCount: Int)] {
    try await read { try Self.contents($0) }
  }

  /// The content that rows refer to, each once.
  static func contents(_ database: Database) throws -> [(digest: String, byteCount: Int)] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT f.digest, f.byte_count FROM files f
        WHERE EXISTS (SELECT 1 FROM repository_files u WHERE u.name = f.name)
        UNION SELECT digest, byte_count FROM uploads
        """
    ).map { ($0[0], $0[1]) }
  }

  /// What is wrong within the database.
  static func databaseProblems(_ database: Database) throws -> [String] {
    var problems: [String] = []
    let verdicts = try String.fetchAll(database, sql: "PRAGMA integrity_check")
    if verdicts != ["ok"] { problems += verdicts.map { "database: \($0)" } }
    for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
      problems.append("database: a row of \(row[0] as String) refers to nothing")
    }
    if let row = try brokenAuditRow(database) {
      problems.append("audit log: row \(row) was changed")
    }
    // Every commit: its parent, its trees, its files, and its own name.
    let commits = try Row.fetchCursor(
      database,
      sql: "SELECT c.* FROM commits c JOIN repositories r ON r.id = c.repository_id")
    var trees: [String: [String]] = [:]
    while let row = try commits.next() {
      let (repository, commit): (Int64, GitCommit) = (row["repository_id"], GitCommit(row))
      let computed = GitCommit(
        tree: commit.tree, parent: commit.parent, author: commit.author, time: commit.time,
        title: commit.title, message: commit.message)
      if computed.name != commit.name {
        problems.append("commit \(commit.name) has another content than its name says")
      }
      if let parent = commit.parent,
        try findCommit(parent, repository, database) == nil
      {
        problems.append("commit \(commit.name): its parent \(parent) is missing")
      }
      let files: [String]
      if let known = trees[commit.tree] {
        files = known
      } else {
        files = try blobs(of: commit.tree, &problems, database)
        trees[commit.tree] = files
      }
      for file in files {
        let isKnown = try Bool.fetchOne(
          database, sql: "SELECT 1 FROM repository_files WHERE repository_id = ? AND name = ?",
          arguments: [repository, file])
        if isKnown == nil { problems.append("commit \(commit.name): file \(file) is missing") }
      }
    }
    for row in try Row.fetchAll(
      database,
      sql: """
        SELECT v.name, v.commit_name FROM revisions v LEFT JOIN commits c
        ON c.repository_id = v.repository_id AND c.name = v.commit_name WHERE c.name IS NULL
        """)
    {
      problems.append("revision \(row[0] as String): its commit \(row[1] as String) is missing")
    }
    return problems
  }

  /// The contents below a tree; what is missing or wrong on the way is noted.
  private static func blobs(of tree: String, _ problems: inout [String], _ database: Database)
    throws -> [String]
  {
    var (found, open): ([String], [String]) = ([], [tree])
    while let name = open.popLast() {
      let content =
        try Data.fetchOne(
          database, sql: "SELECT content FROM trees WHERE name = ?", arguments: [name]
        )
        .map { [UInt8]($0) }
      guard let content, GitObject.name("tree", content) == name else {
        problems.append("tree \(name) is missing or has other content")
        continue
      }
      for entry in GitTree.entries(content) {
        if entry.isFolder { open.append(entry.object) } else { found.append(entry.object) }
      }
    }
    return found
  }
}
