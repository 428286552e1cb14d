/// Which adapters act on which row of a batch.
internal import Files
internal import Synchronization

/// Loaded adapters by name, and the composition for rows that have none of their own.
public final class Setups: Sendable {
  private let adapters: [String: BoundAdapter]
  private let names: [String]
  private let setup: String?
  /// The composition for rows without their own: its setups for each row, or the same for all.
  private let shared: (rows: Int?, branches: [[Setup]])?
  /// What rows' own compositions came to be: most rows share a few.
  private let resolved = Mutex<[String: [Setup]]>([:])

  /// - Parameters:
  ///   - adapters: no two of one name.
  ///   - setup: for the rows without their own; nil is the only adapter, or the base model alone
  ///     where there is none. Empty is the base model alone.
  /// - Throws: ``FileFailure`` for a setup that names what is not loaded, or makes no sense.
  public init(_ adapters: [(name: String, adapter: BoundAdapter)], setup: String?) throws {
    let loaded = Dictionary(adapters.map { ($0.name, $0.adapter) }) { first, _ in first }
    let names = adapters.map(\.name)
    self.adapters = loaded
    self.names = names
    self.setup = setup
    shared = try setup.map { setup in
      guard !setup.isEmpty else { return (nil, [[.none]]) }
      let composition = try Composition(setup)
      let rows = composition.rows
      guard rows ?? 1 <= mostRows / composition.mentions else {
        throw FileFailure(
          "setup \(escaped(setup, limit: 80))", "shares out more than \(mostRows) rows",
          hint: "give each row a setup of its own")
      }
      return (
        rows,
        try composition.branches(rows: rows ?? 1) { name in
          try find(name, in: loaded, names, setup)
        }
      )
    }
  }

  /// How many rows there must be, where the setup for all shares them out.
  public var rows: Int? { shared?.rows }

  /// What acts on a row: one setup, or several side by side.
  ///
  /// - Parameters:
  ///   - row: its number, from 0.
  ///   - own: its own composition; nil is the setup for all, empty is none.
  /// - Returns: the branches of the row.
  /// - Throws: ``FileFailure`` for a name that is not loaded, a split of fewer rows, or no setup.
  public func branches(ofRow row: Int, own: String?) throws -> [Setup] {
    if let own { return try branches(own) }
    if let (rows, branches) = shared {
      guard let rows else { return branches[0] }
      guard row < rows else { throw wrongRows("more") }
      return branches[row]
    }
    guard names.count < 2 else {
      throw FileFailure(
        "row \(row)", "has no setup, and several adapters are loaded",
        hint: "say which act: --setup \(names[0]), --setup 'stack(a,b)', or in each row")
    }
    return [names.first.flatMap { adapters[$0] }.map { .adapter($0) } ?? .none]
  }

  /// Refuses another number of rows than the setup for all shares out.
  public func check(rows count: Int) throws {
    if let rows, rows != count { throw wrongRows("\(count)") }
  }

  private func wrongRows(_ found: String) -> FileFailure {
    FileFailure(
      "setup \(escaped(setup ?? "", limit: 80))",
      "splits \(rows ?? 0) rows, and the input has \(found)",
      hint: "the numbers behind the colons must add up to the rows of the input")
  }

  /// The branches of a row by its own composition.
  private func branches(_ setup: String) throws -> [Setup] {
    guard !setup.isEmpty else { return [.none] }
    if let known = resolved.withLock({ $0[setup] }) { return known }
    let branches = try Composition(setup).branches(rows: 1) { name in
      try find(name, in: adapters, names, setup)
    }
    resolved.withLock { known in
      // Rows that all say something else are not worth keeping.
      if known.count < 1_000, setup.utf8.count < 1_000 { known[setup] = branches[0] }
    }
    return branches[0]
  }
}

/// How many rows a setup for all may share out: what it makes of them is kept.
private let mostRows = 1_000_000

private func find(
  _ name: String, in adapters: [String: BoundAdapter], _ names: [String], _ setup: String
) throws -> BoundAdapter {
  guard let found = adapters[name] else {
    let known =
      names.prefix(20).joined(separator: ", ")
      + (names.count > 20 ? " and \(names.count - 20) more" : "")
    throw FileFailure(
      "setup \(escaped(setup, limit: 80))", "no adapter is named \(escaped(name, limit: 80))",
      hint: known.isEmpty ? "give one with --adapter" : "there are: \(known)")
  }
  return found
}
