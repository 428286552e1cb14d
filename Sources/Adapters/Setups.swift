/// Which adapters act on which row of a batch.
internal import Files

/// Loaded adapters by name, and the composition for rows that have none of their own.
public struct Setups: Sendable {
  private let adapters: [(name: String, adapter: BoundAdapter)]
  private let setup: String?

  /// - Parameters:
  ///   - adapters: no two of one name.
  ///   - setup: for the rows without their own; nil is the only adapter, or the base model alone
  ///     where there is none. Empty is the base model alone.
  public init(_ adapters: [(name: String, adapter: BoundAdapter)], setup: String?) {
    self.adapters = adapters
    self.setup = setup
  }

  /// What acts on each row, the first applied first.
  ///
  /// - Parameter own: each row's own composition; nil is the setup for all, empty is none.
  /// - Returns: a stack for each row
  /// - Throws: ``FileFailure`` for a name that is not loaded, a split of other rows, or no setup.
  public func stacks(_ own: [String?]) throws -> [[BoundAdapter]] {
    let shared =
      try own.contains(nil) ? setup.map { try stacks(of: $0, rows: own.count) } : nil
    return try own.enumerated().map { row, own in
      if let own { return try stacks(of: own, rows: 1).first ?? [] }
      if let shared { return shared[row] }
      guard adapters.count < 2 else {
        throw FileFailure(
          "row \(row)", "has no setup, and several adapters are loaded",
          hint: "say which act: --setup \(adapters[0].name), --setup 'stack(a,b)', or in each row")
      }
      return adapters.map(\.adapter)
    }
  }

  private func stacks(of setup: String, rows: Int) throws -> [[BoundAdapter]] {
    guard !setup.isEmpty else { return Array(repeating: [], count: rows) }
    return try Composition(setup).stacks(rows: rows).map { names in
      try names.map { try adapter($0, setup) }
    }
  }

  private func adapter(_ name: String, _ setup: String) throws -> BoundAdapter {
    guard let found = adapters.first(where: { $0.name == name }) else {
      let known =
        adapters.prefix(20).map(\.name).joined(separator: ", ")
        + (adapters.count > 20 ? " and \(adapters.count - 20) more" : "")
      throw FileFailure(
        "setup \(escaped(setup, limit: 80))", "no adapter is named \(escaped(name, limit: 80))",
        hint: known.isEmpty ? "give one with --adapter" : "there are: \(known)")
    }
    return found.adapter
  }
}
