/// Keeps Explore's columns in step with the database.
internal import Files
internal import GRDB
internal import Synchronization

/// The index in memory, made at the first question and brought up to date at each that follows.
///
/// An observer notes which rows a commit touched; the next question reads these and nothing else. So
/// publishing costs those who browse a row each, and those who publish nothing.
final class Explorer: Sendable {
  private struct State {
    var index: ExploreIndex?
    /// Rows that were touched since.
    var pending: Set<Int64> = []
    var isRefreshing = false
    /// Counts databases: what was read of one before a restore is not kept after it.
    var generation = 0
    /// Counts refreshes.
    var version = 0
    /// Which rows the last refreshes read, by version.
    var changes: [(version: Int, rows: [Int64])] = []
    var searches: [String: (set: IdentifierSet, version: Int)] = [:]
  }

  private let state = Mutex(State())
  private let turn = Turn()

  /// How many searches are kept; of 100,000 repositories each takes 12.5 kB.
  private static let searchLimit = 64

  func observe(_ pool: DatabasePool) {
    pool.add(transactionObserver: RowObserver(self), extent: .databaseLifetime)
  }

  /// Forgets everything, for a database that was replaced.
  func rebuild() {
    state.withLock { state in
      let generation = state.generation + 1
      let version = state.version + 1
      state = State()
      state.generation = generation
      state.version = version
    }
  }

  fileprivate func note(_ rows: Set<Int64>) {
    state.withLock { state in
      // Before the first question there is nothing to be kept up to date.
      if state.index != nil || state.isRefreshing { state.pending.formUnion(rows) }
    }
  }

  /// The index as of now: all that was committed before is in it.
  func current(_ registry: Registry) async throws -> (index: ExploreIndex, version: Int) {
    func upToDate() -> (index: ExploreIndex, version: Int)? {
      state.withLock { state in
        guard state.pending.isEmpty, !state.isRefreshing, let index = state.index else {
          return nil
        }
        return (index, state.version)
      }
    }
    if let current = upToDate() { return current }
    // One at a time: of two that read the same row, the older reading must not come last.
    await turn.begin()
    defer { turn.end() }
    while true {
      if let current = upToDate() { return current }
      let (rows, generation, isNew) = state.withLock { state in
        state.isRefreshing = true
        let rows = state.pending
        state.pending = []
        return (rows, state.generation, state.index == nil)
      }
      do {
        if isNew {
          let index = try await registry.read { try Registry.exploreIndex($0) }
          keep(generation) { $0.index = index }
        } else {
          let found = try await registry.read { try Registry.exploreRows(rows, $0) }
          keep(generation) { state in
            for id in rows where found[id] == nil { state.index?.remove(id) }
            for row in found.values { state.index?.insert(row) }
            if state.index?.isWorn ?? false { state.index = nil }
            state.changes.append((state.version + 1, Array(rows)))
            if state.changes.count > 64 { state.changes.removeFirst(32) }
          }
        }
      } catch {
        state.withLock { state in
          state.pending.formUnion(rows)
          state.isRefreshing = false
        }
        throw error
      }
    }
  }

  private func keep(_ generation: Int, _ change: (inout State) -> Void) {
    state.withLock { state in
      state.isRefreshing = false
      guard state.generation == generation else { return }
      change(&state)
      state.version += 1
    }
  }

  /// The repositories that match a search.
  ///
  /// What is known of one is kept, and asked again only of the rows that were touched since: a word
  /// that half of all cards hold takes longer to look up than everything else about a page.
  func matches(_ expression: String, version: Int, _ database: Database) throws -> IdentifierSet {
    let (known, changed) = state.withLock { state -> (IdentifierSet?, [Int64]) in
      guard let known = state.searches[expression] else { return (nil, []) }
      let missed = state.changes.filter { $0.version > known.version }
      // Each refresh since must be among those that are remembered.
      guard missed.count == state.version - known.version else { return (nil, []) }
      return (known.set, Array(Set(missed.flatMap(\.rows))))
    }
    var set: IdentifierSet
    if let known, changed.count <= 200 {
      guard !changed.isEmpty else { return known }
      set = known
      for id in changed {
        if try Registry.matches(expression, row: id, database) {
          set.insert(id)
        } else {
          set.remove(id)
        }
      }
    } else {
      set = try Registry.matches(expression, database)
    }
    state.withLock { state in
      if state.searches.count >= Self.searchLimit, state.searches[expression] == nil {
        state.searches.removeAll()
      }
      // Older than it is, at worst: then some rows are asked about once more.
      state.searches[expression] = (set, version)
    }
    return set
  }
}

/// Notes the numbers of the rows that a transaction touches, and passes them on when it is done.
private final class RowObserver: TransactionObserver {
  private let explorer: Explorer
  private var rows: Set<Int64> = []

  init(_ explorer: Explorer) { self.explorer = explorer }

  func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
    kind.tableName == "repositories" || kind.tableName == "explore"
  }

  // The row of `explore` has the number of its repository.
  func databaseDidChange(with event: DatabaseEvent) { rows.insert(event.rowID) }

  func databaseDidCommit(_ database: Database) {
    guard !rows.isEmpty else { return }
    explorer.note(rows)
    rows = []
  }

  func databaseDidRollback(_ database: Database) { rows = [] }
}
