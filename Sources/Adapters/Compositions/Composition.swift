/// Compositions of adapters, by name.
internal import Files

/// How adapters work together, as a string says it: `stack(a,b)`, `parallel(a,b)`,
/// `average(a:0.3,b:0.7)`, and of these within each other.
public struct Composition: Sendable, Hashable {
  indirect enum Node: Sendable {
    case adapter(String)
    case block(any CompositionBlock, [Composition])
  }

  let node: Node

  init(_ node: Node) { self.node = node }

  public static func == (a: Composition, b: Composition) -> Bool { a.description == b.description }
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }

  /// Reads a composition string.
  ///
  /// - Throws: ``FileFailure`` naming the string, the place in it and what is possible there.
  public init(_ text: String) throws {
    var reader = CompositionReader(text)
    self = try reader.composition(depth: 0)
    try reader.expectEnd()
  }

  private var children: [Composition] {
    if case .block(_, let children) = node { children } else { [] }
  }

  /// The adapters it names, each once, in order.
  public var names: [String] {
    var names: [String] = []
    func visit(_ composition: Composition) {
      if case .adapter(let name) = composition.node, !names.contains(name) { names.append(name) }
      composition.children.forEach(visit)
    }
    visit(self)
    return names
  }

  /// How many rows a batch must have for it; nil for any number.
  var rows: Int? {
    guard case .block(let block, let children) = node else { return nil }
    return block.rows ?? children.lazy.compactMap(\.rows).first
  }

  /// How often it names an adapter.
  var mentions: Int {
    if case .adapter = node { 1 } else { children.reduce(0) { $0 + $1.mentions } }
  }

  /// The setups of each row of a batch: one, or several where some are parallel.
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
    switch node {
    case .adapter(let name):
      return Array(repeating: [.adapter(try adapter(name))], count: rows)
    case .block(let block, let children):
      return try withoutActuallyEscaping(adapter) { adapter in
        do {
          return try block.branches(
            rows: rows, of: children.map { child in { try child.branches(rows: $0, adapter) } })
        } catch let problem as CompositionProblem {
          throw FileFailure(
            "setup \(escaped(description, limit: 80))", problem.problem, hint: problem.hint)
        }
      }
    }
  }
}

extension Composition: CustomStringConvertible {
  public var description: String {
    switch node {
    case .adapter(let name): name
    case .block(let block, let children): block.description(of: children.map(\.description))
    }
  }
}
