/// T5 (Raffel et al., 2020) and mT5: encoder and decoder without absolute positions, pre-norm by the
/// root of the mean square, scores that are not scaled but biased by distance.
public import Files
public import Tensors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

public struct T5: Architecture {
  public static let modelTypes = ["t5", "mt5"]

  public static let savedHeads: [String: SavedHead] = {
    let classes: [(String, SavedHead)] = ["T5", "MT5"].flatMap { name in
      [
        ("\(name)ForConditionalGeneration", SavedHead("seq2seq_lm", names: [0: "lm_head"])),
        (
          "\(name)ForSequenceClassification",
          SavedHead(
            "classification", layers: 2, activation: "tanh",
            names: [1: "classification_head.dense", 4: "classification_head.out_proj"])
        ),
        (
          "\(name)ForQuestionAnswering",
          SavedHead("question_answering", names: [1: "qa_outputs"])
        ),
      ]
    }
    return Dictionary(uniqueKeysWithValues: classes)
  }()

  public let traits: Traits
  private let words: Embedding
  private let encoder, decoder: Stack
  /// A tied one takes states that are scaled down to fit it.
  private let vocabulary: OutputEmbedding?
  private let dropout: Float

  public init(_ configuration: Field, _ weights: Weights) throws {
    let c = try Configuration(configuration)
    traits = c.traits
    dropout = c.dropout
    let model = weights.model("transformer")
    let h = traits.width
    words = try (model / "shared").embedding("weight", traits.vocabulary, h)
    for side in ["encoder", "decoder"] {
      (model / side / "embed_tokens").tied("weight", shape: [traits.vocabulary, h])
    }
    encoder = try Stack(model / "encoder", c, isDecoder: false)
    decoder = try Stack((model / "decoder").stack(.decoder), c, isDecoder: true)
    vocabulary = try OutputEmbedding(
      weights / "lm_head", words: words, isTied: c.isTied, tiedScale: 1 / Float(h).squareRoot(),
      traits)
  }

  public func embedded(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass
  ) -> Tensor {
    let x = words(tokens.ids)
    let dropped = pass.dropped(x, dropout, at: "\(stack.rawValue).embeddings")
    return stack == .encoder
      ? pass.entered(dropped, at: encoder.embeddingSite) : dropped
  }

  public func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor {
    index < traits.encoderLayers
      ? encoder.layers[index](x, pass) : decoder.layers[index - traits.encoderLayers](x, pass)
  }

  public func finished(_ x: Tensor, _ stack: Site.Stack, _ pass: FinishingPass) -> Tensor {
    let norm = stack == .encoder ? encoder.norm : decoder.norm
    return pass.dropped(norm(x), dropout, at: "\(stack.rawValue).final_layer_norm")
  }

  public func vocabularyLogits(_ x: Tensor, unembedding: (Tensor) -> Tensor) -> Tensor? {
    vocabulary.map { $0(x, unembedding: unembedding) }
  }
}

extension T5 {
  private struct Configuration {
    let traits: Traits
    let activation: Activation
    let isGated, isTied: Bool
    let epsilon, dropout: Float
    let buckets, furthest: Int

    init(_ root: Field) throws {
      let type = try root.required("model_type").string()
      let isMultilingual = type == "mt5"
      let width = try root.size("d_model", 1...65_536, default: 512)
      let headWidth = try root.size("d_kv", 1...65_536, default: 64)
      let heads = try root.size("num_heads", 1...65_536, default: isMultilingual ? 6 : 8)
      try root.refuse("is_decoder") { _ in "is true: one half of T5 alone is not supported" }
      try root.refuseNonEmpty("pruned_heads", "quantization_config")
      let kind =
        try root["feed_forward_proj"]?.string() ?? (isMultilingual ? "gated-gelu" : "relu")
      isGated = kind.hasPrefix("gated-")
      let name = isGated ? String(kind.dropFirst("gated-".count)) : kind
      // Of all names, this one alone means another function behind a gate.
      guard let activation = Activation(named: kind == "gated-gelu" ? "gelu_new" : name) else {
        throw FileFailure(
          root.file, at: "$.feed_forward_proj",
          "no activation is named \(escaped(name, limit: 80))")
      }
      self.activation = activation
      isTied = try root["tie_word_embeddings"]?.bool() ?? !isMultilingual
      epsilon = try root.epsilon("layer_norm_epsilon", default: 1e-6)
      dropout = try root.dropout("dropout_rate") ?? 0.1
      buckets = try root.size("relative_attention_num_buckets", 4...4_096, default: 32)
      furthest = try root.size("relative_attention_max_distance", 2...100_000, default: 128)
      guard buckets % 4 == 0, furthest > buckets / 2 else {
        throw FileFailure(
          root.file, at: "$.relative_attention_max_distance",
          "\(buckets) buckets do not fit distances up to \(furthest)",
          hint: "32 buckets and 128 are usual")
      }
      let layers = try root.size("num_layers", 1...1_000, default: isMultilingual ? 8 : 6)
      var traits = Traits(
        modelType: type, className: isMultilingual ? "MT5AdapterModel" : "T5AdapterModel",
        prefix: "transformer", width: width, heads: heads,
        intermediate: try root.size(
          "d_ff", 1...1_048_576, default: isMultilingual ? 1024 : 2048),
        vocabulary: try root.size(
          "vocab_size", 1...10_000_000, default: isMultilingual ? 250_112 : 32_128),
        positions: Traits.mostPositions, tokenTypes: 0, layers: layers,
        headDropout: try root.dropout("classifier_dropout") ?? 0)
      traits.headWidth = headWidth
      traits.decoderLayers = try root.size("num_decoder_layers", 1...1_000, default: layers)
      traits.hasVocabularyHead =
        try root.savedClass()?.hasSuffix("ForConditionalGeneration") ?? false
      traits.classification = .endOfText(
        Int32(try root.size("eos_token_id", 0...traits.vocabulary - 1, default: 1)))
      self.traits = traits
    }
  }

  /// The encoder or the decoder.
  private struct Stack: Sendable {
    let layers: [Layer]
    let norm: Norm
    let embeddingSite: Site

    init(_ weights: Weights, _ c: Configuration, isDecoder: Bool) throws {
      let t = c.traits
      embeddingSite = weights.site(.embeddings, .only, t.width, t.width)
      // The first layer's table serves all layers of its side.
      let table = try
        (weights / "block" / 0 / "layer" / 0 / "SelfAttention" / "relative_attention_bias")
        .tensor("weight", shape: [c.buckets, t.heads])
      let bias = T5.positionBias(table, c, isDecoder: isDecoder)
      layers = try (weights / "block").layers(
        isDecoder ? t.decoderLayers : t.encoderLayers, from: isDecoder ? t.encoderLayers : 0
      ) { place, _ in try Layer(place, c, bias, isDecoder: isDecoder) }
      norm = try (weights / "final_layer_norm").norm(
        t.width, epsilon: c.epsilon, .rms, bias: false)
    }
  }

  private struct Layer: Sendable {
    let attention: Attention
    /// Of the encoder's output, in the decoder.
    let cross: Attention?
    let feedForward: FeedForward
    let end: Site

    init(_ weights: Weights, _ c: Configuration, _ bias: PositionBias, isDecoder: Bool) throws {
      let place = weights / "layer"
      attention = try Attention(
        place / 0, "SelfAttention", c, isDecoder ? .selfAttention : .encoderAttention,
        .attentionEnd, bias: bias, isCausal: isDecoder)
      cross =
        isDecoder
        ? try Attention(
          place / 1, "EncDecAttention", c, .crossAttention, .crossAttentionEnd, bias: nil,
          isCausal: false) : nil
      feedForward = try FeedForward(place / (isDecoder ? 2 : 1), c)
      end = weights.site(.layer, .only, c.traits.width, c.traits.width)
    }

    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      var y = attention(x, pass)
      if let cross, let memory = pass.memory { y = cross(y, of: memory, pass) }
      return pass.left(feedForward(y, pass), at: end)
    }
  }

  private struct Attention: Sendable {
    let norm: Norm
    let query, key, value, output: Projection
    let core: AttentionCore
    let end: Site
    let dropout: Float

    init(
      _ weights: Weights, _ name: String, _ c: Configuration, _ role: Site.Role,
      _ ending: Site.Role, bias: PositionBias?, isCausal: Bool
    ) throws {
      let (place, t) = (weights / name, c.traits)
      let (h, inner) = (t.width, t.heads * t.headWidth)
      norm = try (weights / "layer_norm").norm(h, epsilon: c.epsilon, .rms, bias: false)
      query = try (place / "q").projection(.query, h, inner, bias: false)
      key = try (place / "k").projection(.key, h, inner, bias: false)
      value = try (place / "v").projection(.value, h, inner, bias: false)
      core = AttentionCore(
        at: place.site(.attention, role, h, inner),
        AttentionShape(heads: t.heads, headWidth: t.headWidth, scale: 1, isCausal: isCausal),
        bias: bias, dropout: c.dropout)
      output = try (place / "o").projection(.attentionOutput, inner, h, bias: false)
      end = weights.site(.ending, ending, h, h)
      dropout = c.dropout
    }

    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      let residual = pass.wantedRows(of: x)
      let normed = norm(x)
      let wanted = pass.wantedRows(of: normed)
      let context = pass.attended(
        pass.projected(wanted, by: query), pass.projected(normed, by: key),
        pass.projected(normed, by: value), from: wanted, by: core)
      return ended(context, residual, pass)
    }

    func callAsFunction(_ x: Tensor, of memory: Pass.Memory, _ pass: Pass) -> Tensor {
      let normed = norm(x)
      let context = pass.attendedMemory(
        pass.projected(normed, by: query), pass.projectedMemory(memory, by: key),
        pass.projectedMemory(memory, by: value), memory, from: normed, by: core)
      return ended(context, x, pass)
    }

    private func ended(_ context: Tensor, _ residual: Tensor, _ pass: Pass) -> Tensor {
      pass.ended(
        pass.projected(context, by: output), Ending(at: end, residual: residual),
        dropout: dropout)
    }
  }

  private struct FeedForward: Sendable {
    let norm: Norm
    /// The way up, and where there is a gate the factor beside it.
    let intermediate: Projection
    let gate: Projection?
    let output: Projection
    let activation: Activation
    let end: Site
    let dropout: Float

    init(_ weights: Weights, _ c: Configuration) throws {
      let (place, t) = (weights / "DenseReluDense", c.traits)
      let (h, wide) = (t.width, t.intermediate)
      norm = try (weights / "layer_norm").norm(h, epsilon: c.epsilon, .rms, bias: false)
      // The library's methods act at the second of two.
      gate = c.isGated ? try (place / "wi_0").projection("gate", h, wide, bias: false) : nil
      intermediate = try (place / (c.isGated ? "wi_1" : "wi")).projection(
        .intermediate, h, wide, bias: false)
      output = try (place / "wo").projection(.output, wide, h, bias: false)
      activation = c.activation
      end = weights.site(.ending, .feedForwardEnd, h, h)
      dropout = c.dropout
    }

    func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
      let normed = norm(x)
      let wide: Tensor
      if let gate {
        wide =
          pass.projected(normed, by: gate, activation: activation)
          * pass.projected(normed, by: intermediate)
      } else {
        wide = pass.projected(normed, by: intermediate, activation: activation)
      }
      let dropped = pass.dropped(wide, dropout, at: output.site.path + ".input")
      return pass.ended(
        pass.projected(dropped, by: output), Ending(at: end, residual: x), dropout: dropout)
    }
  }

  /// A bucket for each distance from query to key: exact for near ones, logarithmic beyond.
  ///
  /// The table has a row per bucket and a column per head.
  private static func positionBias(
    _ table: Tensor, _ c: Configuration, isDecoder: Bool
  ) -> PositionBias {
    // An encoder has half of the buckets for what lies behind the query, half for what lies ahead.
    let buckets = isDecoder ? c.buckets : c.buckets / 2
    let exact = buckets / 2
    func bucket(_ distance: Int) -> Int {
      guard distance >= exact else { return distance }
      // In 32-bit floats, as the reference rounds.
      let share = logf(Float(distance) / Float(exact)) / logf(Float(c.furthest) / Float(exact))
      return min(buckets - 1, exact + Int(share * Float(buckets - exact)))
    }
    let reach = c.furthest
    let all = (-reach...reach).map { distance -> Int16 in
      guard distance > 0 else { return Int16(clamping: bucket(-distance)) }
      return Int16(clamping: isDecoder ? 0 : buckets + bucket(distance))
    }
    // Each head's buckets together; a model of shapes alone has none to turn.
    let heads = table.isShapeOnly ? table : table.turned().reshaped([1, table.count])
    return PositionBias(
      buckets: all, least: -reach, bucketCount: c.buckets, byQuery: heads)
  }
}
