/// Low-rank adaptation (Hu et al., 2021): `y + (α/r)·x·Aᵀ·Bᵀ` at chosen projections, and (IA)³
/// (Liu et al., 2022), which scales their outputs: `y∘(α·b)`.
public import BaseModels
public import Files
internal import Tensors

/// A LoRA or (IA)³ adapter's configuration: the fields of the Python library's `LoRAConfig`.
public struct LowRank: Method {
  public static let containers = ["loras"]
  static let container = "loras"

  public enum Initialization: String, Sendable, CaseIterable {
    case lora, bert, ia3
  }

  let roles: Set<Site.Role>
  let rank: Int
  let alpha: Float
  let dropout: Float
  /// Whether outputs are multiplied, as (IA)³ does, instead of added to.
  let scales: Bool
  let initialization: Initialization
  let isGated: Bool
  public let leftOut: Set<Int>
  public let configuration: JSON.Object

  public init(_ given: Field) throws {
    let fields = try given.filled(with: Self.defaults)
    func flag(_ key: String) throws -> Bool { try fields.required(key).bool() }
    var roles: Set<Site.Role> = []
    if try flag("selfattn_lora") {
      for matrix in try fields.required("attn_matrices").array() {
        switch try matrix.string() {
        case "q": roles.insert(.query)
        case "k": roles.insert(.key)
        case "v": roles.insert(.value)
        case let other:
          throw matrix.failure("no attention matrix is named \(other)", hint: "q, k, v")
        }
      }
    }
    if try flag("intermediate_lora") { roles.insert(.intermediate) }
    if try flag("output_lora") { roles.insert(.output) }
    self.roles = roles
    rank = try fields.required("r").integer(in: 1...65_536)
    let alpha = try fields.required("alpha").number()
    guard alpha.isFinite else { throw try fields.required("alpha").failure("alpha is \(alpha)") }
    guard Float(alpha).isFinite else {
      throw try fields.required("alpha").failure("alpha is beyond the range of a float")
    }
    self.alpha = Float(alpha)
    dropout = try fields.probability("dropout")
    let mode = try fields.required("composition_mode").string()
    switch mode {
    case "add": scales = false
    case "scale":
      scales = true
      guard rank == 1, dropout == 0 else {
        throw given.failure("composition_mode scale needs r 1 and dropout 0")
      }
    default:
      throw try fields.required("composition_mode").failure(
        "no composition mode is named \(mode)", hint: "add or scale")
    }
    let initial = try fields.required("init_weights").string()
    guard let initialization = Initialization(rawValue: initial) else {
      throw try fields.required("init_weights").failure(
        "no initialisation of this library is named \(initial)", hint: "lora, bert or ia3")
    }
    self.initialization = initialization
    isGated = try flag("use_gating")
    for key in ["vera_d", "vera_b"] {
      if let field = fields[key] { throw field.failure("VeRA is not supported") }
    }
    if try flag("use_dora") {
      throw try fields.required("use_dora").failure("DoRA is not supported")
    }
    leftOut = Set(
      try fields["leave_out"]?.array().map { try $0.integer(in: 0...1_000) } ?? [])
    try fields.checkSeed()
    configuration = try fields.pythonNumbers()
  }

  public static func recognises(_ configuration: Field) -> Bool {
    (try? configuration["architecture"]?.string()) == "lora"
  }

  public func parameters(on model: BaseShape) -> [Parameter] {
    model.sites.filter(acts).flatMap(parameters)
  }

  /// The widths of the outputs that are acted on: one, or those of a merged projection's parts.
  private func widths(at site: Site) -> [Int] {
    site.parts.isEmpty
      ? [site.outputs] : site.parts.filter { roles.contains($0.role) }.map(\.outputs.count)
  }

  private func parameters(at site: Site) -> [Parameter] {
    let widths = widths(at: site)
    // A merged projection has a group of ranks for each of its parts.
    let (groups, outputs) = (widths.count, widths.reduce(0, +))
    let (a, b): (Initializer, Initializer) =
      switch initialization {
      case .lora: (.kaimingUniform(inputs: site.inputs), .zeros)
      case .bert: (.normal(deviation: 0.02), .normal(deviation: 0.02))
      case .ia3: (.ones, .ones)
      }
    var parameters = [Parameter(at: site, Self.container, "lora_B", [outputs, rank], b)]
    if !scales {
      parameters.append(
        Parameter(at: site, Self.container, "lora_A", [rank * groups, site.inputs], a))
    }
    if isGated {
      parameters.append(
        Parameter(
          at: site, Self.container, "gate.weight", [groups, site.inputs], .normal(deviation: 0.02)))
      parameters.append(Parameter(at: site, Self.container, "gate.bias", [groups], .zeros))
    }
    return parameters
  }

  public func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules {
    var modules = Modules()
    for site in base.sites where acts(at: site) {
      let tensors = tensors.at(site, Self.container)
      modules.projections[site.index] =
        site.parts.isEmpty ? module(tensors) : merged(tensors, at: site)
    }
    return modules
  }

  private func module(_ tensors: ModuleTensors) -> any ProjectionModule {
    let gate = isGated ? tensors.linear("gate") : nil
    if scales { return ScalingModule(factors: tensors("lora_B"), alpha: alpha, gate: gate) }
    return LowRankModule(
      down: tensors.linear(tensors("lora_A"), nil), up: tensors.linear(tensors("lora_B"), nil),
      scaling: alpha / Float(rank), gate: gate, dropout: dropout, source: tensors.dropout)
  }

  /// A module for each part of a merged projection.
  private func merged(_ tensors: ModuleTensors, at site: Site) -> any ProjectionModule {
    var parts: [MergedModule.Part] = []
    var (group, row) = (0, 0)
    for part in site.parts {
      guard roles.contains(part.role) else {
        parts.append(MergedModule.Part(outputs: part.outputs, module: nil))
        continue
      }
      let width = part.outputs.count
      let own = tensors.rows(
        [
          "lora_A": group * rank..<(group + 1) * rank, "lora_B": row..<row + width,
          "gate.weight": group..<group + 1, "gate.bias": group..<group + 1,
        ])
      parts.append(MergedModule.Part(outputs: part.outputs, module: module(own)))
      group += 1
      row += width
    }
    return MergedModule(parts: parts, scales: scales)
  }

  private func acts(at site: Site) -> Bool {
    guard site.kind == .projection, !leftOut.contains(site.layer ?? -1) else { return false }
    return site.parts.isEmpty
      ? roles.contains(site.role) : site.parts.contains { roles.contains($0.role) }
  }
}

extension LowRank {
  public static let defaults: JSON.Object = [
    "alpha": .integer(8), "architecture": .string("lora"),
    "attn_matrices": .array([.string("q"), .string("v")]), "composition_mode": .string("add"),
    "dropout": .number(0), "dtype": .null, "init_weights": .string("lora"),
    "init_weights_seed": .null, "intermediate_lora": .bool(false), "leave_out": .array([]),
    "output_lora": .bool(false), "r": .integer(8), "selfattn_lora": .bool(true),
    "use_dora": .bool(false), "use_gating": .bool(false), "vera_b": .null, "vera_d": .null,
  ]

  public static let identifiers: [(name: String, settings: JSON.Object)] = [
    ("lora", [:]),
    (
      "ia3",
      [
        "intermediate_lora": .bool(true), "attn_matrices": .array([.string("k"), .string("v")]),
        "r": .integer(1), "alpha": .integer(1), "composition_mode": .string("scale"),
        "init_weights": .string("ia3"),
      ]
    ),
  ]
}

/// `(α/r)·x·Aᵀ·Bᵀ`; a gate takes the place of `α/r`, as in the Python library.
private struct LowRankModule: ProjectionModule {
  let down, up: Linear
  let scaling: Float
  let gate: Linear?
  let dropout: Float
  let source: DropoutSource?

  var readsWholeSequences: Bool { gate != nil }
  var readsDelta: Bool { true }

  func delta(after delta: Tensor?, from x: Tensor, _ rows: TokenRows) -> Tensor {
    let narrow = down((delta?.rows(like: x) ?? x).dropped(dropout, source, rows))
    guard let gate else { return up(narrow, scaledBy: scaling) }
    return up(narrow).multiplyingEachRow(
      by: gate(x, activation: .sigmoid).meanOfSequences(rows.layout))
  }

  func combined(_ y: Tensor, _ delta: Tensor) -> Tensor { y + delta.rows(like: y) }

  func grouped(
    _ parts: [(module: any ProjectionModule, rows: Range<Int>)], _ y: Tensor, from x: Tensor
  ) -> Tensor? {
    let modules = parts.compactMap { $0.module as? LowRankModule }
    guard modules.count == parts.count,
      modules.allSatisfy({
        $0.gate == nil && $0.source == nil && $0.down.outputs == down.outputs
      })
    else { return nil }
    let rows = parts.map(\.rows)
    let narrow = Linear.grouped(zip(modules, rows).map { .init($0.down, rows: $1) }, x)
    return Linear.grouped(
      zip(modules, rows).map { .init($0.up, rows: $1, scale: $0.scaling) }, narrow, addingTo: y)
  }
}

extension Tensor {
  /// The product with factors of one row for all, or of a row for each.
  fileprivate func scaled(byRows factors: Tensor) -> Tensor {
    factors.rows == 1 && rows != 1
      ? multiplyingRows(by: factors.reshaped([factors.count])) : self * factors
  }

  /// One row for all, where (IA)³ came before in a stack, repeated for each row of another tensor.
  fileprivate func rows(like other: Tensor) -> Tensor {
    guard rows == 1, other.rows != 1 else { return self }
    return Tensor.zeros([other.rows, width]).addingToRows(reshaped([width]))
  }
}

/// `α·b`, which multiplies each channel of the output.
private struct ScalingModule: ProjectionModule {
  /// The vector `b`, `[outputs, 1]`.
  let factors: Tensor
  let alpha: Float
  let gate: Linear?

  var readsWholeSequences: Bool { gate != nil }
  var readsDelta: Bool { false }

  func delta(after delta: Tensor?, from x: Tensor, _ rows: TokenRows) -> Tensor {
    let row = factors.reshaped([factors.count])
    guard let gate else {
      let scaled = alpha == 1 ? row : row * alpha
      return delta.map { $0.multiplyingRows(by: scaled) } ?? scaled.reshaped([1, row.count])
    }
    let whole = delta?.rows(like: x) ?? .full(1, shape: [x.rows, row.count])
    return whole.multiplyingRows(by: row).multiplyingEachRow(
      by: gate(x, activation: .sigmoid).meanOfSequences(rows.layout))
  }

  func combined(_ y: Tensor, _ delta: Tensor) -> Tensor { y.scaled(byRows: delta) }
}

/// Modules for the parts of a merged projection, side by side.
private struct MergedModule: ProjectionModule {
  struct Part {
    let outputs: Range<Int>
    /// Nil where nothing acts.
    let module: (any ProjectionModule)?
  }

  let parts: [Part]
  let scales: Bool

  var readsWholeSequences: Bool { parts.contains { $0.module?.readsWholeSequences ?? false } }
  var readsDelta: Bool { !scales }

  func delta(after delta: Tensor?, from x: Tensor, _ rows: TokenRows) -> Tensor {
    let deltas = parts.map { part in
      part.module?.delta(after: scales ? delta?.columns(part.outputs) : delta, from: x, rows)
    }
    // A part that nothing acts on is as it was: nothing is added, or it is multiplied by one.
    let count = deltas.compactMap { $0?.rows }.max() ?? 1
    return .concatenatingColumns(
      zip(parts, deltas).map { part, delta in
        delta.map { $0.rows == count ? $0 : $0.rows(like: x) }
          ?? .full(scales ? 1 : 0, shape: [count, part.outputs.count])
      })
  }

  func combined(_ y: Tensor, _ delta: Tensor) -> Tensor {
    scales ? y.scaled(byRows: delta) : y + delta.rows(like: y)
  }
}
