/// What a model family provides.
public import Files
public import Tensors

/// A model family: reads its configuration and weights, and computes its layers.
///
/// The loop over layers is ``BaseModel``'s; a family says what is before, in and behind them.
public protocol Architecture: Sendable {
  /// The `model_type` values of `config.json` that it reads.
  static var modelTypes: [String] { get }

  /// The heads that the Transformers library's classes of this family save, by the classes' names.
  static var savedHeads: [String: SavedHead] { get }

  /// - Parameters:
  ///   - configuration: the root of `config.json`.
  ///   - weights: the top of the checkpoint, or shapes alone.
  /// - Throws: ``FileFailure`` for a configuration that makes no sense or is not supported, or weights
  ///   that do not fit it.
  init(_ configuration: Field, _ weights: Weights) throws

  var traits: Traits { get }

  /// What enters the first layer of a stack.
  ///
  /// - Parameters:
  ///   - tokens: those that the stack reads.
  ///   - stack: the encoder or the decoder.
  ///   - pass: asked for what adapters make of it, once, where ``Site/Kind/embeddings`` is.
  /// - Returns: `[rows, width]`
  func embedded(_ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass) -> Tensor

  /// One layer.
  ///
  /// - Parameters:
  ///   - index: counted over all stacks.
  ///   - x: `[rows at hand, width]`
  ///   - pass: which rows they are, and what adapters answer.
  /// - Returns: `[wanted rows, width]`
  func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor

  /// What comes behind a stack's last layer, a norm mostly: of `[rows, width]`, of the same shape.
  func finished(_ x: Tensor, _ stack: Site.Stack, _ pass: FinishingPass) -> Tensor

  /// Whether the checkpoint has a pooler.
  var hasPooler: Bool { get }

  /// What a classification head that uses the pooler reads, from the first token's hidden state.
  ///
  /// - Parameter first: `[sequences, width]`
  /// - Returns: `[sequences, width]`; nil where the model has no pooler.
  func pooled(_ first: Tensor) -> Tensor?

  /// The logits over the vocabulary.
  ///
  /// - Parameters:
  ///   - x: `[rows, width]`, of the last hidden state.
  ///   - unembedding: what happens right before the output embedding.
  /// - Returns: `[rows, vocabulary]`; nil where the checkpoint has no such head.
  func vocabularyLogits(_ x: Tensor, unembedding: (Tensor) -> Tensor) -> Tensor?
}

extension Architecture {
  public static var savedHeads: [String: SavedHead] { [:] }
  public func finished(_ x: Tensor, _ stack: Site.Stack, _ pass: FinishingPass) -> Tensor { x }
  public var hasPooler: Bool { false }
  public func pooled(_ first: Tensor) -> Tensor? { nil }
  public func vocabularyLogits(_ x: Tensor, unembedding: (Tensor) -> Tensor) -> Tensor? { nil }
}

/// The model families there are.
public enum ModelFamilies {
  /// To add one is a file and a word here.
  public static let all: [any Architecture.Type] = [
    BERT.self, RoBERTa.self, DistilBERT.self, GPT2.self, T5.self,
  ]

  /// The family that reads a configuration.
  ///
  /// - Throws: ``FileFailure`` for a `model_type` that none reads.
  public static func family(of configuration: Field) throws -> any Architecture.Type {
    let field = try configuration.required("model_type")
    let type = try field.string()
    guard let found = all.first(where: { $0.modelTypes.contains(type) }) else {
      throw field.failure(
        "models of type \(escaped(type, limit: 80)) are not supported yet",
        hint: "supported: \(all.flatMap { $0.modelTypes }.joined(separator: ", "))")
    }
    return found
  }
}
