/// Compositions of adapters: `stack(a,b)`, `parallel(a,b)`, `average(a:0.3,b:0.7)`.
internal import Files

/// How adapters work together, as a string says it.
public indirect enum Composition: Sendable, Equatable {
  case adapter(String)
  /// One after the other, each on what the one before gave.
  case stack([Composition])
  /// Side by side: each input has an answer of every one.
  case parallel([Composition])
  /// The sum of what each changes.
  case sum([Composition])
  /// The mean of what each makes, by weights.
  case average([(Composition, weight: Double)])
  /// The tokens of each sequence shared out.
  case split([(Composition, tokens: Int)])
  /// The rows of a batch shared out.
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

  private var children: [Composition] {
    switch self {
    case .adapter: []
    case .stack(let children), .parallel(let children), .sum(let children): children
    case .average(let parts): parts.map(\.0)
    case .split(let parts): parts.map(\.0)
    case .batchSplit(let parts): parts.map(\.0)
    }
  }

  /// The adapters it names, each once, in order.
  public var names: [String] {
    var names: [String] = []
    func visit(_ composition: Composition) {
      if case .adapter(let name) = composition, !names.contains(name) { names.append(name) }
      composition.children.forEach(visit)
    }
    visit(self)
    return names
  }

  /// How many rows a batch must have for it; nil for any number.
  var rows: Int? {
    if case .batchSplit(let parts) = self { return parts.reduce(0) { $0 + $1.rows } }
    return children.lazy.compactMap(\.rows).first
  }

  /// How often it names an adapter.
  var mentions: Int {
    if case .adapter = self { 1 } else { children.reduce(0) { $0 + $1.mentions } }
  }

  /// The setups of each row of a batch: one, or several where some are parallel.
  ///
  /// Parallel parts of a stack go together in pairs, as in the Python library.
  ///
  /// - Parameters:
  ///   - rows: how many the batch has.
  ///   - adapter: finds an adapter by its name.
  /// - Returns: the branches of each row.
  /// - Throws: ``FileFailure`` when a split does not have as many rows as the batch, or parallel parts
  ///   do not go together.
  public func branches(
    rows: Int, _ adapter: (String) throws -> BoundAdapter
  ) throws -> [[Setup]] {
    func joined(_ children: [Composition], _ make: ([Setup]) -> Setup) throws -> [[Setup]] {
      let all = try children.map { try $0.branches(rows: rows, adapter) }
      return try (0..<rows).map { row in
        let parts = all.map { $0[row] }
        let count = parts.map(\.count).max() ?? 1
        guard parts.allSatisfy({ $0.count == 1 || $0.count == count }) else {
          throw FileFailure(
            "setup \(escaped(description, limit: 80))",
            "its parallel parts have \(parts.map { "\($0.count)" }.joined(separator: " and ")) "
              + "branches", hint: "parts that are parallel go together one by one")
        }
        return (0..<count).map { branch in make(parts.map { $0[$0.count == 1 ? 0 : branch] }) }
      }
    }
    switch self {
    case .adapter(let name):
      return Array(repeating: [.adapter(try adapter(name))], count: rows)
    case .stack(let children): return try joined(children) { .stack($0) }
    case .sum(let children): return try joined(children) { .sum($0) }
    case .average(let parts):
      let total = parts.reduce(0) { $0 + $1.weight }
      let weights = parts.map { Float($0.weight / total) }
      return try joined(parts.map(\.0)) { .average(zip($0, weights).map { ($0, $1) }) }
    case .split(let parts):
      return try joined(parts.map(\.0)) { .split(zip($0, parts).map { ($0, $1.tokens) }) }
    case .parallel(let children):
      let all = try children.map { try $0.branches(rows: rows, adapter) }
      return (0..<rows).map { row in all.flatMap { $0[row] } }
    case .batchSplit(let parts):
      let total = parts.reduce(0) { $0 + $1.rows }
      guard total == rows else {
        throw FileFailure(
          "setup \(escaped("\(self)", limit: 80))",
          "splits \(total) rows, and the batch has \(rows)",
          hint: "the numbers behind the colons must add up to the rows of the input")
      }
      return try parts.flatMap { try $0.0.branches(rows: $0.rows, adapter) }
    }
  }
}

extension Composition: CustomStringConvertible {
  public var description: String {
    func list(_ name: String, _ parts: [String]) -> String {
      "\(name)(\(parts.joined(separator: ",")))"
    }
    return switch self {
    case .adapter(let name): name
    case .stack(let children): list("stack", children.map(\.description))
    case .parallel(let children): list("parallel", children.map(\.description))
    case .sum(let children): list("sum", children.map(\.description))
    case .average(let parts): list("average", parts.map { "\($0.0):\($0.weight)" })
    case .split(let parts): list("split", parts.map { "\($0.0):\($0.tokens)" })
    case .batchSplit(let parts): list("batch_split", parts.map { "\($0.0):\($0.rows)" })
    }
  }
}

/// How many adapters a composition may name: parts that are parallel are copied for each of them.
private let mostNames = 256

private struct CompositionReader {
  private let text: String
  private let characters: [Character]
  private var position = 0
  private var named = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  mutating func composition(depth: Int) throws -> Composition {
    guard depth < 8 else { throw failure("nested too deeply") }
    let start = position
    let name = try word()
    guard skip("(") else {
      named += 1
      guard named <= mostNames else {
        throw failure("names more than \(mostNames) adapters")
      }
      return .adapter(name)
    }
    func child(_ reader: inout CompositionReader) throws -> Composition {
      try reader.composition(depth: depth + 1)
    }
    func counted(_ noun: String, _ example: String) throws -> [(Composition, Int)] {
      try list { reader in
        let child = try child(&reader)
        guard reader.skip(":"), let count = Int(try reader.word()),
          (1...1_000_000_000).contains(count)
        else { throw reader.failure("expected : and a number of \(noun)", hint: example) }
        return (child, count)
      }
    }
    switch name {
    case "stack": return .stack(try list(child))
    case "parallel": return .parallel(try list(child))
    case "sum": return .sum(try list(child))
    case "average":
      let parts = try list { reader in
        let child = try child(&reader)
        guard reader.skip(":") else { return (child, weight: 1.0) }
        guard let weight = Double(try reader.word()), weight.isFinite, abs(weight) <= 1e6 else {
          throw reader.failure("expected a weight", hint: "average(a:0.3,b:0.7)")
        }
        return (child, weight: weight)
      }
      guard abs(parts.reduce(0) { $0 + $1.weight }) > 1e-6 else {
        throw failure("the weights add up to 0", hint: "average(a:0.3,b:0.7)")
      }
      return .average(parts)
    case "split":
      return .split(try counted("tokens", "split(a:64,b:64)").map { ($0, tokens: $1) })
    case "batch_split":
      return .batchSplit(try counted("rows", "batch_split(a:2,b:3)").map { ($0, rows: $1) })
    default:
      position = start
      throw failure(
        "\(escaped(name, limit: 80)) is no composition of this version",
        hint: "stack(a,b), parallel(a,b), average(a:0.3,b:0.7), sum(a,b), split(a:64,b:64), "
          + "batch_split(a:2,b:3)")
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
