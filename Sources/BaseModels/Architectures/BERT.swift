/// BERT (Devlin et al., 2019): a post-norm encoder with learned positions and token types.
public import Files
public import Tensors

/// `BertModel` of any size; paths are the checkpoint's.
public struct BERT: Architecture {
  public static let modelTypes = ["bert"]

  public static let savedHeads: [String: SavedHead] = [
    "BertForSequenceClassification": SavedHead(
      "classification", usesPooler: true, names: [1: "classifier"]),
    "BertForTokenClassification": SavedHead("tagging", names: [1: "classifier"]),
    "BertForQuestionAnswering": SavedHead("question_answering", names: [1: "qa_outputs"]),
  ]

  public let traits: Traits
  private let embeddings: Embeddings
  private let layers: [Layer]
  private let pooler: Linear?

  public init(_ configuration: Field, _ weights: Weights) throws {
    let c = try Configuration(configuration)
    try self.init(c, weights.model("bert"), c.traits("BertAdapterModel", prefix: "bert"))
  }

  /// The same layers under a relative's names.
  init(_ c: Configuration, _ weights: Weights, _ traits: Traits) throws {
    self.traits = traits
    embeddings = try Embeddings(weights, c)
    layers = try (weights / "encoder" / "layer").layers(c.layers) { place, _ in
      try Layer(place, c)
    }
    let dense = weights.optional / "pooler" / "dense"
    pooler = dense.has("weight") ? try dense.linear(c.width, c.width) : nil
  }

  public func embedded(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass
  ) -> Tensor {
    embedded(tokens, positions: tokens.places, &pass)
  }

  func embedded(
    _ tokens: Batch.Tokens, positions: [Int32], _ pass: inout EmbeddingPass
  ) -> Tensor {
    let x = embeddings(tokens, positions: positions)
    return pass.entered(
      pass.dropped(x, embeddings.dropout, at: embeddings.site.path + ".embeddings"),
      at: embeddings.site)
  }

  public func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor { layers[index](x, pass) }

  public var hasPooler: Bool { pooler != nil }

  public func pooled(_ first: Tensor) -> Tensor? { pooler?(first, activation: .tanh) }
}

extension BERT {
  /// Word, position and token-type vectors, summed and normed.
  private struct Embeddings: Sendable {
    let words, positions, tokenTypes: Tensor
    let norm: Norm
    let site: Site
    let dropout: Float

    init(_ model: Weights, _ c: Configuration) throws {
      let weights = model / "embeddings"
      words = try weights.tensor("word_embeddings.weight", shape: [c.vocabulary, c.width])
      positions = try weights.tensor("position_embeddings.weight", shape: [c.positions, c.width])
      tokenTypes = try weights.tensor(
        "token_type_embeddings.weight", shape: [c.tokenTypes, c.width])
      norm = try (weights / "LayerNorm").norm(c.width, epsilon: c.epsilon)
      site = model.site(.embeddings, .only, c.width, c.width)
      dropout = c.hiddenDropout
    }

    func callAsFunction(_ tokens: Batch.Tokens, positions places: [Int32]) -> Tensor {
      norm(.embedding([(words, tokens.ids), (positions, places), (tokenTypes, tokens.typeIds)]))
    }
  }

  /// Self-attention and feed-forward, each ended by residual and norm.
  private struct Layer: Sendable {
    let query, key, value, attentionOutput, intermediate, output: Projection
    let attention: AttentionCore
    let attentionNorm, outputNorm: Norm
    let attentionEnd, outputEnd, end: Site
    let activation: Activation
    let dropout: Float

    init(_ weights: Weights, _ c: Configuration) throws {
      let (attention, h) = (weights / "attention", c.width)
      query = try (attention / "self" / "query").projection(.query, h, h)
      key = try (attention / "self" / "key").projection(.key, h, h)
      value = try (attention / "self" / "value").projection(.value, h, h)
      self.attention = AttentionCore(
        at: (attention / "self").site(.attention, .selfAttention, h, h),
        AttentionShape(heads: c.heads, headWidth: h / c.heads), dropout: c.attentionDropout)
      attentionOutput = try (attention / "output" / "dense").projection(.attentionOutput, h, h)
      attentionNorm = try (attention / "output" / "LayerNorm").norm(h, epsilon: c.epsilon)
      attentionEnd = (attention / "output").site(.ending, .attentionEnd, h, h)
      intermediate = try (weights / "intermediate" / "dense").projection(
        .intermediate, h, c.intermediate)
      output = try (weights / "output" / "dense").projection(.output, c.intermediate, h)
      outputNorm = try (weights / "output" / "LayerNorm").norm(h, epsilon: c.epsilon)
      outputEnd = (weights / "output").site(.ending, .feedForwardEnd, h, h)
      end = weights.site(.layer, .only, h, h)
      activation = c.activation
      dropout = c.hiddenDropout
    }

    /// Keys and values are of all tokens; the rest is of the rows that are wanted.
    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      let residual = pass.wantedRows(of: x)
      let context = pass.attended(
        pass.projected(residual, by: query), pass.projected(x, by: key),
        pass.projected(x, by: value), from: residual, by: attention)
      let attended = pass.ended(
        pass.projected(context, by: attentionOutput),
        Ending(at: attentionEnd, residual: residual, outer: attentionNorm), dropout: dropout)
      let wide = pass.projected(attended, by: intermediate, activation: activation)
      let y = pass.ended(
        pass.projected(wide, by: output),
        Ending(at: outputEnd, residual: attended, outer: outputNorm), dropout: dropout)
      return pass.left(y, at: end)
    }
  }
}
