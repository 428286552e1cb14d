/// BERT (Devlin et al., 2019): a post-norm encoder with learned positions and token types.
public import Files
public import Tensors

/// `BertModel` of any size; paths are the checkpoint's.
public struct BERT: Architecture {
  public static let modelTypes = ["bert"]
  public static let prefix = "bert"
  public static let className = "BertAdapterModel"

  public let dimensions: Dimensions
  private let embeddings: Embeddings
  private let layers: [Layer]
  private let pooler: Linear?

  public init(_ configuration: Field, _ source: Weights.Source, precision: Precision) throws {
    let c = try Configuration(configuration)
    let weights = Weights(source, prefix: Self.prefix)
    dimensions = c.dimensions
    embeddings = try Embeddings(weights / "embeddings", c)
    let sites = Self.sites(of: c.dimensions)
    // Packing touches every weight once: worth all threads when a program has just started.
    layers = try parallelMap(c.dimensions.layers) { layer in
      try Layer(weights / "encoder" / "layer" / layer, c, sites, layer: layer, precision)
    }
    let pooler = weights / "pooler" / "dense"
    let width = c.dimensions.width
    self.pooler =
      pooler.has("weight")
      ? try Linear(pooler, inputs: width, outputs: width, precision: precision) : nil
  }

  public func callAsFunction(
    _ batch: Batch, _ hooks: some Hooks, reading: [Reading], keepingHidden: Bool
  ) -> Hidden {
    var x = embeddings(batch)
    var kept = keepingHidden ? [x] : []
    let layout = batch.layout
    let rows = TokenRows(reading, of: layout)
    let read =
      rows.layout == layout ? nil : (rows: rows.indices(in: layout), layout: rows.layout)
    // A gate averages over its sequence, and hidden states were asked for whole.
    let readEarly = keepingHidden || hooks.readsWholeSequences ? nil : read
    for (index, layer) in layers.enumerated() {
      x = layer(x, layout, hooks, reading: index == layers.count - 1 ? readEarly : nil)
      if keepingHidden { kept.append(x) }
    }
    guard let read, readEarly == nil else { return Hidden(last: x, rows: rows, layers: kept) }
    return Hidden(last: x.rows(at: read.rows), rows: rows, layers: kept)
  }

  public var hasPooler: Bool { pooler != nil }

  public func pooled(_ first: Tensor) -> Tensor? { pooler?(first, activation: .tanh) }

  public static func check(_ configuration: Field) throws -> Dimensions {
    try Configuration(configuration).dimensions
  }

  public static func sites(of d: Dimensions) -> [Site] {
    let kinds: [(role: Site.Role, name: String, inputs: Int, outputs: Int)] = [
      (.query, "attention.self.query", d.width, d.width),
      (.key, "attention.self.key", d.width, d.width),
      (.value, "attention.self.value", d.width, d.width),
      (.attentionEnd, "attention.output", d.width, d.width),
      (.intermediate, "intermediate.dense", d.width, d.intermediate),
      (.output, "output.dense", d.intermediate, d.width),
      (.feedForwardEnd, "output", d.width, d.width),
    ]
    return (0..<d.layers).flatMap { layer in
      kinds.enumerated().map { offset, kind in
        Site(
          index: layer * kinds.count + offset, role: kind.role, layer: layer,
          path: "\(prefix).encoder.layer.\(layer).\(kind.name)", inputs: kind.inputs,
          outputs: kind.outputs)
      }
    }
  }
}

extension BERT {
  /// Word, position and token-type vectors, summed and normed.
  private struct Embeddings: Sendable {
    let words, positions, tokenTypes: Tensor
    let norm: LayerNorm

    init(_ weights: Weights, _ c: Configuration) throws {
      let d = c.dimensions
      words = try weights.tensor("word_embeddings.weight", shape: [d.vocabulary, d.width])
      positions = try weights.tensor("position_embeddings.weight", shape: [d.positions, d.width])
      tokenTypes = try weights.tensor(
        "token_type_embeddings.weight", shape: [d.tokenTypes, d.width])
      norm = try LayerNorm(weights / "LayerNorm", width: d.width, epsilon: c.epsilon)
    }

    func callAsFunction(_ batch: Batch) -> Tensor {
      norm(
        .embedding([
          (words, batch.ids), (positions, batch.positions), (tokenTypes, batch.typeIds),
        ]))
    }
  }

  /// Self-attention and feed-forward, each ended by residual and norm.
  private struct Layer: Sendable {
    let query, key, value, attentionOutput, intermediate, output: Linear
    let attentionNorm, outputNorm: LayerNorm
    let activation: Activation
    let heads: Int
    /// In the order of ``BERT/sites(of:)``.
    let sites: ArraySlice<Site>

    init(
      _ weights: Weights, _ c: Configuration, _ sites: [Site], layer: Int, _ precision: Precision
    ) throws {
      let d = c.dimensions
      func linear(_ weights: Weights, _ inputs: Int, _ outputs: Int) throws -> Linear {
        try Linear(weights, inputs: inputs, outputs: outputs, precision: precision)
      }
      let attention = weights / "attention"
      query = try linear(attention / "self" / "query", d.width, d.width)
      key = try linear(attention / "self" / "key", d.width, d.width)
      value = try linear(attention / "self" / "value", d.width, d.width)
      attentionOutput = try linear(attention / "output" / "dense", d.width, d.width)
      attentionNorm = try LayerNorm(
        attention / "output" / "LayerNorm", width: d.width, epsilon: c.epsilon)
      intermediate = try linear(weights / "intermediate" / "dense", d.width, d.intermediate)
      output = try linear(weights / "output" / "dense", d.intermediate, d.width)
      outputNorm = try LayerNorm(
        weights / "output" / "LayerNorm", width: d.width, epsilon: c.epsilon)
      activation = c.activation
      heads = d.heads
      let count = sites.count / d.layers
      self.sites = sites[layer * count..<(layer + 1) * count]
    }

    /// - Parameters:
    ///   - x: `[tokens, width]`
    ///   - layout: where the sequences lie in `x`.
    ///   - hooks: what adapters answer at the sites.
    ///   - reading: the rows to compute; nil for all. Keys and values are always of all tokens.
    /// - Returns: `[rows, width]`
    func callAsFunction(
      _ x: Tensor, _ layout: Layout, _ hooks: some Hooks,
      reading: (rows: [Int], layout: Layout)?
    ) -> Tensor {
      let first = sites.startIndex
      let read = reading?.layout ?? layout
      let residual = reading.map { x.rows(at: $0.rows) } ?? x
      let q = hooks.projected(query(residual), from: residual, at: sites[first], read)
      let k = hooks.projected(key(x), from: x, at: sites[first + 1], layout)
      let v = hooks.projected(value(x), from: x, at: sites[first + 2], layout)
      let context = attention(
        query: q, key: k, value: v, queries: read, keys: layout, heads: heads,
        scale: 1 / Float(x.width / heads).squareRoot())
      let attended = hooks.ended(
        attentionOutput(context), residual: residual, norm: attentionNorm, at: sites[first + 3],
        read)
      let wide = hooks.activated(intermediate, activation, attended, at: sites[first + 4], read)
      let narrow = hooks.projected(output(wide), from: wide, at: sites[first + 5], read)
      return hooks.ended(
        narrow, residual: attended, norm: outputNorm, at: sites[first + 6], read)
    }
  }
}
