/// Lists of repositories: filtered, searched, sorted, page by page.
internal import Files
internal import Foundation
internal import GRDB

/// A repository with its description, as lists show it.
struct ListedRepository: Sendable {
  let repository: Repository
  let commit: String
  let library: String?
  let task: String?
  let parameters: Int?
  let card: JSON
  let configuration: JSON
  let facts: JSON?
  let tags: [String]
}

/// What a list is asked for.
struct ListQuery: Sendable {
  enum Order: String, Sendable, CaseIterable {
    case lastModified, createdAt, downloads, likes, trendingScore

    fileprivate var column: String {
      switch self {
      case .lastModified: "updated_at"
      case .createdAt: "created_at"
      case .downloads: "downloads"
      case .likes: "likes"
      case .trendingScore: "trending"
      }
    }
  }

  /// Tags that all must be there.
  var tags: [String] = []
  var author: String?
  var search: String?
  var task: String?
  var gated: Bool?
  var parameters: ClosedRange<Int>?
  var order = Order.trendingScore
  var isAscending = false
  var limit = 100
  /// Where the page before ended.
  var after: Cursor?

  /// Whether columns of the description are asked for.
  fileprivate var needsDescription: Bool { task != nil || parameters != nil }

  /// The place of a repository in an order: its value there, and its id for those that are equal.
  struct Cursor: Sendable, Equatable {
    let order: Order
    let value: Double
    let id: Int64
    /// The list is another one with other filters.
    var text: String { hexadecimal("\(order.rawValue) \(value) \(id)".utf8) }

    init(order: Order, value: Double, id: Int64) {
      self.order = order
      self.value = value
      self.id = id
    }

    init?(_ text: String) {
      guard let bytes = bytes(hexadecimal: text) else { return nil }
      let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
      guard parts.count == 3, let order = Order(rawValue: String(parts[0])),
        let value = Double(parts[1]), value.isFinite, let id = Int64(parts[2])
      else { return nil }
      self.init(order: order, value: value, id: id)
    }
  }
}

extension Registry {
  /// One page of a list, and where the next begins.
  ///
  /// Filters and searches give sets of repositories, which are intersected as bits. Where few are
  /// left these are sorted; where many are left, the index of the order is followed until the page
  /// is full, which then is soon. No single query of SQL is good at both.
  func list(_ query: ListQuery, for caller: Caller) async throws -> (
    repositories: [ListedRepository], next: ListQuery.Cursor?
  ) {
    let generation = searches.generation
    return try await read { [searches] database in
      let wanted = try searches.matches(query, database, generation: generation)
      let places = try Self.places(query, among: wanted, for: caller, database)
      let shown = places.prefix(query.limit)
      let listed = try Self.listed(shown.map(\.id), database)
      guard places.count > query.limit, let last = shown.last else { return (listed, nil) }
      return (listed, ListQuery.Cursor(order: query.order, value: last.value, id: last.id))
    }
  }

  /// How many candidates are sorted rather than looked for along the index.
  private static let fewCandidates = 2000

  /// The repositories of a page in order, and one more where there is one.
  private static func places(
    _ query: ListQuery, among wanted: IdentifierSet?, for caller: Caller, _ database: Database
  ) throws -> [(id: Int64, value: Double)] {
    var (conditions, arguments) = conditions(query, for: caller)
    let column = "r.\(query.order.column)"
    let (sign, direction) = query.isAscending ? (">", "ASC") : ("<", "DESC")
    if let cursor = query.after, cursor.order == query.order {
      conditions.append("(\(column), r.id) \(sign) (?, ?)")
      arguments += [cursor.value, cursor.id]
    }
    let isFew = wanted.map { $0.count <= fewCandidates } ?? false
    if isFew, let wanted {
      // Numbers of our own, no text from outside.
      let list = wanted.identifiers.map(String.init).joined(separator: ",")
      conditions.append("r.id IN (\(list))")
    }
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT r.id, CAST(\(column) AS REAL) FROM repositories r
        \(query.needsDescription ? "JOIN descriptions d ON d.repository_id = r.id" : "")
        WHERE \(conditions.joined(separator: " AND "))
        ORDER BY \(column) \(direction), r.id \(direction)
        """, arguments: StatementArguments(arguments))
    var found: [(id: Int64, value: Double)] = []
    while found.count <= query.limit, let row = try rows.next() {
      let id: Int64 = row[0]
      if isFew || wanted?.contains(id) ?? true { found.append((id, row[1])) }
    }
    return found
  }

  /// What a list asks of the columns of `repositories r` and `descriptions d`.
  private static func conditions(_ query: ListQuery, for caller: Caller) -> (
    [String], [(any DatabaseValueConvertible & Sendable)?]
  ) {
    var conditions = ["r.deleted_at IS NULL"]
    var arguments: [(any DatabaseValueConvertible & Sendable)?] = []
    if let owners = caller.visibleOwners {
      var visible = ["NOT r.is_private"]
      if !owners.isEmpty {
        visible.append("r.owner_id IN (\(owners.map(String.init).joined(separator: ", ")))")
      }
      if let only = caller.onlyRepository, caller.account != nil {
        // Also for its one repository a token is worth what its owner is.
        let owners = caller.ownersInReach.map { owners in
          " AND r.owner_id IN (\(owners.map(String.init).joined(separator: ", ")))"
        }
        visible.append("(r.id = \(only)\(owners ?? ""))")
      }
      conditions.append("(\(visible.joined(separator: " OR ")))")
    }
    if let author = query.author {
      conditions.append("r.owner_id = (SELECT id FROM accounts WHERE name = ?)")
      arguments.append(author)
    }
    if let task = query.task {
      conditions.append("d.task = ?")
      arguments.append(task)
    }
    if let gated = query.gated { conditions.append("r.gated \(gated ? "<>" : "=") 'no'") }
    if let parameters = query.parameters {
      conditions.append("d.parameters BETWEEN ? AND ?")
      arguments += [parameters.lowerBound, parameters.upperBound]
    }
    return (conditions, arguments)
  }

  /// Repositories with their descriptions, in the order of their ids as given.
  private static func listed(_ identifiers: [Int64], _ database: Database) throws
    -> [ListedRepository]
  {
    let list = identifiers.map(String.init).joined(separator: ",")
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT \(Repository.columns), \(ListedRepository.columns) FROM repositories r
        JOIN accounts o ON o.id = r.owner_id JOIN descriptions d ON d.repository_id = r.id
        WHERE r.id IN (\(list))
        """)
    var found: [Int64: ListedRepository] = [:]
    for row in rows { found[row["id"]] = ListedRepository(row) }
    return identifiers.compactMap { found[$0] }
  }

  /// One repository with its description.
  func listed(_ repository: Repository) async throws -> ListedRepository {
    try await read { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: """
            SELECT \(Repository.columns), \(ListedRepository.columns) FROM repositories r
            JOIN accounts o ON o.id = r.owner_id JOIN descriptions d ON d.repository_id = r.id
            WHERE r.id = ?
            """, arguments: [repository.id])
      else { throw Problem.notFound("The repository is gone") }
      return ListedRepository(row)
    }
  }

  /// A person's words as a query for the full-text index: all of them, the last as a beginning.
  ///
  /// - Returns: nil where there is no word in it.
  static func searchExpression(_ text: String) -> String? {
    let words = text.unicodeScalars.split { scalar in
      !(scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_")
    }.prefix(16).map { String(String.UnicodeScalarView($0)) }
    guard let last = words.last else { return nil }
    // Quoted, a word is never taken for an operator; the star makes it a beginning. Only the word
    // that is being typed is one, for beginnings cost many times as much.
    return (words.dropLast().map { "\"\($0)\"" } + ["\"\(last)\"*"]).joined(separator: " ")
  }

  /// A tag's words as they follow one another; nil where there are none.
  static func phrase(_ tag: String) -> String? {
    let words = tag.unicodeScalars.split { scalar in
      !(scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_")
    }.map { String(String.UnicodeScalarView($0)) }
    return words.isEmpty ? nil : "\"\(words.joined(separator: " "))\""
  }

  /// The tags there are, with how many open repositories have them.
  func tagCounts(limit: Int) async throws -> [(tag: String, count: Int)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT t.tag, count(*) AS count FROM tags t JOIN repositories r ON r.id = t.repository_id
          WHERE r.deleted_at IS NULL AND NOT r.is_private GROUP BY t.tag
          ORDER BY count DESC, t.tag LIMIT ?
          """, arguments: [limit]
      ).map { ($0[0], $0[1]) }
    }
  }
}

extension ListedRepository {
  /// The columns that `init(_:)` reads beside the repository's, of a table named d.
  fileprivate static let columns =
    "d.commit_name, d.library, d.task, d.parameters, d.card, d.configuration, d.facts, d.tags"

  fileprivate init(_ row: Row) {
    // One description that cannot be read must not take a list with it.
    func json(_ text: String?) -> JSON? {
      text.flatMap { try? JSON(parsing: Array($0.utf8), path: "description") }
    }
    let tags: [JSON] = if case .array(let tags)? = json(row["tags"]) { tags } else { [] }
    self.init(
      repository: Repository(row), commit: row["commit_name"], library: row["library"],
      task: row["task"], parameters: row["parameters"], card: json(row["card"]) ?? [:],
      configuration: json(row["configuration"]) ?? [:], facts: json(row["facts"]),
      tags: tags.compactMap(\.string))
  }
}
