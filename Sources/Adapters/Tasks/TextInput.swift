/// A text to be answered, and what the caller of a prediction may choose.
public import BaseModels
internal import Files
public import Tensors
public import Tokenization

/// A text, or a pair of texts: a question and its context are a pair too.
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
  /// The best so many labels or answers; nil is all labels, and one answer to a question.
  public var top: Int?
  /// How questions are answered.
  public var questions = QuestionOptions()

  public init() {}
}

/// A text as a model reads it, and how its answer is made.
public struct PreparedInput<Answer: Sendable>: Sendable {
  public var sequences: [Batch.Sequence]
  /// The text has no token of its own: it is empty, or nothing that the model knows of.
  public var isEmpty: Bool
  /// Makes the answer of the head's outputs, `[rows read, outputs]` for each sequence.
  public var answer: @Sendable (_ outputs: [Tensor]) -> Answer
}

extension AdapterTask {
  /// The same as ``prepared(_:_:_:limit:options:)``, for those who need not know which task it is.
  func preparedForAny(
    _ input: TextInput, _ encoding: Encoding, _ tokenizer: Tokenizer, limit: Int,
    options: PredictionOptions
  ) throws -> PreparedInput<any TaskAnswer> {
    let prepared = try prepared(input, encoding, tokenizer, limit: limit, options: options)
    return PreparedInput(
      sequences: prepared.sequences, isEmpty: prepared.isEmpty, answer: prepared.answer)
  }
}

extension TextInput {
  /// What a model reads of the text's encoding; says when it cannot read all of it.
  func fitted(_ encoding: Encoding, limit: Int, truncates: Bool) throws -> Encoding {
    guard encoding.count > limit else { return encoding }
    guard truncates else {
      throw FileFailure(
        place, "it is \(encoding.count) tokens long, and the model reads \(limit)",
        hint: "--truncate answers for its beginning")
    }
    return try cutting { try encoding.truncated(to: limit) }
  }

  /// What errors call it.
  var place: String { "the text \(JSON.string(String(text.prefix(40))).text(.compact))" }
}

extension Encoding {
  /// What a model reads of it.
  public var sequence: Batch.Sequence { Batch.Sequence(ids: ids, typeIds: typeIds) }

  /// The encoding, cut to a number of tokens where it has more.
  func cut(to limit: Int) throws -> (Encoding, isCut: Bool) {
    guard count > limit else { return (self, false) }
    return (try cutting { try truncated(to: limit) }, true)
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
