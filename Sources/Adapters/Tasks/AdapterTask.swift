/// What a task is: rows of data, what a head's outputs should have been, how good they are, and
/// what they answer.
public import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

/// A task that an adapter with a head of some kind is trained for, measured on, and asked.
///
/// A head computes; a task asks. Several tasks may ask heads of one kind.
public protocol AdapterTask: Sendable {
  /// A row of a data file.
  associatedtype Row: DataRow
  /// What the outputs for one sequence should be.
  associatedtype Target: Sendable
  associatedtype Score: Meter where Score.Target == Target
  associatedtype Answer: TaskAnswer

  /// The `--task` that trains for it.
  static var name: String { get }

  /// The rows of a data file.
  static func read(_ path: String, _ settings: TaskSettings) throws -> Dataset<Row>

  /// The task that training data sets, with a fresh head: the data's labels are the head's.
  ///
  /// - Throws: ``FileFailure`` for data nothing can be learned from.
  init(learning data: Dataset<Row>, _ settings: TaskSettings) throws

  /// The task that a head is for; nil where it is a head for others.
  init?(_ head: any Head)

  var head: any Head { get }

  /// The rows of a file that has the task's own kind of labels.
  func read(_ path: String, skipBadRows: Int) throws -> Dataset<Row>

  /// Refuses data with labels that the head does not have.
  func check(_ data: Dataset<Row>) throws

  /// A row as the model reads it, in one sequence or several.
  ///
  /// - Parameters:
  ///   - row: one that ``check(_:)`` has not refused.
  ///   - tokenizer: the model's.
  ///   - limit: how many tokens a sequence may have.
  /// - Returns: the sequences, each with what should come out of it.
  /// - Throws: ``FileFailure`` for a row with another kind of label, or no room for text.
  func encoded(_ row: Row, _ tokenizer: Tokenizer, limit: Int) throws -> [EncodedExample<Target>]

  /// The sum of the losses of some sequences.
  ///
  /// - Parameters:
  ///   - outputs: `[rows read, outputs]`, the head's.
  ///   - rows: whose the rows are.
  ///   - targets: each sequence's.
  /// - Returns: `[]`
  func loss(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) -> Tensor

  /// How many terms a sequence adds to the loss: what its mean divides by.
  func terms(of target: Target) -> Int

  /// What tells a target from another, in numbers: a part of a training's identity.
  func identity(of target: Target) -> [Int]

  /// A meter that has not seen anything yet.
  var meter: Score { get }

  /// Whether one value of the meter's first metric is better than another.
  func isBetter(_ value: Double, than other: Double) -> Bool

  /// A text as the model reads it, and how its answer is made of the head's outputs.
  ///
  /// - Parameters:
  ///   - input: the text.
  ///   - encoding: what the tokenizer made of it, whole.
  ///   - tokenizer: the model's, which knows the tokens' names.
  ///   - limit: how many tokens a sequence may have.
  ///   - options: what the caller chose.
  /// - Returns: its sequences, and what makes the answer.
  /// - Throws: ``FileFailure`` for a text that the task or the model cannot read.
  func prepared(
    _ input: TextInput, _ encoding: Encoding, _ tokenizer: Tokenizer, limit: Int,
    options: PredictionOptions
  ) throws -> PreparedInput<Answer>
}

extension AdapterTask {
  public func read(_ path: String, skipBadRows: Int) throws -> Dataset<Row> {
    var settings = TaskSettings()
    settings.skipBadRows = skipBadRows
    return try Self.read(path, settings)
  }

  public func isBetter(_ value: Double, than other: Double) -> Bool { value > other }
}

/// What a training's data and command line say about its task and head.
public struct TaskSettings: Sendable {
  /// Layers of the head; nil is the kind's default.
  public var layers: Int?
  /// Numbers instead of classes.
  public var isRegression = false
  public var usesPooler = false
  /// Broken rows to leave out before giving up.
  public var skipBadRows = 0

  public init() {}
}

/// How good outputs are by their targets: fed batch by batch, and keeps no outputs.
public protocol Meter: Sendable {
  associatedtype Target: Sendable

  /// Counts some sequences.
  ///
  /// - Parameters:
  ///   - outputs: `[rows read, outputs]`, the head's.
  ///   - rows: whose the rows are.
  ///   - targets: each sequence's.
  mutating func add(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target])

  /// What was measured so far; the first says which of two trainings is better.
  var metrics: [(name: String, value: Double)] { get }
}

/// What a task answers.
public protocol TaskAnswer: Sendable, Equatable {
  /// In the shape that inference clients expect.
  var json: JSON { get }

  /// In a line for people.
  var line: String { get }
}

/// The tasks there are.
///
/// To add one is a file and a word here.
public enum AdapterTasks {
  public static let all: [any AdapterTask.Type] = [
    TextClassification.self, TokenClassification.self, QuestionAnswering.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// The task of a name.
  ///
  /// - Throws: ``FileFailure`` where there is none.
  static func task(named name: String) throws -> any AdapterTask.Type {
    guard let task = all.first(where: { $0.name == name }) else {
      throw FileFailure(
        "the training", at: "task", "there is no task \(name)",
        hint: "known: \(names.joined(separator: ", "))")
    }
    return task
  }

  /// The task that a head is for: of several the one it was trained for, else the first.
  public static func task(of head: any Head, named name: String? = nil) -> (any AdapterTask)? {
    let tasks = all.lazy.compactMap { kind -> (any AdapterTask)? in kind.init(head) }
    return tasks.first { type(of: $0).name == name } ?? tasks.first
  }

  /// The name of the task that a head is for.
  public static func name(of head: any Head) -> String? {
    task(of: head).map { type(of: $0).name }
  }
}
