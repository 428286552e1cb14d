/// BERT's `config.json`, and that of its relatives.
internal import Files
internal import Tensors

extension BERT {
  /// What the model needs of `config.json`, checked.
  ///
  /// Absent fields have `BertConfig`'s defaults.
  struct Configuration: Sendable {
    let modelType: String
    let width, layers, heads, intermediate, vocabulary, positions, tokenTypes: Int
    let padding: Int?
    let activation: Activation
    let epsilon: Float
    let hiddenDropout, attentionDropout, classifierDropout: Float

    init(_ root: Field) throws {
      modelType = try root.required("model_type").string()
      width = try root.size("hidden_size", 1...65_536, default: 768)
      heads = try root.size("num_attention_heads", 1...65_536, default: 12)
      try root.checkDivides("hidden_size", width, by: "num_attention_heads", heads)
      try root.refuse("is_decoder", "add_cross_attention") { _ in
        "is true: an encoder as a decoder is not supported"
      }
      try root.refuseNonEmpty("pruned_heads", "quantization_config")
      let positionKind = try root["position_embedding_type"]?.string() ?? "absolute"
      guard positionKind == "absolute" else {
        throw FileFailure(
          root.file, at: "$.position_embedding_type",
          "position embeddings of type \(positionKind) are not supported, only absolute ones")
      }
      hiddenDropout = try root.dropout("hidden_dropout_prob") ?? 0.1
      attentionDropout = try root.dropout("attention_probs_dropout_prob") ?? 0.1
      classifierDropout = try root.dropout("classifier_dropout") ?? hiddenDropout
      activation = try root.activation("hidden_act", default: .gelu)
      epsilon = try root.epsilon("layer_norm_eps", default: 1e-12)
      vocabulary = try root.size("vocab_size", 1...10_000_000, default: 30_522)
      padding = try root["pad_token_id"]?.integer(in: 0...vocabulary - 1)
      layers = try root.size("num_hidden_layers", 1...1_000, default: 12)
      intermediate = try root.size("intermediate_size", 1...1_048_576, default: 3072)
      positions = try root.size("max_position_embeddings", 1...1_000_000, default: 512)
      tokenTypes = try root.size("type_vocab_size", 1...65_536, default: 2)
    }

    func traits(_ className: String, prefix: String, unusedPositions: Int = 0) -> Traits {
      Traits(
        modelType: modelType, className: className, prefix: prefix, width: width, heads: heads,
        intermediate: intermediate, vocabulary: vocabulary,
        positions: positions - unusedPositions, tokenTypes: tokenTypes, layers: layers,
        headDropout: classifierDropout)
    }
  }
}
