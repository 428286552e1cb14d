/// A forward pass: rows of different adapters, and of none, through one base model at once.
public import BaseModels
internal import Files
public import Tensors

/// A sequence and what acts on it.
public struct Row: Sendable {
  public var sequence: Batch.Sequence
  /// The first applied first; empty is the base model alone.
  public var stack: [BoundAdapter]

  public init(_ sequence: Batch.Sequence, _ stack: [BoundAdapter] = []) {
    self.sequence = sequence
    self.stack = stack
  }

  /// The last adapter's head.
  var head: (any Head)? { stack.last?.head }
}

/// What a row came out as.
public struct RowOutput: Sendable {
  /// `[tokens, width]`, or `[1, width]` where only the first token was read.
  public let hidden: Tensor
  /// `[labels]` or `[tokens, labels]`; nil without a head.
  public let logits: Tensor?
  /// The head read one token for the whole sequence.
  public let isOfSequence: Bool
  /// The embeddings' output and every layer's, each `[tokens, width]`, where they were asked for.
  public let layers: [Tensor]
}

/// How much of the hidden states a caller looks at.
public enum HiddenStates: Sendable {
  /// Only what the heads read; a row without a head gives its first token.
  case unread
  /// The last, of every token.
  case last
  /// Those of every layer.
  case all
}

extension BaseModel {
  /// Runs rows, in any order of adapters; each row's result is what it would be alone.
  ///
  /// - Throws: ``InputFailure`` for a row the model cannot read, ``FileFailure`` for a result that is
  ///   not finite.
  public func forward(_ rows: [Row], hiddenStates: HiddenStates = .unread) throws -> [RowOutput] {
    for row in rows {
      try check(row.sequence)
      try check(row.head)
      try check(row.stack)
    }
    // Rows of one setup come together, so that its small products are as large as they can be.
    let order = rows.groupedBySetup()
    let cuts = pieces(of: order.map { rows[$0].sequence.ids.count })
    let outputs = try parallelMap(cuts.count) { piece in
      run(cuts[piece].map { rows[order[$0]] }, hiddenStates)
    }
    var result = [RowOutput?](repeating: nil, count: rows.count)
    for (index, output) in zip(order, outputs.joined()) {
      guard output.hidden.isFinite, output.logits?.isFinite ?? true else {
        throw notFinite(rows[index], at: index)
      }
      result[index] = output
    }
    return result.compactMap(\.self)
  }

  /// What an adapter's head gives for sequences, in pieces that do not depend on the threads.
  ///
  /// - Returns: for each piece its sequences, and what the head gave for them.
  /// - Throws: ``InputFailure`` for a sequence the model cannot read, ``FileFailure`` for a result that
  ///   is not finite.
  func headOutputs(of adapter: BoundAdapter, for sequences: [Batch.Sequence]) throws
    -> [(sequences: Range<Int>, output: HeadOutput)]
  {
    guard adapter.head != nil else { throw headless(adapter.name) }
    try check(adapter.head)
    for sequence in sequences { try check(sequence) }
    let cuts = pieces(of: sequences.map(\.ids.count), threads: 1)
    return try parallelMap(cuts.count) { piece in
      let ranges = [SetupRange(sequences: 0..<cuts[piece].count, stack: [adapter])]
      let (_, outputs) = runHeads(
        Array(sequences[cuts[piece]]), ranges, AdapterHooks(ranges: ranges), .unread)
      guard let output = outputs.first ?? nil, output.outputs.isFinite else {
        throw notFinite(
          Row(sequences[cuts[piece].lowerBound], [adapter]), at: cuts[piece].lowerBound)
      }
      return (cuts[piece], output)
    }
  }

  private func notFinite(_ row: Row, at index: Int) -> FileFailure {
    let names = row.stack.map(\.name).joined(separator: ", ")
    return FileFailure(
      names.isEmpty ? "model \(name)" : "adapter \(names)", at: "row \(index) of the batch",
      "the result is not a finite number",
      hint: "its weights are damaged or far too large; adapterhub inspect shows their range")
  }

  /// One piece of a batch, whose rows are ordered by setup.
  private func run(_ rows: [Row], _ hiddenStates: HiddenStates) -> [RowOutput] {
    let ranges = setupRanges(rows)
    let (hidden, heads) = runHeads(
      rows.map(\.sequence), ranges, AdapterHooks(ranges: ranges), hiddenStates)
    return zip(ranges, heads).flatMap { range, head in
      range.sequences.map { row in
        RowOutput(
          hidden: hidden.last.rows(hidden.rows.layout[row]),
          logits: head.map { $0.outputs.rows($0.rows.layout[row - range.sequences.lowerBound]) },
          isOfSequence: range.stack.last?.boundHead?.reading(rows[row].sequence).isOne ?? false,
          layers: hidden.layers.map { $0.rows(hidden.rows.layout[row]) })
      }
    }
  }

  /// Runs the model and each range's head, if it has one.
  func runHeads(
    _ sequences: [Batch.Sequence], _ ranges: [SetupRange], _ hooks: AdapterHooks,
    _ hiddenStates: HiddenStates
  ) -> (Hidden, [HeadOutput?]) {
    let readings = ranges.map { range in
      range.sequences.map { range.stack.last?.boundHead?.reading(sequences[$0]) ?? .first }
    }
    let hidden = architecture(
      Batch(sequences), hooks,
      reading: hiddenStates == .unread ? readings.flatMap(\.self) : sequences.map { _ in .all },
      keepingHidden: hiddenStates == .all)
    let outputs = zip(ranges, readings).map { range, readings -> HeadOutput? in
      guard let head = range.stack.last?.boundHead else { return nil }
      let all = hidden.rows.of(range.sequences)
      var read = hidden.last.rows(hidden.rows.layout.rows(of: range.sequences))
      var rows = all
      if hiddenStates != .unread {
        rows = TokenRows(readings, of: all.layout)
        if rows != all { read = read.rows(at: rows.indices(in: all.layout)) }
      }
      return HeadOutput(outputs: head(read, rows), rows: rows)
    }
    return (hidden, outputs)
  }
}

extension BaseModel {
  /// Refuses a stack whose second low-rank adapter would read what does not have its width.
  ///
  /// It reads the first one's change of the output, as in the Python library, not the input.
  func check(_ stack: [BoundAdapter]) throws {
    guard stack.count > 1 else { return }
    for site in sites where site.inputs != site.outputs {
      let acting = stack.filter { $0.projections[site.index]?.readsDelta ?? false }
      let isFirst = stack.first { $0.projections[site.index] != nil }?.identity
      guard let second = acting.first(where: { $0.identity != isFirst }) else { continue }
      throw FileFailure(
        "setup stack(\(stack.map(\.name).joined(separator: ",")))", at: site.path,
        "\(second.name) would read \(site.outputs) numbers there, and it has \(site.inputs) inputs",
        hint: "stack low-rank adapters only at square projections: query, key and value")
    }
  }

  /// Refuses a head that reads what this model's checkpoint does not have.
  func check(_ head: (any Head)?) throws {
    guard let head, head.readsPooler, !architecture.hasPooler else { return }
    throw FileFailure(
      "model \(name)", at: "\(prefix).pooler.dense.weight",
      "the head reads the pooler, and the checkpoint has none",
      hint: "use the base model the adapter was trained on")
  }
}

/// Runs of neighbouring rows with the same adapters.
func setupRanges(_ rows: [Row]) -> [SetupRange] {
  var ranges: [SetupRange] = []
  var start = 0
  for index in 1..<(rows.count + 1)
  where index == rows.count || !rows[index].hasSetup(of: rows[start]) {
    ranges.append(SetupRange(sequences: start..<index, stack: rows[start].stack))
    start = index
  }
  return ranges
}

/// Cuts rows into pieces that threads compute on their own: even ones, and enough to go round.
///
/// A piece of a few hundred tokens keeps its rows in the processor's cache from one layer to the
/// next, and bounds the memory of a pass whatever the batch; smaller ones read the weights too often.
/// Too few tokens stay together, and the threads share each product instead.
func pieces(of lengths: [Int], threads: Int = threadCount) -> [Range<Int>] {
  let tokens = lengths.reduce(0, +)
  guard lengths.count > 1, threads == 1 || tokens >= fewestTokensPerPiece * threads else {
    return lengths.isEmpty ? [] : [0..<lengths.count]
  }
  // Two for each thread where they are not too small, so that none waits long for the last.
  let fewest = threads > 1 && tokens >= 4 * fewestTokensPerPiece * threads ? 2 : 1
  let rounds = (tokens + tokensPerPiece * threads - 1) / (tokensPerPiece * threads)
  let count = min(threads * max(fewest, rounds), lengths.count)
  var cuts: [Range<Int>] = []
  var start = 0
  var seen = 0
  for (index, length) in lengths.enumerated() {
    seen += length
    let left = lengths.count - index - 1
    let due = seen * count >= tokens * (cuts.count + 1)
    if index == lengths.count - 1 || (due && left >= count - cuts.count - 1) {
      cuts.append(start..<index + 1)
      start = index + 1
    }
  }
  return cuts
}

let tokensPerPiece = 256
let fewestTokensPerPiece = 24

extension Row {
  /// Whether two rows have the same adapters in the same order.
  fileprivate func hasSetup(of other: Row) -> Bool { setup == other.setup }

  /// The adapters' identities.
  fileprivate var setup: [BoundAdapter.Identity] { stack.map(\.identity) }
}

extension [Row] {
  /// The indices ordered so that rows of one setup stand together, in the order of their first.
  fileprivate func groupedBySetup() -> [Int] {
    var first: [[BoundAdapter.Identity]: Int] = [:]
    let groups = indices.map { index in
      let setup = self[index].setup
      let group = first[setup] ?? first.count
      first[setup] = group
      return group
    }
    return indices.sorted { (groups[$0], $0) < (groups[$1], $1) }
  }
}
