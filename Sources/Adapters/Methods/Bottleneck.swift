/// The bottleneck family: down, activation, up, at the end of a sub-layer.
///
///     seq_bn         Pfeiffer et al., 2020    after the feed-forward, behind a norm
///     double_seq_bn  Houlsby et al., 2019     after attention and feed-forward
///     par_bn         He et al., 2021          beside the feed-forward
///     adapter_plus   Steitz and Roth, 2024    one norm, channel-wise scaling
public import BaseModels
public import Files
internal import Tensors

/// A bottleneck adapter's configuration: the fields of the Python library's `BnConfig`.
public struct Bottleneck: Method {
  public static let containers = ["adapters", "shared_parameters", Invertible.container]
  static let container = "adapters"

  /// A number that scales, one that is trained, or one per channel that is trained.
  public enum Scaling: Sendable, Equatable {
    case constant(Float)
    case learned
    case channel
  }

  /// What is added to the bottleneck's output.
  public enum Residual: Sendable, Equatable {
    /// The sub-layer's output.
    case output
    /// The same plus the sub-layer's residual.
    case sum
    /// What goes into the bottleneck.
    case input
  }

  public enum Initialization: String, Sendable, CaseIterable {
    case bert
    case mam = "mam_adapter"
    case houlsby
  }

  let afterAttention, afterCrossAttention, afterFeedForward: Bool
  let reduction: Reduction
  let activation: Activation
  let normsBefore, normsAfter, ownNormBefore, ownNormAfter: Bool
  let initialization: Initialization
  let isParallel: Bool
  /// Where the two layers are sums of Kronecker products.
  let hypercomplex: Hypercomplex?
  /// What acts behind the embeddings besides.
  let invertible: Invertible?
  let scaling: Scaling
  let isGated: Bool
  let residual: Residual
  let addsResidualBeforeOwnNorm: Bool
  public let leftOut: Set<Int>
  let dropout, stochasticDepth: Float
  /// Every setting, known to be acted upon or not, for the file.
  public let configuration: JSON.Object

  public init(_ given: Field) throws {
    let fields = try given.filled(with: Self.defaults)
    func flag(_ key: String) throws -> Bool { try fields.required(key).bool() }
    afterAttention = try flag("mh_adapter")
    afterFeedForward = try flag("output_adapter")
    afterCrossAttention = try flag("cross_adapter")
    reduction = try Reduction(fields.required("reduction_factor"))
    activation = try fields.activation("non_linearity")
    hypercomplex = try flag("phm_layer") ? Hypercomplex(fields) : nil
    invertible = try Self.invertible(fields, activation)
    normsBefore = try flag("original_ln_before")
    normsAfter = try flag("original_ln_after")
    ownNormBefore = try flag("ln_before")
    ownNormAfter = try flag("ln_after")
    let initial = try fields.required("init_weights").string()
    guard let initialization = Initialization(rawValue: initial) else {
      throw try fields.required("init_weights").failure(
        "no initialisation is named \(initial)", hint: "bert, mam_adapter or houlsby")
    }
    self.initialization = initialization
    isParallel = try flag("is_parallel")
    scaling = try Scaling(fields.required("scaling"))
    isGated = try flag("use_gating")
    residual = try Residual(fields.required("residual_before_ln"))
    if residual == .sum, !normsBefore {
      throw try fields.required("residual_before_ln").failure(
        "post_add is the sum before the model's norm, so it needs original_ln_before")
    }
    addsResidualBeforeOwnNorm = try flag("adapter_residual_before_ln")
    leftOut = try fields.leftOut()
    dropout = try fields.probability("dropout")
    stochasticDepth = try fields.probability("stochastic_depth")
    try fields.checkSeed()
    configuration = try fields.pythonNumbers()
  }

  private static func invertible(_ fields: Field, _ activation: Activation) throws -> Invertible? {
    guard let block = fields["inv_adapter"] else { return nil }
    let kind = try block.string()
    guard kind == "nice" else {
      throw block.failure(
        "invertible adapters of kind \(escaped(kind, limit: 80)) are not supported", hint: "nice")
    }
    let reduction = try fields["inv_adapter_reduction_factor"]?.number() ?? 2
    guard reduction > 0, reduction.isFinite else {
      throw fields.failure("inv_adapter_reduction_factor is \(reduction)", hint: "2 is usual")
    }
    return Invertible(reduction: reduction, activation: activation)
  }

  public static func recognises(_ configuration: Field) -> Bool {
    configuration["architecture"] == nil
  }

  /// The library writes a norm of its own twice: it is also the first of the down projection's modules.
  public static func isRepetition(_ key: String) -> Bool { key.contains(".adapter_norm_before.") }

  /// Refuses a map of reduction factors that leaves layers out.
  public func check(_ model: BaseShape, _ file: String) throws {
    guard reduction.covers(layers: model.traits.layers) else {
      throw FileFailure(
        file, at: "$.config.reduction_factor",
        "the map neither names every layer nor gives a default",
        hint: "{\"1\": 16, \"default\": 8}")
    }
    guard let hypercomplex else { return }
    for site in model.sites where acts(at: site) {
      for size in [site.outputs, size(at: site)] where size % hypercomplex.dimension != 0 {
        throw FileFailure(
          file, at: "$.config.phm_dim",
          "\(hypercomplex.dimension) does not divide a width of \(size)",
          hint: "another reduction_factor")
      }
    }
  }

  public func parameters(on model: BaseShape) -> [Parameter] {
    let sites = model.sites.filter(acts)
    var parameters = sites.flatMap(parameters)
    if let site = sites.first, let hypercomplex {
      parameters += hypercomplex.sharedParameters(
        width: site.outputs, size: size(at: site), on: model.traits.prefix)
    }
    if let invertible, let site = embeddings(of: model) {
      parameters += invertible.parameters(at: site)
    }
    return parameters
  }

  /// Where the invertible block acts: behind the embeddings of the first stack.
  private func embeddings(of model: BaseShape) -> Site? {
    model.sites.first { $0.kind == .embeddings }
  }

  private func size(at site: Site) -> Int {
    reduction.size(of: site.outputs, layer: site.layer ?? 0)
  }

  private func parameters(at site: Site) -> [Parameter] {
    let width = site.outputs
    let size = size(at: site)
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, _ weight: Initializer)
      -> [Parameter]
    {
      [
        Parameter(at: site, Self.container, name + ".weight", [outputs, inputs], weight),
        Parameter(at: site, Self.container, name + ".bias", [outputs], .zeros),
      ]
    }
    func norm(_ name: String, alias: String? = nil) -> [Parameter] {
      [
        Parameter(
          at: site, Self.container, name + ".weight", [width], .ones,
          alias: alias.map { $0 + ".weight" }),
        Parameter(
          at: site, Self.container, name + ".bias", [width], .zeros,
          alias: alias.map { $0 + ".bias" }),
      ]
    }
    let (down, up): (Initializer, Initializer) =
      switch initialization {
      case .bert: (.normal(deviation: 0.02), .normal(deviation: 0.02))
      case .mam: (.kaimingUniform(inputs: width), .zeros)
      case .houlsby:
        (
          .truncatedNormal(deviation: 0.01, bound: 0.02),
          .truncatedNormal(deviation: 0.01, bound: 0.02)
        )
      }
    var parameters =
      ownNormBefore ? norm("adapter_down.0", alias: "adapter_norm_before") : []
    if let hypercomplex {
      for (name, inputs, outputs) in [(downName, width, size), ("adapter_up", size, width)] {
        parameters += hypercomplex.parameters(name, inputs: inputs, outputs: outputs) {
          Parameter(
            at: site, Self.container, $0, $1, $2,
            decays: $0.hasSuffix(".b") ? true : nil, isTrained: $3)
        }
      }
    } else {
      parameters += linear(downName, size, width, down) + linear("adapter_up", width, size, up)
    }
    switch scaling {
    case .constant: break
    case .learned: parameters.append(Parameter(at: site, Self.container, "scaling", [1], .ones))
    case .channel: parameters.append(Parameter(at: site, Self.container, "scaling", [width], .ones))
    }
    if ownNormAfter { parameters += norm("adapter_norm_after") }
    if isGated { parameters += linear("gate", 1, width, .normal(deviation: 0.02)) }
    return parameters
  }

  public func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules {
    var modules = Modules()
    for site in base.sites where acts(at: site) {
      modules.endings[site.index] = module(
        tensors.at(site, Self.container),
        shared: tensors.at(base.traits.prefix, "shared_parameters"))
    }
    if let invertible, let site = embeddings(of: base.shape) {
      modules.embeddings[site.index] = invertible.module(tensors, at: site)
    }
    return modules
  }

  private func module(_ tensors: ModuleTensors, shared: ModuleTensors) -> BottleneckModule {
    func linear(_ name: String, _ position: Hypercomplex.Position) -> Linear {
      hypercomplex?.linear(name, position, tensors, shared: shared) ?? tensors.linear(name)
    }
    return BottleneckModule(
      method: self, ownNormBefore: ownNormBefore ? tensors.norm("adapter_down.0") : nil,
      down: linear(downName, .down), up: linear("adapter_up", .up),
      scaling: scaling == .learned || scaling == .channel ? tensors("scaling") : nil,
      gate: isGated ? tensors.linear("gate") : nil,
      ownNormAfter: ownNormAfter ? tensors.norm("adapter_norm_after") : nil,
      dropout: tensors.dropout)
  }

  private func acts(at site: Site) -> Bool {
    guard site.kind == .ending, !leftOut.contains(site.layer ?? -1) else { return false }
    return switch site.role {
    case .attentionEnd: afterAttention
    case .crossAttentionEnd: afterCrossAttention
    case .feedForwardEnd: afterFeedForward
    default: false
    }
  }

  /// A norm of its own comes first in the sequence of the down projection.
  private var downName: String { ownNormBefore ? "adapter_down.1" : "adapter_down.0" }
}

/// One bottleneck at one place.
private struct BottleneckModule: EndingModule {
  let method: Bottleneck
  let ownNormBefore: Norm?
  let down, up: Linear
  let scaling: Tensor?
  let gate: Linear?
  let ownNormAfter: Norm?
  let dropout: DropoutSource?

  var readsWholeSequences: Bool { method.isGated }

  func adapted(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor {
    if method.isParallel { return normedAfter(bottleneck(ending.residual, rows)) }
    let input = method.normsBefore ? ending.finished(h) : h
    let y = bottleneck(input, rows)
    let skip = skip(h, input, ending)
    return method.addsResidualBeforeOwnNorm ? normedAfter(y + skip) : normedAfter(y) + skip
  }

  func skipped(_ h: Tensor, _ ending: Ending) -> Tensor? {
    if method.isParallel { return nil }
    let isInput = method.residual == .input
    return skip(h, isInput && method.normsBefore ? ending.finished(h) : h, ending)
  }

  /// What is added to what comes out.
  private func skip(_ h: Tensor, _ input: Tensor, _ ending: Ending) -> Tensor {
    switch method.residual {
    case .output: h
    case .sum: h + ending.residual
    case .input: input
    }
  }

  func finished(_ h: Tensor, original: Tensor, _ ending: Ending) -> Tensor {
    let whole = method.isParallel ? h + original : h
    return method.normsAfter ? ending(whole) : whole
  }

  /// `scaling · up(activation(down(x)))`, dropped out and gated.
  private func bottleneck(_ x: Tensor, _ rows: TokenRows) -> Tensor {
    let narrow = down(ownNormBefore?(x) ?? x, activation: method.activation)
    var y = up(narrow)
    if !method.isParallel {
      y = y.droppingSequences(
        method.stochasticDepth, rows.layout, dropout?.at("depth"),
        sequences: rows.sequenceNumbers.map { UInt64($0) })
    }
    switch method.scaling {
    case .constant(let factor): y = factor == 1 ? y : y * factor
    case .learned: y = scaling.map { y.scaled(by: $0) } ?? y
    case .channel: y = scaling.map { y.multiplyingRows(by: $0) } ?? y
    }
    y = y.dropped(method.dropout, dropout?.at("dropout"), rows)
    guard let gate else { return y }
    return y.multiplyingEachRow(
      by: gate(x, activation: .sigmoid).meanOfSequences(rows.layout))
  }

  private func normedAfter(_ y: Tensor) -> Tensor { ownNormAfter?(y) ?? y }
}

extension Bottleneck.Scaling {
  init(_ field: Field) throws {
    if case .string(let name) = field.json {
      switch name {
      case "learned": self = .learned
      case "channel": self = .channel
      default:
        throw field.failure("no scaling is named \(name)", hint: "a number, learned or channel")
      }
      return
    }
    let value = try field.number()
    guard Float(value).isFinite else { throw field.failure("a scaling of \(value)") }
    self = .constant(Float(value))
  }
}

extension Bottleneck.Residual {
  init(_ field: Field) throws {
    if case .string(let name) = field.json {
      guard name == "post_add" else {
        throw field.failure("\(name) is neither true, false nor post_add")
      }
      self = .sum
      return
    }
    self = try field.bool() ? .output : .input
  }
}
