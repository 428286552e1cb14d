/// What a layer may ask for while it runs.
public import Tensors

/// A layer's view of a pass: which rows are at hand, and what adapters answer.
public struct Pass: Sendable {
  /// Which tokens the rows of a layer's input are.
  public let tokens: TokenRows
  /// The rows to compute; in a model's last layer only those that somebody reads.
  public let wanted: TokenRows
  /// The indices of those among the input's; nil for all.
  let wantedIndices: [Int]?
  /// What the encoder made, for a decoder's cross-attention.
  public let memory: Memory?
  let hooks: any Hooks
  /// Where dropout draws from; nil outside training.
  let dropout: DropoutSource?

  /// An encoder's output, and where its sequences lie.
  public struct Memory: Sendable {
    public let states: Tensor
    public let rows: TokenRows
  }

  /// The wanted rows of a layer's input.
  public func wantedRows(of x: Tensor) -> Tensor { wantedIndices.map { x.rows(at: $0) } ?? x }

  /// Which tokens the rows of a tensor are: all that are at hand, or those that are wanted.
  private func rows(of x: Tensor) -> TokenRows {
    let rows = x.rows == wanted.count ? wanted : tokens
    precondition(
      x.rows == rows.count, "\(x.rows) rows, neither \(tokens.count) nor \(wanted.count)")
    return rows
  }

  /// A projection with what adapters make of it, and the activation after it: from `[rows, inputs]`, the
  /// rows at hand or the wanted ones, to `[rows, outputs]`.
  public func projected(
    _ x: Tensor, by projection: Projection, activation: Activation = .linear
  ) -> Tensor {
    projected(x, by: projection, activation: activation, rows(of: x))
  }

  /// A projection of the encoder's output.
  public func projectedMemory(_ memory: Memory, by projection: Projection) -> Tensor {
    projected(memory.states, by: projection, activation: .linear, memory.rows)
  }

  private func projected(
    _ x: Tensor, by projection: Projection, activation: Activation, _ rows: TokenRows
  ) -> Tensor {
    let site = projection.site
    // Where nothing is answered, the activation is computed together with the product.
    guard hooks.acts(at: site) else { return projection.linear(x, activation: activation) }
    let x = hooks.entering(x, at: site, rows)
    return hooks.projected(projection.linear(x), from: x, at: site, rows).activated(activation)
  }

  /// The end of a sub-layer.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, the sub-layer's output.
  ///   - ending: what the model itself does then.
  ///   - probability: how much of the output is dropped in training.
  /// - Returns: `[rows, width]`
  public func ended(_ h: Tensor, _ ending: Ending, dropout probability: Float = 0) -> Tensor {
    let h = dropped(h, probability, at: ending.site.path)
    guard hooks.acts(at: ending.site) else { return ending(h) }
    return hooks.ended(h, ending, rows(of: h))
  }

  /// What adapters make of a layer's output, `[wanted rows, width]`: the same shape.
  public func left(_ x: Tensor, at site: Site) -> Tensor {
    hooks.acts(at: site) ? hooks.left(x, at: site, rows(of: x)) : x
  }

  /// Attention of the wanted rows, or of all, over the sequences' own keys.
  ///
  /// - Parameters:
  ///   - query: `[rows, heads · head width]`
  ///   - key: `[rows at hand, heads of keys · head width]`
  ///   - value: the same.
  ///   - x: `[rows, width]`, what the queries are made of.
  ///   - core: heads, scale, and what is special about it.
  /// - Returns: `[rows, heads · head width]`
  public func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, from x: Tensor, by core: AttentionCore
  ) -> Tensor {
    attended(query, key, value, tokens, from: x, by: core)
  }

  /// Attention over the encoder's output.
  public func attendedMemory(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ memory: Memory, from x: Tensor,
    by core: AttentionCore
  ) -> Tensor {
    attended(query, key, value, memory.rows, from: x, by: core)
  }

  private func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ keys: TokenRows, from x: Tensor,
    by core: AttentionCore
  ) -> Tensor {
    let queries = rows(of: query)
    let prefixes = hooks.acts(at: core.site) ? hooks.prefixes(at: core.site, x, queries) : []
    return attention(
      query, queries.layout, positions: core.needsPositions ? queries.places : nil,
      over: prefixes.map(\.keyValues) + own(key, value, keys.layout, behind: prefixes, core),
      core.shape, bias: core.bias,
      dropout: dropout.flatMap { source in
        core.dropout > 0
          ? AttentionDropout(
            core.dropout, source.at(core.site.path), rows: queries.rowNumbers) : nil
      })
  }

  /// The sequences' own keys and values.
  ///
  /// A bias by distance counts the prefix too, as in the Python library, so that sequences behind
  /// prefixes of different lengths are told apart.
  private func own(
    _ key: Tensor, _ value: Tensor, _ layout: Layout, behind prefixes: [Prefix],
    _ core: AttentionCore
  ) -> [KeyValues] {
    guard core.bias != nil, !prefixes.isEmpty else {
      return [KeyValues(key: key, value: value, layout)]
    }
    let lengths = (0..<layout.sequences).map { sequence in
      prefixes.reduce(0) { $0 + $1.rows[sequence].count }
    }
    return Set(lengths).sorted().map { length in
      KeyValues(
        key: key, value: value,
        rows: lengths.enumerated().map { $1 == length ? layout[$0] : 0..<0 },
        positions: lengths.map { _ in 0 }, biasOffset: length)
    }
  }

  /// Dropout at a place of the model; nothing outside training.
  public func dropped(_ x: Tensor, _ probability: Float, at place: String) -> Tensor {
    x.dropped(probability, dropout?.at(place), rows(of: x))
  }
}

/// The core of an attention: what lies between its projections.
public struct AttentionCore: Sendable {
  public let site: Site
  public let shape: AttentionShape
  /// What is added to scores by distance.
  public let bias: PositionBias?
  /// How much of the probabilities is dropped in training.
  public let dropout: Float

  public init(
    at site: Site, _ shape: AttentionShape, bias: PositionBias? = nil, dropout: Float = 0
  ) {
    self.site = site
    self.shape = shape
    self.bias = bias
    self.dropout = dropout
  }

  /// Whether it matters where a query is.
  var needsPositions: Bool { shape.isCausal || shape.window != nil || bias != nil }
}

extension Prefix {
  /// They lie before position 0, so that every query sees them.
  fileprivate var keyValues: KeyValues {
    KeyValues(
      key: key, value: value, rows: rows, positions: rows.map { -$0.count },
      biasOffset: rows.map(\.count).max() ?? 0)
  }
}
