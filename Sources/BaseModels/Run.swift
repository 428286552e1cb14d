/// The loop over a model's layers, written once for all families.
public import Tensors

/// Where a pass stands: in front of a layer, with all rows of its input.
public struct PassState: Sendable {
  /// The next layer, counted over all stacks.
  public let layer: Int
  /// The layer's input, `[rows, width]`.
  public let x: Tensor
  public let rows: TokenRows
  /// The encoder's output, where a decoder is at work.
  public let memory: Pass.Memory?
  let batch: Batch

  /// Sequences in another order, some of them several times: what lies before was computed once for
  /// all.
  public func gathered(_ order: [Int]) -> PassState {
    func gathered(_ x: Tensor, _ rows: TokenRows) -> Tensor {
      x.rows(at: order.flatMap { rows.layout[$0] })
    }
    return PassState(
      layer: layer, x: gathered(x, rows), rows: rows.gathered(order),
      memory: memory.map {
        Pass.Memory(states: gathered($0.states, $0.rows), rows: $0.rows.gathered(order))
      }, batch: batch.gathered(order))
  }
}

/// How a pass is made.
public struct PassOptions: Sendable {
  /// Where dropout draws its numbers from; nil outside training.
  public var dropout: DropoutSource?
  /// Asked between layers.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init() {}
}

/// What a pass gives.
public struct Hidden: Sendable {
  /// The rows that are read of the last hidden state, `[rows read, width]`.
  public let last: Tensor
  /// Which tokens they are.
  public let rows: TokenRows
}

extension BaseModel {
  /// Begins a pass: the embeddings of the first stack.
  public func begin(_ batch: Batch, _ hooks: any Hooks, _ options: PassOptions = .init())
    -> PassState
  {
    let first = traits.stacks.first?.stack ?? .encoder
    let (x, rows) = entered(batch.first, first, batch, hooks, options)
    return PassState(layer: 0, x: x, rows: rows, memory: nil, batch: batch)
  }

  private func entered(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ batch: Batch, _ hooks: any Hooks,
    _ options: PassOptions
  ) -> (Tensor, TokenRows) {
    var pass = EmbeddingPass(
      TokenRows(tokens.layout, numbers: batch.numbers), hooks, options.dropout)
    let x = architecture.embedded(tokens, stack, &pass)
    return (x, pass.rows)
  }

  /// Runs layers, all rows of each.
  ///
  /// - Parameters:
  ///   - start: where the pass stands.
  ///   - end: the layer to stop in front of.
  ///   - hooks: what adapters answer.
  ///   - options: dropout and cancellation.
  ///   - observe: sees each layer's input, and at the end of a stack its finished output, with the
  ///     number of layers that are behind it; only of the last stack.
  /// - Returns: where the pass stands then.
  /// - Throws: `CancellationError` when ``PassOptions/isCancelled`` says so.
  public func run(
    _ start: PassState, to end: Int, _ hooks: any Hooks, _ options: PassOptions = .init(),
    observe: ((Int, Tensor, TokenRows) -> Void)? = nil
  ) throws -> PassState {
    var state = start
    while state.layer < end {
      if options.isCancelled() { throw CancellationError() }
      if isObserved(state.layer) { observe?(state.layer, state.x, state.rows) }
      let pass = Pass(
        tokens: state.rows, wanted: state.rows, wantedIndices: nil, memory: state.memory,
        hooks: hooks, dropout: options.dropout)
      let x = architecture.layer(state.layer, state.x, pass)
      state = next(state, x, hooks, options)
    }
    return state
  }

  /// Runs the rest of a pass, and of its last layer only what is read.
  ///
  /// - Parameters:
  ///   - start: where the pass stands.
  ///   - hooks: what adapters answer.
  ///   - reading: which rows are wanted of each sequence, by each of its readers.
  ///   - options: dropout and cancellation.
  ///   - observe: sees the hidden states, all rows of each, with the number of layers behind it.
  /// - Returns: the rows that are read of the last hidden state.
  /// - Throws: `CancellationError` when ``PassOptions/isCancelled`` says so.
  public func finish(
    _ start: PassState, _ hooks: any Hooks, reading: [[Reading]], _ options: PassOptions = .init(),
    observe: ((Int, Tensor, TokenRows) -> Void)? = nil
  ) throws -> Hidden {
    let final = traits.layers - 1
    let state = try run(start, to: final, hooks, options, observe: observe)
    if options.isCancelled() { throw CancellationError() }
    let stack = traits.stacks.last?.stack ?? .encoder
    if state.layer == final, isObserved(final) { observe?(final, state.x, state.rows) }
    let chosen = reading.enumerated().map { sequence, readings in
      let rows = readings.map { $0.rows(of: sequence, in: state.rows) }
      return rows.count == 1 ? rows[0] : Set(rows.joined()).sorted()
    }
    // Who looks across a sequence needs all of it.
    var isWanted = [Bool](repeating: observe != nil, count: chosen.count)
    for sequences in lastSites.flatMap({ hooks.wholeSequences(at: $0) }) {
      for sequence in sequences { isWanted[sequence] = true }
    }
    let computed = chosen.enumerated().map { sequence, rows in
      isWanted[sequence] ? Array(state.rows.layout[sequence]) : rows
    }
    let indices = computed.flatMap(\.self)
    let isWhole = indices.count == state.rows.count
    let wanted = isWhole ? state.rows : state.rows.rows(computed)
    let pass = Pass(
      tokens: state.rows, wanted: wanted, wantedIndices: isWhole ? nil : indices,
      memory: state.memory, hooks: hooks, dropout: options.dropout)
    let x = architecture.layer(final, state.x, pass)
    let finished = architecture.finished(
      x, stack, FinishingPass(rows: wanted, dropout: options.dropout))
    observe?(traits.layers, finished, wanted)
    guard computed != chosen else { return Hidden(last: finished, rows: wanted) }
    // The places of what is read among what was computed.
    var kept: [[Int]] = []
    for (sequence, rows) in chosen.enumerated() {
      let first = wanted.layout[sequence].lowerBound
      var position = 0
      kept.append(
        rows.compactMap { row in
          while position < computed[sequence].count, computed[sequence][position] < row {
            position += 1
          }
          return position < computed[sequence].count ? first + position : nil
        })
    }
    return Hidden(last: finished.rows(at: kept.flatMap(\.self)), rows: wanted.rows(kept))
  }

  /// Hidden states are those of the last stack.
  private func isObserved(_ layer: Int) -> Bool {
    traits.stacks.last?.layers.contains(layer) ?? false
  }

  /// Where a pass stands behind a layer: in front of the next, or of the decoder's first.
  private func next(
    _ state: PassState, _ x: Tensor, _ hooks: any Hooks, _ options: PassOptions
  ) -> PassState {
    let layer = state.layer + 1
    guard let ended = traits.stacks.first(where: { $0.layers.upperBound == layer }),
      let following = traits.stacks.first(where: { $0.layers.lowerBound == layer })
    else {
      return PassState(
        layer: layer, x: x, rows: state.rows, memory: state.memory, batch: state.batch)
    }
    let states = architecture.finished(
      x, ended.stack, FinishingPass(rows: state.rows, dropout: options.dropout))
    let (entering, rows) = entered(
      state.batch.second, following.stack, state.batch, hooks, options)
    return PassState(
      layer: layer, x: entering, rows: rows,
      memory: Pass.Memory(states: states, rows: state.rows), batch: state.batch)
  }
}
