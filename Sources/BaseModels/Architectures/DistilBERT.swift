/// DistilBERT (Sanh et al., 2019): BERT of half the layers, without token types and pooler.
public import Files
public import Tensors

public struct DistilBERT: Architecture {
  public static let modelTypes = ["distilbert"]

  public static let savedHeads: [String: SavedHead] = [
    "DistilBertForSequenceClassification": SavedHead(
      "classification", layers: 2, activation: "relu",
      names: [1: "pre_classifier", 4: "classifier"]),
    "DistilBertForTokenClassification": SavedHead("tagging", names: [1: "classifier"]),
    "DistilBertForQuestionAnswering": SavedHead("question_answering", names: [1: "qa_outputs"]),
  ]

  /// Of all norms; no configuration says otherwise.
  private static let epsilon: Float = 1e-12

  public let traits: Traits
  private let words, positions: Tensor
  private let embeddingNorm: Norm
  private let embeddingSite: Site
  private let dropout: Float
  private let layers: [Layer]

  public init(_ configuration: Field, _ weights: Weights) throws {
    let width = try configuration.size("dim", 1...65_536, default: 768)
    let heads = try configuration.size("n_heads", 1...65_536, default: 12)
    try configuration.checkDivides("dim", width, by: "n_heads", heads)
    try configuration.refuseNonEmpty("pruned_heads", "quantization_config")
    dropout = try configuration.dropout("dropout") ?? 0.1
    traits = Traits(
      modelType: "distilbert", className: "DistilBertAdapterModel", prefix: "distilbert",
      width: width, heads: heads,
      intermediate: try configuration.size("hidden_dim", 1...1_048_576, default: 3072),
      vocabulary: try configuration.size("vocab_size", 1...10_000_000, default: 30_522),
      positions: try configuration.size("max_position_embeddings", 1...1_000_000, default: 512),
      tokenTypes: 0, layers: try configuration.size("n_layers", 1...1_000, default: 6),
      headDropout: try configuration.dropout("seq_classif_dropout") ?? 0.2)
    let model = weights.model("distilbert")
    let embeddings = model / "embeddings"
    words = try embeddings.tensor("word_embeddings.weight", shape: [traits.vocabulary, width])
    positions = try embeddings.tensor(
      "position_embeddings.weight", shape: [traits.positions, width])
    embeddingNorm = try (embeddings / "LayerNorm").norm(width, epsilon: Self.epsilon)
    embeddingSite = model.site(.embeddings, .only, width, width)
    let attentionDropout = try configuration.dropout("attention_dropout") ?? 0.1
    let activation = try configuration.activation("activation", default: .gelu)
    layers = try (model / "transformer" / "layer").layers(traits.layers) {
      [traits, dropout] place, _ in
      try Layer(place, traits, activation, dropout, attentionDropout)
    }
  }

  public func embedded(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass
  ) -> Tensor {
    let x = embeddingNorm(.embedding([(words, tokens.ids), (positions, tokens.places)]))
    return pass.entered(pass.dropped(x, dropout, at: "distilbert.embeddings"), at: embeddingSite)
  }

  public func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor { layers[index](x, pass) }
}

extension DistilBERT {
  /// Self-attention and feed-forward, each ended by residual and norm.
  private struct Layer: Sendable {
    let query, key, value, attentionOutput, intermediate, output: Projection
    let attention: AttentionCore
    let attentionNorm, outputNorm: Norm
    let attentionEnd, outputEnd, end: Site
    let activation: Activation
    let dropout: Float

    init(
      _ weights: Weights, _ t: Traits, _ activation: Activation, _ dropout: Float,
      _ attentionDropout: Float
    ) throws {
      let (place, h) = (weights / "attention", t.width)
      query = try (place / "q_lin").projection(.query, h, h)
      key = try (place / "k_lin").projection(.key, h, h)
      value = try (place / "v_lin").projection(.value, h, h)
      // The Python library calls its prefixes otherwise here.
      attention = AttentionCore(
        at: place.site(.attention, "self", h, h),
        AttentionShape(heads: t.heads, headWidth: t.headWidth), dropout: attentionDropout)
      attentionOutput = try (place / "out_lin").projection(.attentionOutput, h, h)
      attentionNorm = try (weights / "sa_layer_norm").norm(h, epsilon: DistilBERT.epsilon)
      attentionEnd = (weights / "attention_adapters").site(.ending, .attentionEnd, h, h)
      intermediate = try (weights / "ffn" / "lin1").projection(.intermediate, h, t.intermediate)
      output = try (weights / "ffn" / "lin2").projection(.output, t.intermediate, h)
      outputNorm = try (weights / "output_layer_norm").norm(h, epsilon: DistilBERT.epsilon)
      outputEnd = (weights / "output_adapters").site(.ending, .feedForwardEnd, h, h)
      end = weights.site(.layer, .only, h, h)
      self.activation = activation
      self.dropout = dropout
    }

    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      let residual = pass.wantedRows(of: x)
      let context = pass.attended(
        pass.projected(residual, by: query), pass.projected(x, by: key),
        pass.projected(x, by: value), from: residual, by: attention)
      let attended = pass.ended(
        pass.projected(context, by: attentionOutput),
        Ending(at: attentionEnd, residual: residual, outer: attentionNorm))
      let wide = pass.projected(attended, by: intermediate, activation: activation)
      let y = pass.ended(
        pass.projected(wide, by: output),
        Ending(at: outputEnd, residual: attended, outer: outputNorm), dropout: dropout)
      return pass.left(y, at: end)
    }
  }
}
