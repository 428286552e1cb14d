/// BERT's `config.json`.
internal import Files
internal import Tensors

extension BERT {
  /// What the model needs of `config.json`, checked.
  ///
  /// Absent fields have `BertConfig`'s defaults.
  struct Configuration: Sendable {
    let dimensions: Dimensions
    let activation: Activation
    let epsilon: Float

    init(_ root: Field) throws {
      func integer(_ key: String, _ range: ClosedRange<Int>, _ standard: Int) throws -> Int {
        try root[key]?.integer(in: range) ?? standard
      }
      func probability(_ key: String) throws -> Double? {
        guard let field = root[key] else { return nil }
        let value = try field.number()
        guard (0...1).contains(value) else {
          throw field.failure("a probability of \(value) is not between 0 and 1")
        }
        return value
      }
      let type = try root.required("model_type").string()
      let width = try integer("hidden_size", 1...65_536, 768)
      let heads = try integer("num_attention_heads", 1...65_536, 12)
      guard width % heads == 0 else {
        throw FileFailure(
          root.file, at: "$.hidden_size",
          "a hidden size of \(width) does not divide by num_attention_heads, \(heads)")
      }
      for key in ["is_decoder", "add_cross_attention"] where try root[key]?.bool() ?? false {
        throw FileFailure(
          root.file, at: "$.\(key)", "is true: BERT as a decoder is not supported",
          hint: "an encoder's checkpoint has it false")
      }
      let positionKind = try root["position_embedding_type"]?.string() ?? "absolute"
      guard positionKind == "absolute" else {
        throw FileFailure(
          root.file, at: "$.position_embedding_type",
          "position embeddings of type \(positionKind) are not supported, only absolute ones")
      }
      let hiddenDropout = try probability("hidden_dropout_prob") ?? 0.1
      _ = try probability("attention_probs_dropout_prob")
      let name = try root["hidden_act"]?.string() ?? "gelu"
      guard let activation = Activation(named: name) else {
        throw FileFailure(root.file, at: "$.hidden_act", "no activation is named \(name)")
      }
      let epsilon = try root["layer_norm_eps"]?.number() ?? 1e-12
      guard Float(epsilon) > 0, Float(epsilon).isFinite else {
        throw FileFailure(
          root.file, at: "$.layer_norm_eps", "\(epsilon) is no 32-bit number above 0",
          hint: "1e-12 is usual")
      }
      let vocabulary = try integer("vocab_size", 1...10_000_000, 30_522)
      if let padding = root["pad_token_id"] { _ = try padding.integer(in: 0...vocabulary - 1) }
      dimensions = Dimensions(
        modelType: type, width: width,
        layers: try integer("num_hidden_layers", 1...1_000, 12), heads: heads,
        intermediate: try integer("intermediate_size", 1...1_048_576, 3072),
        vocabulary: vocabulary,
        positions: try integer("max_position_embeddings", 1...10_000_000, 512),
        tokenTypes: try integer("type_vocab_size", 1...65_536, 2),
        classifierDropout: Float(try probability("classifier_dropout") ?? hiddenDropout),
        hiddenDropout: Float(hiddenDropout))
      self.activation = activation
      self.epsilon = Float(epsilon)
      // Each size is sensible; all of them together may still be more than any machine has.
      let bytes = BERT.parameterCount(of: dimensions) * 4
      guard bytes <= Self.largestModel else {
        throw root.failure(
          "the model would take \(bytes >> 30) GB, the limit is \(Self.largestModel >> 30)",
          hint: "are hidden_size, num_hidden_layers and vocab_size right?")
      }
    }

    /// One terabyte of 32-bit floats.
    private static let largestModel = 1 << 40
  }

  /// Embeddings, layers and pooler.
  ///
  /// The limits of every size, above, keep the sum below 2⁵⁰.
  public static func parameterCount(of d: Dimensions) -> Int {
    let embeddings = (d.vocabulary + d.positions + d.tokenTypes + 2) * d.width
    let attention = 4 * (d.width + 1) * d.width + 2 * d.width
    let feedForward = (2 * d.width + 1) * d.intermediate + 3 * d.width
    return embeddings + d.layers * (attention + feedForward) + (d.width + 1) * d.width
  }
}
