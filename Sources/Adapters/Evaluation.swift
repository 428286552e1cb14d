/// How good an adapter is on labelled data.
internal import BaseModels
internal import Tensors

/// What an evaluation found.
public struct Evaluation: Sendable {
  /// The head's main metric first.
  public let metrics: [(name: String, value: Double)]
  /// The mean loss.
  public let loss: Double
  public let examples: Int
  /// Rows that were longer than the model and were cut.
  public let cut: Int
  /// Rows without a token of their own.
  public let empty: Int

  public subscript(_ name: String) -> Double? {
    metrics.first { $0.name == name }?.value
  }
}

extension TextModel {
  /// Reads, encodes and scores the rows of a data file.
  ///
  /// - Parameters:
  ///   - adapter: has the head that the data is for.
  ///   - path: the data file.
  ///   - settings: of these `skipBadRows` alone; the rest is the adapter's head.
  ///   - length: tokens after which rows are cut; nil is as many as the model reads.
  /// - Returns: the metrics and the mean loss over all rows.
  /// - Throws: ``FileFailure`` for an adapter without head, broken rows, and labels the head does
  ///   not know.
  public func evaluate(
    _ adapter: BoundAdapter, on path: String, _ settings: HeadSettings = .init(),
    length: Int? = nil
  ) throws -> Evaluation {
    guard let head = adapter.head else { throw headless(adapter.name) }
    let examples = try head.examples(in: path, settings)
    let encoded = try encode(examples, head, length: length)
    return try base.evaluate(adapter, on: encoded)
  }

  /// The rows of a data file as the model reads them, on all threads.
  func encode(_ examples: [Example], _ head: any Head, length: Int?) throws -> [EncodedExample] {
    let limit = min(length ?? limit, limit)
    let pieces = max(1, min(threadCount, examples.count / 64))
    return try parallelMap(pieces) { piece in
      let range = examples.count * piece / pieces..<examples.count * (piece + 1) / pieces
      return try range.map { try head.encoded(examples[$0], tokenizer, limit: limit) }
    }.flatMap(\.self)
  }
}

extension BaseModel {
  /// Scores encoded rows.
  func evaluate(_ adapter: BoundAdapter, on examples: [EncodedExample]) throws -> Evaluation {
    guard let head = adapter.head else { throw headless(adapter.name) }
    var logits: [Tensor] = []
    logits.reserveCapacity(examples.count)
    for batch in batches(
      examples.indices.map { $0 }, lengths: examples.map(\.sequence.ids.count),
      sequences: 512, tokens: 8_192)
    {
      let outputs = try forward(batch.map { ModelInput(examples[$0].sequence, adapter) })
      logits += outputs.compactMap(\.logits)
    }
    let targets = examples.map(\.target)
    let loss = head.loss(.concatenatingRows(logits), targets)
    return Evaluation(
      metrics: head.metrics(logits, targets),
      loss: Double(loss.scalar) / Double(max(1, head.lossTerms(targets))),
      examples: examples.count, cut: examples.count { $0.isCut },
      empty: examples.count { $0.isEmpty })
  }
}

/// Cuts rows, in their order, into batches of at most so many sequences and tokens; a longer row is a
/// batch of its own.
func batches(_ order: [Int], lengths: [Int], sequences: Int, tokens: Int) -> [ArraySlice<Int>] {
  var batches: [ArraySlice<Int>] = []
  var start = 0
  var sum = 0
  for (position, row) in order.enumerated() {
    let isFull = position - start >= sequences || sum + lengths[row] > tokens
    if isFull, position > start {
      batches.append(order[start..<position])
      start = position
      sum = 0
    }
    sum += lengths[row]
  }
  if start < order.count { batches.append(order[start...]) }
  return batches
}
