/// Which rows of a pass somebody looks at, and where those lie.
public import Tensors

/// Which tokens of a sequence somebody looks at in the last hidden state; the others are not computed
/// there.
public enum Reading: Sendable, Equatable {
  case all
  /// What classification reads of an encoder.
  case first
  case last
  /// Some, in ascending order.
  case rows([Int])

  /// Whether it is one token, which stands for the whole sequence.
  public var isOne: Bool { self == .first || self == .last }

  /// The places that are read in a sequence of so many tokens.
  public func places(of count: Int) -> [Int] {
    switch self {
    case .all: Array(0..<count)
    case .first: [0]
    case .last: [count - 1]
    case .rows(let places): places
    }
  }
}

/// Rows of a tensor, and whose they are: a sequence's lie together, each at its place there.
///
///     sequence:  0    0    0    1    1        layout: 0 3 5
///     places:    0    1    2    0    4
public struct TokenRows: Sendable, Equatable {
  /// Where each sequence's rows lie.
  public let layout: Layout
  /// The place of each row in its sequence.
  public let places: [Int]

  public init(layout: Layout, places: [Int]) {
    precondition(layout.rows == places.count, "\(places.count) places for \(layout.rows) rows")
    self.layout = layout
    self.places = places
  }

  /// What is read of whole sequences.
  public init(_ readings: [Reading], of layout: Layout) {
    let places = readings.enumerated().map { $1.places(of: layout[$0].count) }
    self.init(layout: Layout(lengths: places.map(\.count)), places: places.flatMap(\.self))
  }

  /// The rows of a run of sequences.
  public func of(_ sequences: Range<Int>) -> TokenRows {
    let offsets = layout.offsets[sequences.lowerBound...sequences.upperBound]
    let first = offsets.first ?? 0
    return TokenRows(
      layout: Layout(offsets: offsets.map { $0 - first }),
      places: Array(places[layout.rows(of: sequences)]))
  }

  /// Where the same tokens lie among the rows of whole sequences.
  public func indices(in layout: Layout) -> [Int] {
    (0..<layout.sequences).flatMap { sequence in
      self.layout[sequence].map { layout[sequence].lowerBound + places[$0] }
    }
  }
}
