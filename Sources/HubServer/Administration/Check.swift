/// `fsck`: is everything there that should be, and as it was?
internal import Crypto
internal import Files
internal import Foundation
internal import GRDB

extension HubCore {
  /// Compares the database with itself and with the blobs.
  ///
  /// A deep check reads and hashes every blob; otherwise its size is looked at.
  func check(isDeep: Bool) async throws -> AdminAnswer {
    var problems: [String] = []
    let (found, files) = try await registry.read { database in
      (try Self.databaseProblems(database), try Self.contents(database))
    }
    problems += found
    let blobProblems = try await onDisk { [self] in
      try files.compactMap { file -> String? in
        guard blobs.contains(file.digest) else { return "blob \(file.digest) is missing" }
        let blob = try blobs.open(file.digest)
        guard blob.byteCount == file.byteCount else {
          return "blob \(file.digest) has \(blob.byteCount) bytes, expected \(file.byteCount)"
        }
        guard isDeep else { return nil }
        return try Self.digest(of: blob) == file.digest
          ? nil : "blob \(file.digest) has other content than its name says"
      }
    }
    problems += blobProblems
    var answer = AdminAnswer()
    answer.isGood = problems.isEmpty
    answer.lines =
      problems + [
        problems.isEmpty
          ? "\(files.count) blobs, all as they should be\(isDeep ? ", every byte read" : "")"
          : "\(problems.count) problem\(problems.count == 1 ? "" : "s") found"
      ]
    answer.json =
      JSON.object([
        "ok": .bool(problems.isEmpty), "blobs": .integer(files.count), "deep": .bool(isDeep),
        "problems": .array(problems.map { .string($0) }),
      ]).text(.compact)
    return answer
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

  static func digest(of file: ReadableFile) throws -> String {
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while offset < file.byteCount {
      let count = try buffer.withUnsafeMutableBytes { bytes in
        let count = try file.read(at: offset, into: bytes)
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
      }
      guard count > 0 else { break }
      offset += count
    }
    return hexadecimal(hash.finalize())
  }

  /// What is wrong within the database.
  static func databaseProblems(_ database: Database) throws -> [String] {
    var problems: [String] = []
    let verdicts = try String.fetchAll(database, sql: "PRAGMA integrity_check")
    if verdicts != ["ok"] { problems += verdicts.map { "database: \($0)" } }
    for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
      problems.append("database: a row of \(row[0] as String) refers to nothing")
    }
    if let row = try brokenAudit(database) { problems.append("audit log: row \(row) was changed") }
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
        try Registry.findCommit(parent, repository, database) == nil
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

  private static func brokenAudit(_ database: Database) throws -> Int64? {
    try Registry.brokenAuditRow(database)
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
