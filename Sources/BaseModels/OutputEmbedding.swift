/// A language model's way from states back to the vocabulary.
internal import Tensors

/// The output embedding: a matrix of its own, or the input's.
struct OutputEmbedding: Sendable {
  private let linear: Linear
  /// What states are multiplied by before it.
  private let scale: Float

  /// - Parameters:
  ///   - weights: where it lies in the checkpoint, `weight` `[vocabulary, width]`; nothing is read from
  ///     there where it is tied.
  ///   - words: the input embedding it may be tied to.
  ///   - isTied: whether it is.
  ///   - tiedScale: what states are multiplied by before a tied one.
  ///   - traits: the model's; one that has no head of its own has no output embedding.
  /// - Throws: ``FileFailure`` for a tensor that is missing or of another shape.
  init?(
    _ weights: Weights, words: Embedding, isTied: Bool, tiedScale: Float = 1, _ traits: Traits
  ) throws {
    if isTied { weights.tied("weight", shape: [traits.vocabulary, traits.width]) }
    guard traits.hasVocabularyHead else { return nil }
    linear =
      isTied
      ? words.asLinear : try weights.linear(traits.width, traits.vocabulary, bias: false)
    scale = isTied ? tiedScale : 1
  }

  /// - Parameters:
  ///   - x: `[rows, width]`
  ///   - unembedding: what adapters do right before it.
  /// - Returns: `[rows, vocabulary]`
  func callAsFunction(_ x: Tensor, unembedding: (Tensor) -> Tensor) -> Tensor {
    linear(unembedding(scale == 1 ? x : x * scale))
  }
}
