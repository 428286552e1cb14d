/// Descriptions as they are stored, and what searches look in.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient

extension Registry {
  func describe(_ repository: Repository, commit: String, _ description: Description) async throws {
    try await write { database in
      // Another commit may have landed since; it describes itself.
      let head = try String.fetchOne(
        database,
        sql: """
          SELECT commit_name FROM revisions
          WHERE repository_id = ? AND kind = 'branch' AND name = 'main'
          """, arguments: [repository.id])
      guard head == commit, let repository = try Self.repository(id: repository.id, database) else {
        return
      }
      try Self.describe(repository, commit: commit, description, database)
    }
  }

  func parameterCount(ofModel name: String) async throws -> Int? {
    guard let identifier = try? RepositoryIdentifier(name) else { return nil }
    return try await read { database in
      var id = try Self.findRepository(identifier, database)?.repository.id
      // A team hosts the models of others under its own name.
      if id == nil {
        let candidates = try Int64.fetchAll(
          database,
          sql: """
            SELECT r.id FROM repositories r JOIN descriptions d ON d.repository_id = r.id
            WHERE r.name = ? AND r.deleted_at IS NULL AND d.facts IS NULL AND d.parameters > 0
              AND NOT r.is_private LIMIT 2
            """, arguments: [identifier.name])
        if candidates.count == 1 { id = candidates[0] }
      }
      return try Int.fetchOne(
        database,
        sql: """
          SELECT d.parameters FROM descriptions d JOIN repositories r ON r.id = d.repository_id
          WHERE d.repository_id = ? AND d.facts IS NULL AND NOT r.is_private
          """, arguments: [id])
    }
  }

  func undescribed() async throws -> [(repository: Repository, commit: String)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(Repository.columns), v.commit_name FROM revisions v
          JOIN repositories r ON r.id = v.repository_id JOIN accounts o ON o.id = r.owner_id
          LEFT JOIN descriptions d ON d.repository_id = v.repository_id
          LEFT JOIN explore e ON e.repository_id = v.repository_id
          WHERE v.kind = 'branch' AND v.name = 'main' AND r.deleted_at IS NULL
            AND (d.commit_name IS NULL OR d.commit_name <> v.commit_name
              OR e.repository_id IS NULL)
          """
      ).map { (Repository($0), $0["commit_name"]) }
    }
  }

  /// Writes a description, and what searches look in.
  ///
  /// The card of a gated repository is for those who were let in: no search finds its words, and no
  /// list shows its first sentence.
  static func describe(
    _ repository: Repository, commit: String, _ description: Description, _ database: Database
  ) throws {
    try database.execute(
      sql: """
        INSERT INTO descriptions (repository_id, commit_name, library, task, parameters, card,
          configuration, facts, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET commit_name = excluded.commit_name, library = excluded.library,
          task = excluded.task, parameters = excluded.parameters, card = excluded.card,
          configuration = excluded.configuration, facts = excluded.facts, tags = excluded.tags
        """,
      arguments: [
        repository.id, commit, description.library, description.task, description.parameters,
        description.card.text(.minified), description.configuration.text(.minified),
        description.facts?.text(.minified),
        JSON.array(description.tags.map { .string($0) }).text(.minified),
      ])
    var facets = description.facets
    if repository.gate != .no { facets.summary = "" }
    try Self.write(facets, of: repository, database)
    try database.execute(
      sql: "DELETE FROM tags WHERE repository_id = ?", arguments: [repository.id])
    let insert = try database.cachedStatement(
      sql: "INSERT OR IGNORE INTO tags (tag, repository_id) VALUES (?, ?)")
    for tag in description.tags { try insert.execute(arguments: [tag, repository.id]) }
    try database.execute(sql: "DELETE FROM search WHERE rowid = ?", arguments: [repository.id])
    try database.execute(
      sql: "INSERT INTO search (rowid, name, tags, body) VALUES (?, ?, ?, ?)",
      arguments: [
        repository.id, repository.fullName, description.tags.joined(separator: " "),
        repository.gate == .no ? description.body : "",
      ])
  }
}
