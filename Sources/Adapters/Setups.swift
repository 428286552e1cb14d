/// Which adapters act on which row of a batch.
internal import Files
internal import Synchronization

/// Loaded adapters by name, and the composition for rows that have none of their own.
public final class Setups: Sendable {
  private let adapters: [String: BoundAdapter]
  private let names: [String]
  private let setup: String?
  /// What rows' own compositions came to be: most rows share a few.
  private let resolved = Mutex<[String: [Setup]]>([:])

  /// - Parameters:
  ///   - adapters: no two of one name.
  ///   - setup: for the rows without their own; nil is the only adapter, or the base model alone
  ///     where there is none. Empty is the base model alone.
  public init(_ adapters: [(name: String, adapter: BoundAdapter)], setup: String?) {
    self.adapters = Dictionary(adapters.map { ($0.name, $0.adapter) }) { first, _ in first }
    names = adapters.map(\.name)
    self.setup = setup
  }

  /// What acts on each row: one setup, or several side by side.
  ///
  /// - Parameter own: each row's own composition; nil is the setup for all, empty is none.
  /// - Returns: the branches of each row.
  /// - Throws: ``FileFailure`` for a name that is not loaded, a split of other rows, or no setup.
  public func branches(_ own: [String?]) throws -> [[Setup]] {
    let shared =
      try own.contains(nil) ? setup.map { try branches(of: $0, rows: own.count) } : nil
    return try own.enumerated().map { row, own in
      if let own { return try branches(ofRow: own) }
      if let shared { return shared[row] }
      guard names.count < 2 else {
        throw FileFailure(
          "row \(row)", "has no setup, and several adapters are loaded",
          hint: "say which act: --setup \(names[0]), --setup 'stack(a,b)', or in each row")
      }
      return [names.first.flatMap { adapters[$0] }.map { .adapter($0) } ?? .none]
    }
  }

  /// The branches of a row by its own composition.
  private func branches(ofRow setup: String) throws -> [Setup] {
    if let known = resolved.withLock({ $0[setup] }) { return known }
    let branches = try branches(of: setup, rows: 1).first ?? [.none]
    resolved.withLock { known in
      // Rows that all say something else are not worth keeping.
      if known.count < 10_000 { known[setup] = branches }
    }
    return branches
  }

  private func branches(of setup: String, rows: Int) throws -> [[Setup]] {
    guard !setup.isEmpty else { return Array(repeating: [.none], count: rows) }
    return try Composition(setup).branches(rows: rows) { try adapter($0, setup) }
  }

  private func adapter(_ name: String, _ setup: String) throws -> BoundAdapter {
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
}
