internal import Files

/// The names of the classes, in the order of a head's outputs.
///
/// They are what the training data has, sorted: numbers by value, other names by code point, so
/// that the same data gives the same head on every machine. Names are compared byte by byte.
public struct LabelSet: Sendable, Equatable {
  public let names: [String]
  private let positions: [ExactName: Int]

  /// Names in the order given; one that comes again counts once.
  public init(_ names: some Sequence<String>) {
    var kept: [String] = []
    var positions: [ExactName: Int] = [:]
    for name in names where positions[ExactName(name)] == nil {
      positions[ExactName(name)] = kept.count
      kept.append(name)
    }
    self.names = kept
    self.positions = positions
  }

  /// The names of training data, sorted.
  public init(sorting names: some Sequence<String>) {
    let distinct = Set(names.lazy.map(ExactName.init)).map(\.text)
    let values = distinct.compactMap { name in
      Double(name).flatMap { $0.isFinite ? (name: name, value: $0) : nil }
    }
    guard values.count == distinct.count else {
      self.init(distinct.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      return
    }
    // "1" and "1.0" are two names of one value; the name decides between them.
    self.init(
      values.sorted { a, b in
        a.value == b.value ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : a.value < b.value
      }.map(\.name))
  }

  public var count: Int { names.count }

  public func index(of name: String) -> Int? { positions[ExactName(name)] }
}

extension LabelSet {
  /// The labels of training data.
  public init(of training: Dataset<LabelledText>) {
    self.init(sorting: training.rows.lazy.flatMap { $0.label?.names ?? [] })
  }

  /// The tags of training data.
  public init(of training: Dataset<TaggedTokens>) {
    self.init(sorting: training.rows.lazy.flatMap { $0.tags ?? [] })
  }

  /// Throws where data has labels that these are not.
  public func check(_ data: Dataset<LabelledText>) throws {
    try check(data.path, data.rows.lazy.map { ($0.label?.names ?? [], $0.line) })
  }

  /// Throws where data has tags that these are not.
  public func check(_ data: Dataset<TaggedTokens>) throws {
    try check(data.path, data.rows.lazy.map { ($0.tags ?? [], $0.line) })
  }

  private func check(_ path: String, _ rows: some Sequence<(names: [String], line: Int)>) throws {
    var unknown: [ExactName: Int] = [:]
    var firstLine: Int?
    for row in rows {
      for name in row.names.map(ExactName.init) where positions[name] == nil {
        unknown[name, default: 0] += 1
        firstLine = firstLine ?? row.line
      }
    }
    guard let firstLine else { return }
    let counts = unknown.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }.prefix(10)
      .map { "\(excerpt($0.key.text)) (\($0.value)×)" }
    let known = names.prefix(10).map { excerpt($0) }.joined(separator: ", ")
    throw FileFailure(
      path, at: "line \(firstLine)",
      "\(unknown.count) unknown label\(unknown.count == 1 ? "" : "s"): "
        + counts.joined(separator: ", ") + (unknown.count > 10 ? ", …" : ""),
      hint: "the training data has \(known)\(names.count > 10 ? ", …" : "")")
  }
}
