/// What a model family provides.
public import Files
public import Tensors

/// A model family: reads its configuration and weights, and runs packed batches with hooks.
public protocol Architecture: Sendable {
  /// The `model_type` values of `config.json` that it reads.
  static var modelTypes: [String] { get }

  /// Where the checkpoint's paths begin: `bert`.
  static var prefix: String { get }

  /// What the Python library `adapters` calls such a model: `BertAdapterModel`.
  static var className: String { get }

  /// - Parameters:
  ///   - configuration: the root of `config.json`.
  ///   - source: where the weights come from.
  ///   - precision: the number format of the large products.
  /// - Throws: ``FileFailure`` for a configuration that makes no sense, or weights that do not fit it.
  init(_ configuration: Field, _ source: Weights.Source, precision: Precision) throws

  /// Reads and checks a configuration alone.
  static func check(_ configuration: Field) throws -> Dimensions

  /// How many numbers a model of these sizes consists of, without a head.
  static func parameterCount(of dimensions: Dimensions) -> Int

  var dimensions: Dimensions { get }

  /// The places where adapters may act, in the order a pass meets them.
  static func sites(of dimensions: Dimensions) -> [Site]

  /// Runs a batch.
  ///
  /// - Parameters:
  ///   - batch: the sequences, end to end.
  ///   - hooks: what adapters answer at the sites.
  ///   - reading: which rows of the last hidden state are wanted, per sequence.
  ///   - keepingHidden: whether every layer's output is wanted.
  /// - Returns: the hidden states that are wanted.
  func callAsFunction(
    _ batch: Batch, _ hooks: some Hooks, reading: [Reading], keepingHidden: Bool
  ) -> Hidden

  /// Whether the checkpoint has a pooler.
  var hasPooler: Bool { get }

  /// What a classification head that uses the pooler reads, from the first token's hidden state.
  ///
  /// - Parameter first: `[sequences, width]`
  /// - Returns: `[sequences, width]`; nil where the model has no pooler.
  func pooled(_ first: Tensor) -> Tensor?
}

/// The sizes that adapters, heads and requests must agree with.
public struct Dimensions: Sendable, Hashable {
  public let modelType: String
  public let width, layers, heads, intermediate, vocabulary, positions, tokenTypes: Int
  /// The head's dropout where its own configuration says none.
  public let classifierDropout: Float
  /// What the model drops of each sub-layer's output while something is trained.
  public let hiddenDropout: Float
}

/// What a pass gives.
public struct Hidden: Sendable {
  /// The rows that are read of the last hidden state, `[rows read, width]`.
  public let last: Tensor
  /// Whose the rows of `last` are.
  public let rows: TokenRows
  /// The embeddings' output and every layer's, each `[tokens, width]`; empty unless asked for.
  public let layers: [Tensor]
}

/// The model families there are.
///
/// To add one is a file and a word here.
public let architectures: [any Architecture.Type] = [BERT.self]
