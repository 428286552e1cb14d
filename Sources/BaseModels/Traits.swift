/// What adapters, heads and requests must agree with, of a model with or without weights.

/// The sizes and names of a model.
public struct Traits: Sendable, Hashable {
  /// The `model_type` of its configuration.
  public var modelType: String
  /// Other types whose adapters fit, as they have the same paths.
  public var relatives: [String] = []
  /// What the Python library calls it with its heads: `BertAdapterModel`.
  public var className: String
  /// Where its paths begin: `bert`.
  public var prefix: String
  public var width: Int
  /// The width of what lies behind the embeddings, where that is another than the layers'.
  public var embeddingWidth: Int
  /// Of an attention: heads, those of keys and values, and the width of each.
  public var heads, keyHeads, headWidth: Int
  public var intermediate, vocabulary: Int
  /// How many tokens a sequence may have.
  public var positions: Int
  /// How many kinds of tokens there are; 0 where the model does not tell them apart.
  public var tokenTypes: Int
  public var encoderLayers, decoderLayers: Int
  /// A head's dropout where its own configuration says none.
  public var headDropout: Float
  /// Whether the checkpoint was saved with the head that gives logits over the vocabulary.
  public var hasVocabularyHead: Bool
  /// Which row of a sequence a classification head reads.
  public var classification: ClassificationRow

  /// The traits of an encoder, which others change where they differ.
  public init(
    modelType: String, className: String, prefix: String, width: Int, heads: Int,
    intermediate: Int, vocabulary: Int, positions: Int, tokenTypes: Int, layers: Int,
    headDropout: Float
  ) {
    self.modelType = modelType
    self.className = className
    self.prefix = prefix
    self.width = width
    embeddingWidth = width
    self.heads = heads
    keyHeads = heads
    headWidth = width / heads
    self.intermediate = intermediate
    self.vocabulary = vocabulary
    self.positions = positions
    self.tokenTypes = tokenTypes
    encoderLayers = layers
    decoderLayers = 0
    self.headDropout = headDropout
    hasVocabularyHead = false
    classification = .first
  }

  /// How many tokens a sequence may have for models without positions of their own: the cost of
  /// attention grows with their square.
  public static let mostPositions = 1 << 15

  /// All layers, a decoder's behind its encoder's.
  public var layers: Int { encoderLayers + decoderLayers }

  /// The stacks in the order of a pass, with the numbers of their layers.
  public var stacks: [(stack: Site.Stack, layers: Range<Int>)] {
    var stacks: [(stack: Site.Stack, layers: Range<Int>)] = []
    if encoderLayers > 0 { stacks.append((.encoder, 0..<encoderLayers)) }
    if decoderLayers > 0 { stacks.append((.decoder, encoderLayers..<layers)) }
    return stacks
  }

  /// Whether texts go in at one end and others come out at the other.
  public var isEncoderDecoder: Bool { encoderLayers > 0 && decoderLayers > 0 }
}

/// The row of a sequence that stands for all of it.
public enum ClassificationRow: Sendable, Hashable {
  /// An encoder's first, which sees the whole sequence.
  case first
  /// A decoder's last, which is the only one that does; tokens of padding do not count.
  case last(padding: Int32?)
  /// In an encoder-decoder the decoder's row at the place of the input's last such token.
  case endOfText(Int32)

  /// The row of a sequence.
  public func reading(of sequence: Batch.Sequence) -> Reading {
    switch self {
    case .first: return .first
    case .last(nil): return .last
    case .last(let padding?):
      // Where there is nothing but padding the first is as good as any.
      return .tokens([sequence.ids.lastIndex { $0 != padding } ?? 0])
    case .endOfText(let end):
      let place = sequence.ids.lastIndex(of: end) ?? sequence.ids.count - 1
      return .tokens([min(place, sequence.answeredIds.count - 1)])
    }
  }
}
