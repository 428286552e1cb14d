/// One pass of a piece of a batch: inputs become several sequences where setups are side by side.
internal import BaseModels
internal import Tensors

/// What a head gave for a run of sequences.
struct HeadOutput: Sendable {
  /// Of ``BranchedPass/sequences``.
  let sequences: Range<Int>
  /// Each row is a token that was read: `[rows read, outputs]`.
  let outputs: Tensor
  /// Which tokens the rows are.
  let rows: TokenRows
  /// Whether of a sequence one row was read for all of it.
  let isOfSequence: [Bool]
}

/// A pass through the model and through each setup's head.
struct BranchedPass {
  /// Which branch of which input a sequence is.
  struct Branch {
    let input, number: Int
    let sequence: Batch.Sequence
  }

  /// In the order of the rows: those of one setup stand together.
  let sequences: [Branch]
  let heads: [HeadOutput]
  private let hidden: Hidden
  /// The hidden states that were asked for, and the sequence of each of ``sequences`` in them.
  private let observed: [(x: Tensor, rows: TokenRows, isBranched: Bool)]

  /// - Parameters:
  ///   - inputs: those of one setup stand together.
  ///   - base: the model.
  ///   - hiddenStates: how much somebody looks at.
  ///   - options: dropout and cancellation.
  ///   - wantsVocabulary: whether the model's own head answers where no adapter's does.
  ///   - firstNumber: the number of the first input in the step of a training.
  /// - Throws: `CancellationError`.
  init(
    _ inputs: [ModelInput], _ base: BaseModel, _ hiddenStates: HiddenStates,
    _ options: PassOptions, wantsVocabulary: Bool = false, firstNumber: Int = 0
  ) throws {
    let batch = Batch(inputs.map(\.sequence), firstNumber: firstNumber)
    let setups = inputs.map(\.branches)
    let divided = setups.filter { $0.count > 1 }
    // Where several setups answer one input, what lies below all of them is computed once.
    let common = setups.map { $0.count == 1 ? $0[0] : .none }
    let sequences = inputs.indices.flatMap { input in
      setups[input].indices.map {
        Branch(input: input, number: $0, sequence: inputs[input].sequence)
      }
    }.groupedStably { setups[$0.input][$0.number] }
    let order = sequences.map(\.input)
    let below = AdapterHooks(ranges: ranges(of: common))
    let above =
      divided.isEmpty
      ? below : AdapterHooks(ranges: ranges(of: sequences.map { setups[$0.input][$0.number] }))
    var observed: [(x: Tensor, rows: TokenRows, isBranched: Bool)] = []
    let isObserving = hiddenStates == .all
    var isBranched = divided.isEmpty
    func observe(_ layer: Int, _ x: Tensor, _ rows: TokenRows) {
      observed.append((x, rows, isBranched))
    }
    let start: PassState
    if divided.isEmpty {
      start = base.begin(batch, below, options)
    } else if let layer = base.lowestLayer(of: divided.joined()) {
      let whole = try base.run(
        base.begin(batch, below, options), to: layer, below, options,
        observe: isObserving ? observe : nil)
      start = whole.gathered(order)
      isBranched = true
    } else {
      start = base.begin(batch.gathered(order), above, options)
      isBranched = true
    }
    let readings = sequences.map { branch in
      setups[branch.input][branch.number].readings(
        branch.sequence, hiddenStates, base.vocabularyHead(wanted: wantsVocabulary))
    }
    hidden = try base.finish(
      start, above, reading: readings, options, observe: isObserving ? observe : nil)
    self.sequences = sequences
    self.observed = observed
    heads = above.ranges.compactMap { [hidden] range in
      let own = range.setup.last?.boundHead
      guard let head = own ?? base.vocabularyHead(wanted: wantsVocabulary) else { return nil }
      let first = hidden.rows.layout.rows(of: range.sequences).lowerBound
      let chosen = range.sequences.map {
        readings[$0][0].rows(of: $0, in: hidden.rows).map { $0 - first }
      }
      let all = hidden.rows.sequences(range.sequences)
      let read = hidden.last.rows(hidden.rows.layout.rows(of: range.sequences))
      let indices = chosen.flatMap(\.self)
      let isAll = indices.count == all.count
      let rows = isAll ? all : all.rows(chosen)
      let outputs = head(isAll ? read : read.rows(at: indices), rows) { x in
        base.embeddingSite.map { range.setup.unembedded(x, at: $0) } ?? x
      }
      return HeadOutput(
        sequences: range.sequences, outputs: outputs, rows: rows,
        isOfSequence: range.sequences.map { readings[$0][0].isOne })
    }
  }

  /// The hidden states, `[tokens, width]`, or the rows that were read.
  func hidden(of sequence: Int) -> Tensor { tokens(of: sequence, in: hidden.last, hidden.rows) }

  /// What the head gave, `[rows read, outputs]`.
  func logits(of sequence: Int) -> Tensor? {
    heads.first { $0.sequences.contains(sequence) }.map { output in
      output.outputs.rows(output.rows.layout[sequence - output.sequences.lowerBound])
    }
  }

  /// Whether a sequence's head reads one row for all of it.
  func isOfSequence(_ sequence: Int) -> Bool {
    heads.first { $0.sequences.contains(sequence) }.map {
      $0.isOfSequence[sequence - $0.sequences.lowerBound]
    } ?? false
  }

  /// The hidden states of every layer that were asked for.
  func layers(of sequence: Int) -> [Tensor] {
    observed.map { state in
      tokens(of: state.isBranched ? sequence : sequences[sequence].input, in: state.x, state.rows)
    }
  }

  /// The rows of a sequence that are tokens; all where only rows of an adapter's own were read.
  private func tokens(of sequence: Int, in x: Tensor, _ rows: TokenRows) -> Tensor {
    let all = rows.layout[sequence]
    guard !rows.inserted[sequence].isEmpty else { return x.rows(all) }
    let tokens = rows.tokens(of: sequence)
    return tokens.isEmpty ? x.rows(all) : x.rows(at: tokens)
  }
}

extension Setup {
  /// Which rows somebody looks at, the head first.
  fileprivate func readings(
    _ sequence: Batch.Sequence, _ hiddenStates: HiddenStates, _ other: (any BoundHead)?
  ) -> [Reading] {
    let head = (last?.boundHead ?? other)?.reading(sequence)
    guard hiddenStates == .unread else { return head.map { [$0, .all] } ?? [.all] }
    return [head ?? .first]
  }
}

extension BaseModel {
  /// The checkpoint's own head, where it is wanted and there.
  fileprivate func vocabularyHead(wanted: Bool) -> (any BoundHead)? {
    wanted && traits.hasVocabularyHead ? VocabularyHead.bound(to: self) : nil
  }

  /// Behind the embeddings, from where the way back to the vocabulary is known.
  fileprivate var embeddingSite: Site? { sites.first { $0.kind == .embeddings } }

  /// The first layer at which any of some setups acts; nil where one acts before all layers.
  fileprivate func lowestLayer(of setups: some Sequence<Setup>) -> Int? {
    var lowest = traits.layers - 1
    for site in sites where setups.contains(where: { $0.acts(at: site) }) {
      guard let layer = site.layer else { return nil }
      lowest = min(lowest, layer)
    }
    return lowest
  }
}

/// Runs of neighbouring sequences with the same setup.
private func ranges(of setups: [Setup]) -> [SetupRange] {
  var ranges: [SetupRange] = []
  var start = 0
  for index in 1..<(setups.count + 1)
  where index == setups.count || setups[index] != setups[start] {
    ranges.append(SetupRange(sequences: start..<index, setup: setups[start]))
    start = index
  }
  return ranges
}

extension [BranchedPass.Branch] {
  /// Those of one key together, in the order of their first.
  fileprivate func groupedStably(_ key: (Element) -> Setup) -> [Element] {
    var groups: [Setup: Int] = [:]
    let numbered = enumerated().map { index, element -> (Int, Int, Element) in
      let key = key(element)
      let group = groups[key] ?? groups.count
      groups[key] = group
      return (group, index, element)
    }
    return numbered.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
  }
}
