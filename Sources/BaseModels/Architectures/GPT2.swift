/// GPT-2 (Radford et al., 2019): a pre-norm decoder whose query, key and value are one projection.
public import Files
public import Tensors

public struct GPT2: Architecture {
  public static let modelTypes = ["gpt2"]

  public static let savedHeads: [String: SavedHead] = [
    "GPT2LMHeadModel": SavedHead("causal_lm", names: [0: "lm_head"]),
    "GPT2ForSequenceClassification": SavedHead(
      "classification", hasBias: false, names: [1: "score"]),
    "GPT2ForTokenClassification": SavedHead("tagging", names: [1: "classifier"]),
    "GPT2ForQuestionAnswering": SavedHead("question_answering", names: [1: "qa_outputs"]),
  ]

  public let traits: Traits
  private let words, positions: Embedding
  private let embeddingSite: Site
  private let embeddingDropout: Float
  private let layers: [Layer]
  private let finalNorm: Norm
  private let vocabulary: OutputEmbedding?

  public init(_ configuration: Field, _ weights: Weights) throws {
    let c = try Configuration(configuration)
    traits = c.traits
    let model = weights.model("transformer", stack: .decoder)
    let h = traits.width
    words = try (model / "wte").embedding("weight", traits.vocabulary, h)
    positions = try (model / "wpe").embedding("weight", traits.positions, h)
    embeddingSite = model.site(.embeddings, .only, h, h)
    embeddingDropout = c.embeddingDropout
    layers = try (model / "h").layers(traits.layers) { try Layer($0, c, index: $1) }
    finalNorm = try (model / "ln_f").norm(h, epsilon: c.epsilon)
    vocabulary = try OutputEmbedding(weights / "lm_head", words: words, isTied: c.isTied, traits)
  }

  public func embedded(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass
  ) -> Tensor {
    let x = Embedding.sum([(words, tokens.ids), (positions, tokens.places)])
    return pass.entered(
      pass.dropped(x, embeddingDropout, at: "transformer.drop"), at: embeddingSite)
  }

  public func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor { layers[index](x, pass) }

  public func finished(_ x: Tensor, _ stack: Site.Stack, _ pass: FinishingPass) -> Tensor {
    finalNorm(x)
  }

  public func vocabularyLogits(_ x: Tensor, unembedding: (Tensor) -> Tensor) -> Tensor? {
    vocabulary.map { $0(x, unembedding: unembedding) }
  }
}

extension GPT2 {
  private struct Configuration {
    let traits: Traits
    let activation: Activation
    let epsilon, embeddingDropout, attentionDropout, dropout: Float
    let isScaled, isScaledByLayer, isTied: Bool

    init(_ root: Field) throws {
      let width = try root.size("n_embd", 1...65_536, default: 768)
      let heads = try root.size("n_head", 1...65_536, default: 12)
      try root.checkDivides("n_embd", width, by: "n_head", heads)
      try root.refuse("add_cross_attention") { _ in
        "is true: GPT-2 behind an encoder is not supported yet"
      }
      try root.refuseNonEmpty("pruned_heads", "quantization_config")
      activation = try root.activation("activation_function", default: .geluNew)
      epsilon = try root.epsilon("layer_norm_epsilon", default: 1e-5)
      embeddingDropout = try root.dropout("embd_pdrop") ?? 0.1
      attentionDropout = try root.dropout("attn_pdrop") ?? 0.1
      dropout = try root.dropout("resid_pdrop") ?? 0.1
      isScaled = try root["scale_attn_weights"]?.bool() ?? true
      isTied = try root["tie_word_embeddings"]?.bool() ?? true
      isScaledByLayer = try root["scale_attn_by_inverse_layer_idx"]?.bool() ?? false
      let vocabulary = try root.size("vocab_size", 1...10_000_000, default: 50_257)
      var traits = Traits(
        modelType: "gpt2", className: "GPT2AdapterModel", prefix: "transformer", width: width,
        heads: heads,
        intermediate: try root.size("n_inner", 1...1_048_576, default: 4 * width),
        vocabulary: vocabulary,
        positions: try root.size("n_positions", 1...1_000_000, default: 1024), tokenTypes: 0,
        layers: 0, headDropout: dropout)
      traits.decoderLayers = try root.size("n_layer", 1...1_000, default: 12)
      traits.hasVocabularyHead = try root.savedClass()?.hasSuffix("LMHeadModel") ?? false
      traits.classification = .last(
        padding: try root["pad_token_id"].map { Int32(try $0.integer(in: 0...vocabulary - 1)) })
      self.traits = traits
    }
  }

  /// A norm before each sub-layer, a sum behind it.
  private struct Layer: Sendable {
    let qkv, attentionOutput, intermediate, output: Projection
    let attention: AttentionCore
    let attentionNorm, outputNorm: Norm
    let attentionEnd, outputEnd, end: Site
    let activation: Activation
    let dropout: Float

    init(_ weights: Weights, _ c: Configuration, index: Int) throws {
      let (t, h) = (c.traits, c.traits.width)
      attentionNorm = try (weights / "ln_1").norm(h, epsilon: c.epsilon)
      qkv = try (weights / "attn" / "c_attn").projection(
        "query, key and value", h, 3 * h, isTransposed: true,
        parts: [
          Site.Part(.query, 0..<h), Site.Part(.key, h..<2 * h), Site.Part(.value, 2 * h..<3 * h),
        ])
      let scale = c.isScaled ? 1 / Float(t.headWidth).squareRoot() : 1
      attention = AttentionCore(
        at: (weights / "attn").site(.attention, .selfAttention, h, h),
        AttentionShape(
          heads: t.heads, headWidth: t.headWidth,
          scale: c.isScaledByLayer ? scale / Float(index + 1) : scale, isCausal: true),
        dropout: c.attentionDropout)
      attentionOutput = try (weights / "attn" / "c_proj").projection(
        .attentionOutput, h, h, isTransposed: true)
      attentionEnd = (weights / "attention_adapters").site(.ending, .attentionEnd, h, h)
      outputNorm = try (weights / "ln_2").norm(h, epsilon: c.epsilon)
      intermediate = try (weights / "mlp" / "c_fc").projection(
        .intermediate, h, t.intermediate, isTransposed: true)
      output = try (weights / "mlp" / "c_proj").projection(
        .output, t.intermediate, h, isTransposed: true)
      outputEnd = (weights / "output_adapters").site(.ending, .feedForwardEnd, h, h)
      end = weights.site(.layer, .only, h, h)
      activation = c.activation
      dropout = c.dropout
    }

    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      let residual = pass.wantedRows(of: x)
      let normed = attentionNorm(x)
      let all = pass.projected(normed, by: qkv)
      let h = x.width
      let context = pass.attended(
        pass.wantedRows(of: all.columns(0..<h)), all.columns(h..<2 * h),
        all.columns(2 * h..<3 * h), from: pass.wantedRows(of: normed), by: attention)
      let attended = pass.ended(
        pass.projected(context, by: attentionOutput),
        Ending(at: attentionEnd, residual: residual), dropout: dropout)
      let wide = pass.projected(
        outputNorm(attended), by: intermediate, activation: activation)
      let y = pass.ended(
        pass.projected(wide, by: output), Ending(at: outputEnd, residual: attended),
        dropout: dropout)
      return pass.left(y, at: end)
    }
  }
}
