internal import Files

/// The broken rows of a file, collected so that one run shows many of them.
struct BadRows {
  let path: String
  /// How many may be left out.
  let allowed: Int
  private(set) var failures: [FileFailure] = []

  /// More would not be read by anyone.
  static let shown = 20

  init(path: String, allowed: Int) {
    self.path = path
    self.allowed = allowed
  }

  /// What the body reads, or nil where the row is broken and noted.
  mutating func collecting<Value>(_ body: () throws -> Value) throws -> Value? {
    do {
      return try body()
    } catch let failure as FileFailure {
      failures.append(failure)
      if failures.count > allowed, failures.count >= Self.shown { try finish(stopped: true) }
      return nil
    }
  }

  /// Throws where more rows are broken than may be left out.
  func finish(stopped: Bool = false) throws {
    guard failures.count > allowed, let first = failures.first else { return }
    if failures.count == 1 { throw first }
    let list = failures.prefix(Self.shown).map { failure in
      let hint = failure.hint.map { " (\($0))" } ?? ""
      return "\n  \(failure.place ?? "?"): \(failure.problem)\(hint)"
    }
    throw FileFailure(
      path, "\(failures.count)\(stopped ? " or more" : "") broken rows:" + list.joined() + "\n ",
      hint: "mend them, or leave out up to N of them with --skip-bad-rows N")
  }
}
