/// Keys and values, from wherever a model has them.

/// Keys and values of all sequences from one place: packed tokens, a prefix, a page of a cache.
public struct KeyValues: Sendable {
  /// Each `[rows, keyHeads · headWidth]`.
  public let key, value: Tensor
  /// The rows of each sequence; empty where it has none here.
  ///
  /// Sequences may share rows.
  public let rows: [Range<Int>]
  /// The position in its sequence of each sequence's first row here.
  ///
  /// Rows that begin before position 0, a prefix, are seen by every query.
  public let positions: [Int]
  /// What is added to the keys' positions for the bias alone; nil where no bias applies to them.
  public let biasOffset: Int?

  public init(
    key: Tensor, value: Tensor, rows: [Range<Int>], positions: [Int], biasOffset: Int? = 0
  ) {
    precondition(
      rows.count == positions.count && rows.allSatisfy { $0.upperBound <= key.rows }
        && key.shape == value.shape,
      "keys of \(key.shape), values of \(value.shape) for \(positions.count) sequences")
    self.key = key
    self.value = value
    self.rows = rows
    self.positions = positions
    self.biasOffset = biasOffset
  }

  /// The tokens of packed sequences, each from its position 0 on.
  public init(key: Tensor, value: Tensor, _ layout: Layout) {
    precondition(key.rows == layout.rows, "keys of \(key.shape) in \(layout.rows) rows")
    self.init(
      key: key, value: value, rows: (0..<layout.sequences).map { layout[$0] },
      positions: [Int](repeating: 0, count: layout.sequences))
  }
}
