/// What happens before a stack's first layer and behind its last.
public import Tensors

/// A stack's beginning: what its embeddings may ask for.
public struct EmbeddingPass: Sendable {
  /// Which tokens the rows are; adapters may add rows of their own.
  public private(set) var rows: TokenRows
  let hooks: any Hooks
  let dropout: DropoutSource?

  init(_ rows: TokenRows, _ hooks: any Hooks, _ dropout: DropoutSource?) {
    self.rows = rows
    self.hooks = hooks
    self.dropout = dropout
  }

  /// What adapters make of the embeddings.
  ///
  /// - Parameters:
  ///   - x: `[tokens, embedding width]`
  ///   - site: behind the embeddings.
  /// - Returns: `[rows, embedding width]`, with ``rows`` of what they are from then on.
  public mutating func entered(_ x: Tensor, at site: Site) -> Tensor {
    guard hooks.acts(at: site) else { return x }
    let result: Tensor
    (result, rows) = hooks.embedded(x, at: site, rows)
    return result
  }

  /// Dropout at a place of the model; nothing outside training.
  public func dropped(_ x: Tensor, _ probability: Float, at place: String) -> Tensor {
    x.dropped(probability, dropout?.at(place), rows)
  }
}

/// A stack's end.
public struct FinishingPass: Sendable {
  let rows: TokenRows
  let dropout: DropoutSource?

  /// Dropout at a place of the model; nothing outside training.
  public func dropped(_ x: Tensor, _ probability: Float, at place: String) -> Tensor {
    x.dropped(probability, dropout?.at(place), rows)
  }
}

extension Tensor {
  /// Dropout whose numbers belong to the tokens; nothing without a source.
  public func dropped(_ probability: Float, _ source: DropoutSource?, _ rows: TokenRows) -> Tensor {
    guard let source, probability > 0 else { return self }
    return dropout(probability, source, rows: rows.rowNumbers)
  }
}
