/// The repositories that have a tag or match a search, kept until something changes.
internal import GRDB
internal import Synchronization

/// Sets by tag and by search; made when they are asked for.
final class SearchCache: Sendable {
  /// Who could see what is decided later, by the columns of the repository itself.
  private struct State {
    var generation = 0
    var sets: [String: IdentifierSet] = [:]
    var byteCount = 0
  }

  private static let byteLimit = 16 << 20
  private let state = Mutex(State())

  func forget() {
    state.withLock { state in
      state.generation += 1
      state.sets.removeAll(keepingCapacity: true)
      state.byteCount = 0
    }
  }

  /// Counts changes; to be asked for before a view of the database is opened.
  var generation: Int { state.withLock { $0.generation } }

  /// What a list's tags and search leave; nil where it has neither.
  ///
  /// The generation is that of before the view was opened: what the view shows may be older than the
  /// change that came since, and must not be kept then.
  func matches(_ query: ListQuery, _ database: Database, generation: Int) throws -> IdentifierSet? {
    var found: IdentifierSet?
    func narrow(_ set: IdentifierSet) {
      if found == nil { found = set } else { found?.formIntersection(set) }
    }
    for tag in Set(query.tags) { narrow(try self.tag(tag, database, generation)) }
    if let search = query.search {
      // Where few have the tags, the index of words is asked about them in the same breath.
      let pruned = query.tags.compactMap(Registry.phrase).map { " AND tags : \($0)" }.joined()
      narrow(
        try self.search(
          search, pruned: (found?.count ?? .max) < 30_000 ? pruned : "", database, generation))
    }
    return found
  }

  private func tag(_ tag: String, _ database: Database, _ generation: Int) throws -> IdentifierSet {
    try set("tag \(tag.lowercased())", generation) {
      let statement = try database.cachedStatement(
        sql: "SELECT repository_id FROM tags WHERE tag = ?")
      return try Self.identifiers(statement, tag)
    }
  }

  private func search(
    _ expression: String, pruned: String, _ database: Database, _ generation: Int
  ) throws -> IdentifierSet {
    try set("search \(expression)\(pruned)", generation) {
      let statement = try database.cachedStatement(
        sql: "SELECT rowid FROM search WHERE search MATCH ?")
      return try Self.identifiers(
        statement, pruned.isEmpty ? expression : "(\(expression))\(pruned)")
    }
  }

  private static func identifiers(_ statement: Statement, _ argument: String) throws
    -> IdentifierSet
  {
    var set = IdentifierSet()
    let rows = try Int64.fetchCursor(statement, arguments: [argument])
    while let id = try rows.next() { set.insert(id) }
    return set
  }

  private func set(_ key: String, _ generation: Int, _ make: () throws -> IdentifierSet) throws
    -> IdentifierSet
  {
    if let known = state.withLock({ $0.generation == generation ? $0.sets[key] : nil }) {
      return known
    }
    let made = try make()
    state.withLock { state in
      // What was read before a change must not be kept after it.
      guard state.generation == generation, made.byteCount < Self.byteLimit / 8 else { return }
      if state.byteCount + made.byteCount > Self.byteLimit {
        state.sets.removeAll()
        state.byteCount = 0
      }
      state.sets[key] = made
      state.byteCount += made.byteCount + 100
    }
    return made
  }
}
