/// Attention over packed sequences: each attends to its own keys, wherever those lie, and no square
/// matrix is in memory.

/// `softmax(q·kᵀ·scale)·v` per sequence and head (Vaswani et al., 2017), tile by tile as in
/// FlashAttention (Dao et al., 2022): memory grows with the tokens, not with their square.
///
/// - Parameters:
///   - query: `[queries.rows, heads · headWidth]`
///   - queries: the sequences of the query rows.
///   - positions: of each query row in its sequence, ascending in each; nil where the queries of a
///     sequence are its last rows.
///   - keyValues: the keys and values of each sequence, in one place or several.
///   - shape: heads, scale, and who sees whom.
///   - bias: what is added to scores by distance.
///   - dropout: of the probabilities, while something is trained.
/// - Returns: `[queries.rows, heads · headWidth]`; zeros for a query that sees no key.
public func attention(
  _ query: Tensor, _ queries: Layout, positions: [Int32]? = nil, over keyValues: [KeyValues],
  _ shape: AttentionShape, bias: PositionBias? = nil, dropout: AttentionDropout? = nil
) -> Tensor {
  precondition(
    query.rows == queries.rows && query.width == shape.width
      && keyValues.allSatisfy {
        $0.key.width == shape.keyWidth && $0.rows.count == queries.sequences
      },
    "attention of \(query.shape), \(queries.sequences) sequences, \(shape)")
  let operands = [
    [query], keyValues.flatMap { [$0.key, $0.value] },
    [bias?.byQuery, bias?.byKey].compactMap(\.self),
  ].flatMap(\.self)
  let wanted = operands.map(\.isDifferentiated)
  let logSums = wanted.contains(true) ? Storage(count: query.rows * shape.heads) : nil
  let problem = AttentionProblem(query, queries, positions, keyValues, shape, bias, dropout)
  return .operation(query.shape, operands) { out in
    problem.forward(out, logSums)
  } gradientAtResult: { g, result in
    guard let logSums else { return [] }
    return problem.backward(g, result, logSums, wanted: wanted)
  }
}

/// Dropout of attention's probabilities.
public struct AttentionDropout: Sendable {
  let probability: Float
  let source: DropoutSource
  let rows: [UInt64]?

  /// - Parameters:
  ///   - probability: of each probability to become 0.
  ///   - source: the stream that decides.
  ///   - rows: the number of each query row, as ``Tensor/dropout(_:_:rows:)`` takes it.
  public init(_ probability: Float, _ source: DropoutSource, rows: [UInt64]? = nil) {
    self.probability = probability
    self.source = source
    self.rows = rows
  }
}
