/// Which rows of a sequence somebody will look at; the others of the last layer are not computed.
internal import Tensors

/// The rows of one sequence that are read of the last hidden state.
public enum Reading: Sendable, Equatable {
  /// Every token: what token classification reads.
  case all
  /// The first row, which is what classification by an encoder reads.
  case first
  /// The last row, which is what classification by a decoder reads.
  case last
  /// The tokens at some places, ascending.
  case tokens([Int])

  /// The indices of the rows, among all of a batch.
  public func rows(of sequence: Int, in rows: TokenRows) -> [Int] {
    switch self {
    case .all: return rows.tokens(of: sequence)
    case .first: return Array(rows.layout[sequence].prefix(1))
    case .last: return Array(rows.tokens(of: sequence).suffix(1))
    case .tokens(let places):
      return rows.tokens(of: sequence).filter { places.contains(rows.tokenPlace(of: $0, sequence)) }
    }
  }

  /// Whether it is one row, which stands for the whole sequence.
  public var isOne: Bool {
    switch self {
    case .all: false
    case .first, .last: true
    case .tokens(let places): places.count == 1
    }
  }
}
