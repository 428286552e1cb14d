/// Prompt tuning (Lester et al., 2021): vectors of its own among a sequence's embedded tokens.
public import BaseModels
public import Files
internal import Tensors

/// A prompt tuning's configuration: the fields of the Python library's `PromptTuningConfig`.
public struct PromptTuning: Method {
  public static let containers = ["prompt_tunings"]
  private static let container = "prompt_tuning.prompt_tunings"

  let length: Int
  /// How far fresh values lie from zero at most; nil where they are a text's.
  let scale: Float?
  /// Whether the first token stays the first.
  let comesAfterFirst: Bool
  public let leftOut: Set<Int> = []
  public let configuration: JSON.Object

  public init(_ given: Field) throws {
    let fields = try given.filled(with: Self.defaults)
    length = try fields.required("prompt_length").integer(in: 1...10_000)
    let initial = try fields.required("prompt_init").string()
    let scale = try fields.required("random_uniform_scale").number()
    switch initial {
    case "random_uniform": self.scale = Float(scale)
    case "from_string": self.scale = nil
    default:
      throw try fields.required("prompt_init").failure(
        "no beginning is named \(escaped(initial, limit: 80))",
        hint: "random_uniform or from_string")
    }
    guard Float(scale).isFinite else {
      throw try fields.required("random_uniform_scale").failure("a scale of \(scale)")
    }
    let place = try fields.required("combine").string()
    guard ["prefix", "prefix_after_bos"].contains(place) else {
      throw try fields.required("combine").failure(
        "no place is named \(escaped(place, limit: 80))", hint: "prefix or prefix_after_bos")
    }
    comesAfterFirst = place == "prefix_after_bos"
    try fields.checkSeed()
    // The Python library keeps the scale to itself.
    var written = try fields.pythonNumbers()
    if scale == 0.5 { written["random_uniform_scale"] = nil }
    configuration = written
  }

  public static func recognises(_ configuration: Field) -> Bool {
    (try? configuration["architecture"]?.string()) == "prompt_tuning"
  }

  public func check(_ model: BaseShape, _ file: String) throws {
    guard model.traits.decoderLayers == 0 else {
      throw FileFailure(
        file, "prompt tuning is defined for encoders, and \(model.traits.modelType) decodes",
        hint: "prefix_tuning is for both")
    }
  }

  public func checkFresh(_ file: String) throws {
    guard scale != nil else {
      throw FileFailure(
        file, at: "prompt_init", "a fresh prompt cannot begin as a text's tokens yet",
        hint: "prompt_init='random_uniform'")
    }
  }

  public func parameters(on model: BaseShape) -> [Parameter] {
    model.sites.filter { $0.kind == .embeddings }.map { site in
      Parameter(
        onModel: model.traits.prefix, Self.container, "prompt_embedding.weight",
        [length, site.outputs], .uniform(bound: scale ?? 0))
    }
  }

  public func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules {
    var modules = Modules()
    let prompt = tensors.at(base.traits.prefix, Self.container)("prompt_embedding.weight")
    for site in base.sites where site.kind == .embeddings {
      modules.embeddings[site.index] = PromptModule(
        prompt: prompt, comesAfterFirst: comesAfterFirst)
    }
    return modules
  }
}

extension PromptTuning {
  public static let defaults: JSON.Object = [
    "architecture": .string("prompt_tuning"), "combine": .string("prefix"),
    "init_weights_seed": .null, "prompt_init": .string("random_uniform"),
    "prompt_init_text": .null, "prompt_length": .integer(10),
    "random_uniform_scale": .number(0.5),
  ]

  public static let identifiers: [(name: String, settings: JSON.Object)] = [("prompt_tuning", [:])]
}

private struct PromptModule: EmbeddingModule {
  /// Of the width of embeddings, `[length, width]`.
  let prompt: Tensor
  let comesAfterFirst: Bool

  var addedRows: Int { prompt.rows }

  func embedded(_ x: Tensor, _ rows: TokenRows) -> (Tensor, TokenRows) {
    let place = comesAfterFirst ? 1 : 0
    let all = Tensor.concatenatingRows([x, prompt])
    let indices = (0..<rows.layout.sequences).flatMap { sequence -> [Int] in
      let tokens = rows.layout[sequence]
      return Array(tokens.prefix(place)) + Array(x.rows..<x.rows + prompt.rows)
        + Array(tokens.dropFirst(place))
    }
    let counts = [Int](repeating: prompt.rows, count: rows.layout.sequences)
    return (
      all.rows(at: indices), rows.inserting(counts, at: counts.map { _ in place })
    )
  }
}
