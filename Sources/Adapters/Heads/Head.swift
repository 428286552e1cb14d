/// What a task needs on top of a model: layers, data, loss, prediction, metric.
public import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

/// A prediction head of one kind.
public protocol Head: Sendable {
  /// The `--task` that trains such heads.
  static var task: String { get }

  /// The `head_type` values of `head_config.json` that it reads.
  static var types: [String] { get }

  /// A head for a training file's labels.
  ///
  /// - Returns: the head and the file's rows.
  /// - Throws: ``FileFailure`` for broken rows, or a file nothing can be learned from.
  static func forTraining(on path: String, _ settings: HeadSettings) throws -> (any Head, [Example])

  /// - Parameter configuration: the `config` dictionary of `head_config.json`.
  /// - Throws: ``FileFailure`` for values that make no sense.
  init(_ configuration: Field) throws

  /// The `config` dictionary, as the Python library writes it.
  var configuration: JSON.Object { get }

  /// The names of the outputs.
  var labels: LabelSet { get }

  var layers: HeadLayers { get }

  /// Whether it reads every token, or the first alone.
  var readsEveryToken: Bool { get }

  /// The name of the metric that says which of two trainings is better; higher is better.
  var mainMetric: String { get }

  /// The rows of a file whose labels must be among the head's.
  func examples(in path: String, _ settings: HeadSettings) throws -> [Example]

  /// A row as the model reads it, cut to a number of tokens where it is longer.
  func encoded(_ example: Example, _ tokenizer: Tokenizer, limit: Int) throws -> EncodedExample

  /// The sum of the losses of all rows.
  ///
  /// - Parameters:
  ///   - logits: `[rows read, outputs]`, those of all examples end to end.
  ///   - targets: each example's, in the same order.
  /// - Returns: `[]`
  func loss(_ logits: Tensor, _ targets: [Target]) -> Tensor

  /// How many terms the loss is a sum of: what its mean divides by.
  func lossTerms(_ targets: [Target]) -> Int

  /// Scores predictions by their targets.
  ///
  /// - Parameters:
  ///   - logits: each example's, `[rows read, outputs]`.
  ///   - targets: each example's, in the same order.
  /// - Returns: the metrics over all examples, ``mainMetric`` first.
  func metrics(_ logits: [Tensor], _ targets: [Target]) -> [(name: String, value: Double)]

  /// A text as the model reads it, in windows where the head can join them.
  func prepared(
    _ input: TextInput, _ tokenizer: Tokenizer, limit: Int, options: PredictionOptions
  ) throws -> PreparedInput

  /// The answer in the shape that inference clients expect.
  ///
  /// - Parameters:
  ///   - input: the text as ``prepared(_:_:limit:options:)`` gave it.
  ///   - logits: of each window, `[rows read, outputs]`.
  ///   - tokenizer: turns tokens back into text.
  ///   - options: how many labels to answer, and how tags become entities.
  /// - Returns: an array of labels, or of entities, with their scores.
  func answer(
    _ input: PreparedInput, _ logits: [Tensor], _ tokenizer: Tokenizer, options: PredictionOptions
  ) -> JSON
}

/// What a training's data and command line say about its head.
public struct HeadSettings: Sendable {
  /// Layers of the head; nil is the kind's default.
  public var layers: Int?
  /// Numbers instead of classes.
  public var isRegression = false
  public var usesPooler = false
  /// Broken rows to leave out before giving up.
  public var skipBadRows = 0

  public init() {}
}

/// A row of a data file.
public struct Example: Sendable {
  public enum Content: Sendable, Equatable {
    case text(String, pair: String?)
    case words([String])
  }
  public var content: Content
  public var target: Target
  public var line: Int
}

/// What a row should have come out as.
public enum Target: Sendable, Equatable {
  case category(Int)
  case categories([Int])
  case number(Float)
  /// A tag per word, or once encoded per token: nil where no tag counts.
  case tags([Int?])
}

/// A row as a model reads it.
public struct EncodedExample: Sendable {
  public var sequence: Batch.Sequence
  public var target: Target
  /// The row was longer than the model reads.
  public var isCut: Bool
  /// The row has no token of its own: its text is empty, or nothing that the model knows of.
  public var isEmpty: Bool

  package init(
    sequence: Batch.Sequence, target: Target, isCut: Bool, isEmpty: Bool = false
  ) {
    self.sequence = sequence
    self.target = target
    self.isCut = isCut
    self.isEmpty = isEmpty
  }
}

/// A text to be answered.
public struct TextInput: Sendable, Equatable {
  public var text: String
  public var pair: String?

  public init(_ text: String, pair: String? = nil) {
    self.text = text
    self.pair = pair
  }
}

/// What the caller of a prediction may choose.
public struct PredictionOptions: Sendable {
  /// Cut texts that are longer than the model, instead of refusing them.
  public var truncates = false
  /// How tags of tokens become entities.
  public var aggregation = Aggregation.simple
  /// The best so many labels; nil is all.
  public var top: Int?

  public init() {}
}

/// A text as a model reads it, and what its answer needs to know of it.
public struct PreparedInput: Sendable {
  public var sequences: [Batch.Sequence]
  let encodings: [Encoding]
  let text: String
}

/// The kinds of heads there are.
///
/// To add one is a file and a word here.
public let heads: [any Head.Type] = [TextClassification.self, TokenClassification.self]

extension Encoding {
  /// What a model reads of it.
  public var sequence: Batch.Sequence { Batch.Sequence(ids: ids, typeIds: typeIds) }
}

extension TextInput {
  /// Encodes the text, and says when a model cannot read all of it.
  func encoded(_ tokenizer: Tokenizer, limit: Int, truncates: Bool) throws -> Encoding {
    let encoding = try tokenizer.encode(text, pair: pair)
    guard encoding.count > limit else { return encoding }
    guard truncates else {
      throw FileFailure(
        "the text \(JSON.string(String(text.prefix(40))).text(.compact))…",
        "it is \(encoding.count) tokens long, and the model reads \(limit)",
        hint: "--truncate answers for its beginning")
    }
    return try cutting { try encoding.truncated(to: limit) }
  }
}

/// What a body makes of an encoding that it cuts.
///
/// - Throws: ``FileFailure`` where special tokens leave no room for text.
func cutting<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let failure as TruncationFailure {
    throw FileFailure(
      "the text", failure.description,
      hint: "a larger --length, or a model that reads longer texts")
  }
}
