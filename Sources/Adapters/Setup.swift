/// Adapters at work together: what acts on a sequence.
public import BaseModels
internal import Files

/// A tree of adapters that were brought together with a base model.
public indirect enum Setup: Sendable {
  /// The base model alone.
  case none
  case adapter(BoundAdapter)
  /// One after the other, each on what the one before gave.
  case stack([Setup])
  /// The sum of what each changes.
  case sum([Setup])
  /// The mean of what each makes; the weights add up to 1.
  case average([(setup: Setup, weight: Float)])
  /// Runs of a sequence's tokens, each with its own.
  case split([(setup: Setup, tokens: Int)])

  /// The parts it consists of.
  var children: [Setup] {
    switch self {
    case .none, .adapter: []
    case .stack(let children), .sum(let children): children
    case .average(let parts): parts.map(\.setup)
    case .split(let parts): parts.map(\.setup)
    }
  }

  /// The adapters, in order.
  public var adapters: [BoundAdapter] {
    if case .adapter(let adapter) = self { return [adapter] }
    return children.flatMap(\.adapters)
  }

  /// The one adapter that acts alone; nil for none and for several.
  var single: BoundAdapter? {
    switch self {
    case .adapter(let adapter): adapter
    case .stack(let children), .sum(let children): children.count == 1 ? children[0].single : nil
    default: nil
    }
  }

  /// The adapter whose head answers: the last.
  public var last: BoundAdapter? { adapters.last }

  /// How many rows it adds to each sequence behind the embeddings.
  var addedRows: Int { adapters.reduce(0) { max($0, $1.addedRows) } }

  /// Whether it shares a sequence's tokens out anywhere.
  var splits: Bool {
    if case .split = self { return true }
    return children.contains { $0.splits }
  }

  func contains(where condition: (BoundAdapter) -> Bool) -> Bool {
    if case .adapter(let adapter) = self { return condition(adapter) }
    return children.contains { $0.contains(where: condition) }
  }

  func acts(at site: Site) -> Bool { contains { $0.acts(at: site) } }

  func readsWholeSequences(at site: Site) -> Bool {
    contains { $0.readsWholeSequences(at: site) }
  }
}

extension Setup: Hashable {
  /// Setups are the same where the same adapters work together in the same way.
  public static func == (a: Setup, b: Setup) -> Bool {
    switch (a, b) {
    case (.none, .none): true
    case (.adapter(let a), .adapter(let b)): a.identity == b.identity
    case (.stack(let a), .stack(let b)), (.sum(let a), .sum(let b)): a == b
    case (.average(let a), .average(let b)):
      a.map(\.setup) == b.map(\.setup) && a.map(\.weight) == b.map(\.weight)
    case (.split(let a), .split(let b)):
      a.map(\.setup) == b.map(\.setup) && a.map(\.tokens) == b.map(\.tokens)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .none: hasher.combine(0)
    case .adapter(let adapter): hasher.combine(adapter.identity)
    case .stack(let children), .sum(let children): hasher.combine(children)
    case .average(let parts):
      for part in parts {
        hasher.combine(part.setup)
        hasher.combine(part.weight)
      }
    case .split(let parts):
      for part in parts {
        hasher.combine(part.setup)
        hasher.combine(part.tokens)
      }
    }
  }
}

extension Setup: CustomStringConvertible {
  /// As a composition string has it.
  public var description: String {
    func list(_ name: String, _ parts: [String]) -> String {
      "\(name)(\(parts.joined(separator: ",")))"
    }
    return switch self {
    case .none: "none"
    case .adapter(let adapter): adapter.name
    case .stack(let children): list("stack", children.map(\.description))
    case .sum(let children): list("sum", children.map(\.description))
    case .average(let parts): list("average", parts.map { "\($0.setup):\($0.weight)" })
    case .split(let parts): list("split", parts.map { "\($0.setup):\($0.tokens)" })
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
