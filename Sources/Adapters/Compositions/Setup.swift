/// Adapters at work together: what acts on a sequence.
public import BaseModels
internal import Files

/// A tree of adapters that were brought together with a base model.
///
/// Its ways of working together are the blocks in this folder, each with a function that makes one:
/// `.stack([…])`, `.sum([…])`, `.average([…])`, `.split([…])`.
public struct Setup: Sendable {
  indirect enum Node: Sendable {
    case none
    case adapter(BoundAdapter)
    case block(any SetupBlock, [Setup])
  }

  let node: Node

  init(_ block: any SetupBlock, _ parts: [Setup]) { node = .block(block, parts) }
  private init(_ node: Node) { self.node = node }

  /// The base model alone.
  public static let none = Setup(.none)

  public static func adapter(_ adapter: BoundAdapter) -> Setup { Setup(.adapter(adapter)) }

  /// The parts it consists of.
  var parts: [Setup] { if case .block(_, let parts) = node { parts } else { [] } }

  /// The adapters, in order.
  public var adapters: [BoundAdapter] {
    if case .adapter(let adapter) = node { return [adapter] }
    return parts.flatMap(\.adapters)
  }

  /// The one adapter that acts alone; nil for none and for several.
  var single: BoundAdapter? { if case .adapter(let adapter) = node { adapter } else { nil } }

  var isNone: Bool { if case .none = node { true } else { false } }

  /// The adapter whose head answers: the last.
  public var last: BoundAdapter? { adapters.last }

  /// How many rows it adds to each sequence behind the embeddings.
  var addedRows: Int { adapters.reduce(0) { max($0, $1.addedRows) } }

  /// Whether it shares a sequence's tokens out anywhere.
  var sharesTokens: Bool {
    guard case .block(let block, let parts) = node else { return false }
    return block.sharesTokens || parts.contains { $0.sharesTokens }
  }

  func contains(where condition: (BoundAdapter) -> Bool) -> Bool {
    if case .adapter(let adapter) = node { return condition(adapter) }
    return parts.contains { $0.contains(where: condition) }
  }

  func acts(at site: Site) -> Bool { contains { $0.acts(at: site) } }

  func readsWholeSequences(at site: Site) -> Bool {
    contains { $0.readsWholeSequences(at: site) }
  }
}

extension Setup: Hashable {
  /// Setups are the same where the same adapters work together in the same way.
  public static func == (a: Setup, b: Setup) -> Bool {
    switch (a.node, b.node) {
    case (.none, .none): true
    case (.adapter(let a), .adapter(let b)): a.identity == b.identity
    case (.block(let a, let ofA), .block(let b, let ofB)):
      AnyHashable(a) == AnyHashable(b) && ofA == ofB
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch node {
    case .none: hasher.combine(0)
    case .adapter(let adapter): hasher.combine(adapter.identity)
    case .block(let block, let parts):
      hasher.combine(AnyHashable(block))
      hasher.combine(parts)
    }
  }
}

extension Setup: CustomStringConvertible {
  /// As a composition string has it.
  public var description: String {
    switch node {
    case .none: "none"
    case .adapter(let adapter): adapter.name
    case .block(let block, let parts): block.description(of: parts.map(\.description))
    }
  }
}

/// One sequence for the model, and who answers: one setup, or several side by side.
public struct ModelInput: Sendable {
  public var sequence: Batch.Sequence
  /// More than one for `parallel`.
  public var branches: [Setup]

  public init(_ sequence: Batch.Sequence, _ branches: [Setup]) {
    self.sequence = sequence
    self.branches = branches.isEmpty ? [.none] : branches
  }

  public init(_ sequence: Batch.Sequence, _ setup: Setup = .none) {
    self.init(sequence, [setup])
  }

  /// How many rows a pass computes for it.
  var rows: Int {
    branches.reduce(0) {
      $0 + sequence.ids.count + sequence.decoderIds.count + $1.addedRows
    }
  }

  /// With one adapter.
  public init(_ sequence: Batch.Sequence, _ adapter: BoundAdapter) {
    self.init(sequence, .adapter(adapter))
  }
}
