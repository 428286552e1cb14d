/// Rows of data as a model reads them, for those who need not know which task they are of.
public import BaseModels
internal import Datasets
internal import Files
internal import Tensors
internal import Tokenization

/// A sequence to learn from, or to measure on.
public struct EncodedExample<Target: Sendable>: Sendable {
  public var sequence: Batch.Sequence
  public var target: Target
  /// The row was longer than the model reads.
  public var isCut: Bool
  /// The row has no token of its own: its text is empty, or nothing that the model knows of.
  public var isEmpty: Bool

  package init(
    sequence: Batch.Sequence, target: Target, isCut: Bool = false, isEmpty: Bool = false
  ) {
    self.sequence = sequence
    self.target = target
    self.isCut = isCut
    self.isEmpty = isEmpty
  }
}

/// Encoded rows of some task.
protocol ExampleSet: Sendable {
  associatedtype Task: AdapterTask

  var task: Task { get }
  var examples: [EncodedExample<Task.Target>] { get }
  /// How many rows of data they are of.
  var rowCount: Int { get }
}

/// Encoded rows of one task.
struct EncodedExamples<Task: AdapterTask>: ExampleSet {
  let task: Task
  let examples: [EncodedExample<Task.Target>]
  let rowCount: Int

  init(_ task: Task, _ examples: [EncodedExample<Task.Target>]) {
    self.task = task
    self.examples = examples
    rowCount = examples.count
  }

  /// The rows of data as a model reads them, encoded on all threads.
  init(_ task: Task, _ data: Dataset<Task.Row>, _ tokenizer: Tokenizer, limit: Int) throws {
    try task.check(data)
    self.task = task
    rowCount = data.rows.count
    let pieces = max(1, min(threadCount, rowCount / 64))
    examples = try parallelMap(pieces) { piece in
      let range = data.rows.count * piece / pieces..<data.rows.count * (piece + 1) / pieces
      return try data.rows[range].flatMap { try task.encoded($0, tokenizer, limit: limit) }
    }.flatMap(\.self)
  }
}

extension ExampleSet {
  var taskName: String { Task.name }
  var count: Int { examples.count }
  var lengths: [Int] { examples.map(\.sequence.ids.count) }
  /// Rows that were longer than the model and were cut.
  var cut: Int { examples.count { $0.isCut } }
  /// Rows without a token of their own.
  var empty: Int { examples.count { $0.isEmpty } }
  var terms: Int { examples.reduce(0) { $0 + task.terms(of: $1.target) } }

  /// Whether one value of the task's main metric is better than another.
  func isBetter(_ value: Double, than other: Double) -> Bool { task.isBetter(value, than: other) }

  func terms(of rows: some Sequence<Int>) -> Int {
    rows.reduce(0) { $0 + task.terms(of: examples[$1].target) }
  }

  func tokens(of rows: some Sequence<Int>) -> Int {
    rows.reduce(0) { $0 + examples[$1].sequence.ids.count }
  }

  func loss(_ output: HeadOutput, of rows: some Sequence<Int>) -> Tensor {
    task.loss(output.outputs, output.rows, rows.map { examples[$0].target })
  }

  /// A hash of the tokens and targets, which tells other data.
  var fingerprint: String {
    var hash = FNV1a()
    for example in examples {
      for id in example.sequence.ids { hash.add(UInt64(truncatingIfNeeded: id)) }
      for number in task.identity(of: example.target) {
        hash.add(UInt64(bitPattern: Int64(number)))
      }
    }
    return "\(count) rows, \(String(hash.value, radix: 16))"
  }

  /// Refuses sequences that a model cannot read.
  func check(for base: BaseModel) throws {
    for example in examples {
      do {
        try base.check(example.sequence)
      } catch let failure {
        throw FileFailure("the training", at: "a row of its data", failure.description)
      }
    }
  }
}
