/// How good an adapter is on labelled data.
internal import BaseModels
internal import Datasets
internal import Files
internal import Tensors

/// What an evaluation found.
public struct Evaluation: Sendable {
  /// The task's main metric first.
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
  ///   - skipBadRows: broken rows to leave out before giving up.
  ///   - length: tokens after which rows are cut; nil is as many as the model reads.
  /// - Returns: the metrics and the mean loss over all rows.
  /// - Throws: ``FileFailure`` for an adapter without head, broken rows, and labels the head does
  ///   not know.
  public func evaluate(
    _ adapter: BoundAdapter, on path: String, skipBadRows: Int = 0, length: Int? = nil
  ) throws -> Evaluation {
    try evaluate(adapter, on: path, skipBadRows, length, PassOptions())
  }

  /// Encodes and scores rows from memory.
  ///
  /// - Throws: ``FileFailure`` for an adapter of another task, and labels its head does not know.
  public func evaluate<Task: AdapterTask>(
    _ adapter: BoundAdapter, as task: Task.Type, on rows: [Task.Row], length: Int? = nil
  ) throws -> Evaluation {
    try evaluate(adapter, as: task, on: rows, length, PassOptions())
  }

  func evaluate(
    _ adapter: BoundAdapter, on path: String, _ skipBadRows: Int, _ length: Int?,
    _ options: PassOptions
  ) throws -> Evaluation {
    func evaluate(_ task: some AdapterTask) throws -> Evaluation {
      let data = try task.read(path, skipBadRows: skipBadRows)
      return try base.evaluate(adapter, on: encoded(task, data, length: length), options)
    }
    return try evaluate(adapter.requiredTask)
  }

  func evaluate<Task: AdapterTask>(
    _ adapter: BoundAdapter, as task: Task.Type, on rows: [Task.Row], _ length: Int?,
    _ options: PassOptions
  ) throws -> Evaluation {
    let task = try adapter.task(as: task)
    return try base.evaluate(adapter, on: encoded(task, Dataset(rows), length: length), options)
  }

  /// Rows of data as the model reads them.
  func encoded<Task: AdapterTask>(
    _ task: Task, _ data: Dataset<Task.Row>, length: Int?
  ) throws -> EncodedExamples<Task> {
    try EncodedExamples(task, data, tokenizer, limit: min(length ?? limit, limit))
  }
}

extension BoundAdapter {
  /// What the adapter's head is asked.
  ///
  /// - Throws: ``FileFailure`` where there is no head, or no task for it.
  var requiredTask: any AdapterTask {
    get throws {
      guard let head else { throw unsupportedHead?.failure ?? headless(name) }
      guard let task else {
        throw FileFailure("adapter \(name)", "its head \(type(of: head)) answers no task")
      }
      return task
    }
  }

  /// The same where the task is known.
  func task<Task: AdapterTask>(as kind: Task.Type) throws -> Task {
    let task = try requiredTask
    guard let task = task as? Task else {
      throw FileFailure("adapter \(name)", "is for \(type(of: task).name), not for \(kind.name)")
    }
    return task
  }
}

extension BaseModel {
  /// Scores encoded rows, batch by batch.
  func evaluate(
    _ adapter: BoundAdapter, on set: some ExampleSet, _ options: PassOptions = .init()
  ) throws -> Evaluation {
    var meter = set.task.meter
    var loss = 0.0
    let examples = set.examples
    for batch in batches(
      Array(examples.indices), lengths: set.lengths, sequences: 512, tokens: 8_192)
    {
      let outputs = try headOutputs(of: adapter, for: batch.map { examples[$0].sequence }, options)
      let parts = try parallelMap(outputs.count) { piece in
        let (sequences, output) = outputs[piece]
        return Double(set.loss(output, of: batch[sequences.offset(by: batch.startIndex)]).scalar)
      }
      loss += parts.reduce(0, +)
      for (sequences, output) in outputs {
        let rows = batch[sequences.offset(by: batch.startIndex)]
        meter.add(output.outputs, output.rows, rows.map { examples[$0].target })
      }
    }
    return Evaluation(
      metrics: meter.metrics, loss: loss / Double(max(1, set.terms)), examples: set.rowCount,
      cut: set.cut, empty: set.empty)
  }
}

extension Range<Int> {
  fileprivate func offset(by start: Int) -> Range<Int> { lowerBound + start..<upperBound + start }
}
