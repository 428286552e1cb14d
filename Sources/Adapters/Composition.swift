/// Compositions of adapters: `stack(a,b)`, `batch_split(a:2,b:3)`.
internal import Files

/// How adapters work together.
public indirect enum Composition: Sendable, Equatable {
  case adapter(String)
  /// One after the other, each on what the one before gave.
  case stack([Composition])
  /// The rows of a batch shared out, each to its own composition.
  case batchSplit([(Composition, rows: Int)])

  public static func == (a: Composition, b: Composition) -> Bool { a.description == b.description }

  /// Reads a composition string.
  ///
  /// - Throws: ``FileFailure`` naming the string, the place in it and what is possible there.
  public init(_ text: String) throws {
    var reader = CompositionReader(text)
    self = try reader.composition(depth: 0)
    try reader.expectEnd()
  }

  /// The adapters it names, each once, in order.
  public var names: [String] {
    var names: [String] = []
    func visit(_ composition: Composition) {
      switch composition {
      case .adapter(let name): if !names.contains(name) { names.append(name) }
      case .stack(let children): children.forEach(visit)
      case .batchSplit(let parts): parts.forEach { visit($0.0) }
      }
    }
    visit(self)
    return names
  }

  /// The stack of adapters for each row of a batch.
  ///
  /// - Throws: ``FileFailure`` when a split does not have as many rows as the batch.
  public func stacks(rows: Int) throws -> [[String]] {
    switch self {
    case .adapter(let name): return Array(repeating: [name], count: rows)
    case .stack(let children):
      return try children.reduce(Array(repeating: [], count: rows)) { stacks, child in
        try zip(stacks, child.stacks(rows: rows)).map { $0 + $1 }
      }
    case .batchSplit(let parts):
      let total = parts.reduce(0) { $0 + $1.rows }
      guard total == rows else {
        throw FileFailure(
          "setup \(escaped("\(self)", limit: 80))",
          "splits \(total) rows, and the batch has \(rows)",
          hint: "the numbers behind the colons must add up to the rows of the input")
      }
      return try parts.flatMap { try $0.0.stacks(rows: $0.rows) }
    }
  }
}

extension Composition: CustomStringConvertible {
  public var description: String {
    switch self {
    case .adapter(let name): name
    case .stack(let children): "stack(\(children.map(\.description).joined(separator: ",")))"
    case .batchSplit(let parts):
      "batch_split(\(parts.map { "\($0.0):\($0.rows)" }.joined(separator: ",")))"
    }
  }
}

private struct CompositionReader {
  private let text: String
  private let characters: [Character]
  private var position = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  mutating func composition(depth: Int) throws -> Composition {
    guard depth < 8 else { throw failure("nested too deeply") }
    let start = position
    let name = try word()
    guard skip("(") else { return .adapter(name) }
    switch name {
    case "stack":
      return .stack(try list { reader in try reader.composition(depth: depth + 1) })
    case "batch_split":
      return .batchSplit(
        try list { reader in
          let child = try reader.composition(depth: depth + 1)
          guard reader.skip(":"), let rows = Int(try reader.word()),
            (1...1_000_000_000).contains(rows)
          else {
            throw reader.failure("expected : and a number of rows", hint: "batch_split(a:2,b:3)")
          }
          return (child, rows: rows)
        })
    default:
      position = start
      throw failure(
        "\(escaped(name, limit: 80)) is no composition of this version",
        hint: "stack(a,b), batch_split(a:2,b:3)")
    }
  }

  private mutating func list<Element>(
    _ element: (inout CompositionReader) throws -> Element
  ) throws -> [Element] {
    var elements = [try element(&self)]
    while skip(",") { elements.append(try element(&self)) }
    guard skip(")") else { throw failure("expected , or )") }
    return elements
  }

  private mutating func word() throws -> String {
    skipSpace()
    let start = position
    while position < characters.count, !"(),: ".contains(characters[position]) { position += 1 }
    guard position > start else { throw failure("expected a name") }
    return String(characters[start..<position])
  }

  private mutating func skip(_ character: Character) -> Bool {
    skipSpace()
    guard position < characters.count, characters[position] == character else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < characters.count, characters[position] == " " { position += 1 }
  }

  mutating func expectEnd() throws {
    skipSpace()
    guard position == characters.count else { throw failure("unexpected rest") }
  }

  private func failure(_ problem: String, hint: String? = nil) -> FileFailure {
    FileFailure(
      "setup \(escaped(text, limit: 80))", at: "column \(position + 1)", problem, hint: hint)
  }
}
