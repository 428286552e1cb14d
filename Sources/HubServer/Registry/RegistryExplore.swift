/// What Explore reads and writes.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient

extension Registry {
  static func write(_ facets: Facets, of repository: Repository, _ database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO explore (repository_id, is_adapter, facets, summary, byte_count,
          base_byte_count, metric, metric_value, is_elsewhere, problem_count)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET is_adapter = excluded.is_adapter, facets = excluded.facets,
          summary = excluded.summary, byte_count = excluded.byte_count,
          base_byte_count = excluded.base_byte_count, metric = excluded.metric,
          metric_value = excluded.metric_value, is_elsewhere = excluded.is_elsewhere,
          problem_count = excluded.problem_count
        """,
      arguments: [
        repository.id, facets.isAdapter, facets.text, facets.summary, facets.byteCount,
        facets.baseByteCount, facets.metric?.name, facets.metric?.value, facets.isElsewhere,
        facets.problemCount,
      ])
  }

  func explore(_ query: ExploreQuery, for caller: Caller) async throws -> ExploreAnswer {
    let (index, version) = try await explorer.current(self)
    let visible = index.visible(to: caller)
    let words = query.text.isEmpty ? nil : Self.searchExpression(query.text)
    // Words that cannot be searched for are found nowhere.
    let isVain = !query.text.isEmpty && words == nil
    return try await read { [explorer] database in
      var found = isVain ? IdentifierSet() : visible
      if let words {
        found.formIntersection(try explorer.matches(words, version: version, database))
      }
      if let owner = query.owner {
        let id = try Int64.fetchOne(
          database, sql: "SELECT id FROM accounts WHERE name = ?", arguments: [owner])
        found = id.map { index.owned(by: $0, among: found) } ?? IdentifierSet()
      }
      var (answer, page) = index.answer(query, among: found)
      // What became private since the index was read is not shown.
      answer.cards = try Self.cards(page, database).filter { caller.level($0.repository) >= .read }
      return answer
    }
  }

  func exploreTotals(for caller: Caller) async throws -> ExploreTotals {
    let (index, _) = try await explorer.current(self)
    return index.totals(index.visible(to: caller))
  }

  func exploreCards(_ repositories: [Repository]) async throws -> [Int64: ExploreCard] {
    let cards = try await read { try Self.cards(repositories.map(\.id), $0) }
    return Dictionary(
      cards.filter(\.facets.isAdapter).map { ($0.repository.id, $0) }, uniquingKeysWith: { $1 })
  }

  // MARK: - Rows

  private static let indexColumns = """
    SELECT r.id, r.owner_id, r.is_private, r.trending, r.downloads, r.likes, r.updated_at,
      e.metric, e.metric_value, e.byte_count, e.base_byte_count, e.is_elsewhere, e.facets
    FROM explore e JOIN repositories r ON r.id = e.repository_id
    WHERE e.is_adapter AND r.deleted_at IS NULL
    """

  static func exploreIndex(_ database: Database) throws -> ExploreIndex {
    var index = ExploreIndex()
    let rows = try Row.fetchCursor(database, sql: "\(indexColumns) ORDER BY r.id")
    while let row = try rows.next() { index.insert(ExploreIndex.Row(row)) }
    return index
  }

  /// Those of some repositories that are adapters, and there.
  static func exploreRows(_ identifiers: Set<Int64>, _ database: Database) throws
    -> [Int64: ExploreIndex.Row]
  {
    var found: [Int64: ExploreIndex.Row] = [:]
    let statement = try database.cachedStatement(sql: "\(indexColumns) AND r.id = ?")
    for id in identifiers {
      if let row = try Row.fetchOne(statement, arguments: [id]) {
        found[id] = ExploreIndex.Row(row)
      }
    }
    return found
  }

  static func matches(_ expression: String, _ database: Database) throws -> IdentifierSet {
    let statement = try database.cachedStatement(
      sql: "SELECT rowid FROM search WHERE search MATCH ?")
    var set = IdentifierSet()
    let rows = try Int64.fetchCursor(statement, arguments: [expression])
    while let id = try rows.next() { set.insert(id) }
    return set
  }

  static func matches(_ expression: String, row: Int64, _ database: Database) throws -> Bool {
    let statement = try database.cachedStatement(
      sql: "SELECT 1 FROM search WHERE search MATCH ? AND rowid = ?")
    return try Bool.fetchOne(statement, arguments: [expression, row]) ?? false
  }

  /// Adapters as cards show them, in the order that is given.
  private static func cards(_ identifiers: [Int64], _ database: Database) throws -> [ExploreCard] {
    // Numbers of our own, no text from outside.
    let list = identifiers.map(String.init).joined(separator: ",")
    var found: [Int64: ExploreCard] = [:]
    for row in try Row.fetchAll(
      database,
      sql: """
        SELECT \(Repository.columns), e.* FROM repositories r
        JOIN accounts o ON o.id = r.owner_id JOIN explore e ON e.repository_id = r.id
        WHERE r.id IN (\(list)) AND r.deleted_at IS NULL
        """)
    {
      let repository = Repository(row)
      found[repository.id] = ExploreCard(repository: repository, facets: Facets(row))
    }
    return identifiers.compactMap { found[$0] }
  }
}

extension Facets {
  fileprivate init(_ row: Row) {
    isAdapter = row["is_adapter"]
    var found: [Facet: [String]] = [:]
    Self.forEachValue(in: row["facets"]) { found[$0, default: []].append(String($1)) }
    values = found
    summary = row["summary"]
    byteCount = row["byte_count"]
    baseByteCount = row["base_byte_count"]
    if let name: String = row["metric"], let value: Double = row["metric_value"] {
      metric = MainMetric(name, value)
    }
    isElsewhere = row["is_elsewhere"]
    problemCount = row["problem_count"]
  }
}

extension ExploreIndex.Row {
  fileprivate init(_ row: Row) {
    var rank: Double?
    if let name: String = row["metric"], let value: Double = row["metric_value"] {
      rank = MainMetric(name, value).rank
    }
    self.init(
      id: row[0], owner: row[1], isPrivate: row[2], trending: row[3], downloads: row[4],
      likes: row[5], updated: row[6], metricRank: rank, byteCount: row["byte_count"],
      baseByteCount: row["base_byte_count"], isElsewhere: row["is_elsewhere"], facets: row["facets"]
    )
  }
}
