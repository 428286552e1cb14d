/// Representation finetuning (Wu et al., 2024): the first and last rows of a layer's output are edited
/// in a subspace of few dimensions: `x + Rᵀ(f(Wx + b) − Rx)`.
public import BaseModels
public import Files
internal import Tensors

/// A ReFT's configuration: the fields of the Python library's `ReftConfig`.
public struct ReFT: Method {
  public static let containers = ["refts"]
  private static let container = "reft_layer.refts"

  /// Nil is all.
  let layers: Set<Int>?
  let prefixPositions, suffixPositions, rank: Int
  /// Whether the rows of R stay orthogonal, and whether what lies in the subspace is taken away first.
  let isOrthogonal, subtractsProjection: Bool
  /// Whether both ends have one unit.
  let isTied: Bool
  let dropout: Float
  let activation: Activation
  public let leftOut: Set<Int> = []
  public let configuration: JSON.Object

  public init(_ given: Field) throws {
    let fields = try given.filled(with: Self.defaults)
    func flag(_ key: String) throws -> Bool { try fields.required(key).bool() }
    let layers = try fields.required("layers")
    if case .string(let name) = layers.json {
      guard name == "all" else {
        throw layers.failure("\(escaped(name, limit: 80)) is neither all nor a list of layers")
      }
      self.layers = nil
    } else {
      self.layers = Set(try layers.array().map { try $0.integer(in: 0...1_000) })
    }
    prefixPositions = try fields.required("prefix_positions").integer(in: 0...100_000)
    suffixPositions = try fields.required("suffix_positions").integer(in: 0...100_000)
    rank = try fields.required("r").integer(in: 1...65_536)
    isOrthogonal = try flag("orthogonality")
    subtractsProjection = try flag("subtract_projection")
    isTied = try flag("tied_weights")
    dropout = try fields.probability("dropout")
    activation = fields["non_linearity"] == nil ? .linear : try fields.activation("non_linearity")
    guard try flag("output_reft") else {
      throw given.failure("output_reft is false, and there is no other place for a ReFT")
    }
    try fields.checkSeed()
    // The Python library writes what is subtracted in no case, and reads it in none.
    var written = try fields.pythonNumbers()
    if subtractsProjection { written["subtract_projection"] = nil }
    configuration = written
  }

  public static func recognises(_ configuration: Field) -> Bool {
    (try? configuration["architecture"]?.string()) == "reft"
  }

  public func check(_ model: BaseShape, _ file: String) throws {
    if let layer = layers?.sorted().first(where: { $0 >= model.traits.layers }) {
      throw FileFailure(
        file, at: "layers",
        "there is no layer \(layer): the model has \(model.traits.layers), counted from 0")
    }
    guard rank <= model.traits.width else {
      throw FileFailure(
        file, at: "r", "a rank of \(rank) is more than the model's width, \(model.traits.width)")
    }
  }

  public func parameters(on model: BaseShape) -> [Parameter] {
    model.sites.filter(acts).flatMap { site in
      (0..<(isTied ? 1 : 2)).flatMap { unit in parameters(at: site, "units.\(unit).") }
    }
  }

  private func parameters(at site: Site, _ unit: String) -> [Parameter] {
    let width = site.outputs
    func parameter(
      _ name: String, _ shape: [Int], _ initializer: Initializer, decays: Bool? = nil,
      isTrained: Bool = true
    ) -> Parameter {
      Parameter(
        at: site, Self.container, unit + name, shape, initializer, decays: decays,
        isTrained: isTrained)
    }
    let uniform = Initializer.kaimingUniform(inputs: width)
    let source = [
      parameter("learned_source.weight", [rank, width], uniform),
      parameter("learned_source.bias", [rank], uniform),
    ]
    guard isOrthogonal else {
      return source + [parameter("projection.weight", [rank, width], uniform)]
    }
    // Its diagonal is cut to whole numbers: decay would pull it off one, and so to nothing.
    return source + [
      parameter(
        "projection.parametrizations.weight.original", [rank, width], .negativeDiagonal,
        decays: false),
      parameter(
        "projection.parametrizations.weight.0.base", [width, width], .orthogonal,
        isTrained: false),
    ]
  }

  public func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules {
    var modules = Modules()
    for site in base.sites where acts(at: site) {
      let own = tensors.at(site, Self.container)
      let units = (0..<(isTied ? 1 : 2)).map { unit(own, "units.\($0).") }
      modules.layers[site.index] = ReFTModule(
        method: self, prefix: units[0], suffix: units[units.count - 1])
    }
    return modules
  }

  private func unit(_ tensors: ModuleTensors, _ name: String) -> ReFTUnit {
    let projection =
      isOrthogonal
      ? orthogonalRows(
        tensors(name + "projection.parametrizations.weight.original"),
        base: tensors(name + "projection.parametrizations.weight.0.base"))
      : tensors(name + "projection.weight")
    return ReFTUnit(
      source: tensors.linear(name + "learned_source"), projection: projection,
      activation: activation, subtracts: subtractsProjection, dropout: dropout,
      noise: tensors.dropout?.at(name))
  }

  private func acts(at site: Site) -> Bool {
    site.kind == .layer && layers?.contains(site.layer ?? -1) ?? true
  }
}

extension ReFT {
  public static let defaults: JSON.Object = [
    "architecture": .string("reft"), "dropout": .number(0.05), "dtype": .null,
    "init_weights_seed": .null, "layers": .string("all"), "non_linearity": .null,
    "orthogonality": .bool(true), "output_reft": .bool(true), "prefix_positions": .integer(3),
    "r": .integer(1), "subtract_projection": .bool(true), "suffix_positions": .integer(0),
    "tied_weights": .bool(false),
  ]

  public static let identifiers: [(name: String, settings: JSON.Object)] = [
    ("loreft", [:]), ("noreft", ["orthogonality": .bool(false)]),
    ("direft", ["orthogonality": .bool(false), "subtract_projection": .bool(false)]),
  ]
}

/// The rows of R as `torch.nn.utils.parametrizations.orthogonal` keeps them: reflections by the part of
/// a matrix beyond its diagonal, of the rows of a fixed orthogonal one.
///
/// - Parameters:
///   - original: `[rank, width]`
///   - base: `[width, width]`
/// - Returns: `[rank, width]`
private func orthogonalRows(_ original: Tensor, base: Tensor) -> Tensor {
  let (rank, width) = (original.rows, original.width)
  let values = original.scalars
  func row(_ value: (Int) -> Float) -> Tensor {
    Tensor((0..<width).map(value), shape: [1, width])
  }
  // Rows of the identity, reflected from the last to the first.
  var rows = Tensor(
    (0..<rank * width).map { $0 / width == $0 % width ? 1 : 0 }, shape: [rank, width])
  for j in (0..<rank).reversed() {
    let beyond = original.rows(j..<j + 1) * row { $0 > j ? 1 : 0 }
    let v = beyond + row { $0 == j ? 1 : 0 }
    let twice = (v * v).sum().reciprocal() * 2
    rows = rows - rows.multiplied(transposing: v).multiplied(by: v).scaled(by: twice)
  }
  let signs = Tensor(
    (0..<rank).map { values[$0 * width + $0].rounded(.towardZero) }, shape: [rank, 1])
  return rows.multiplyingEachRow(by: signs).multiplied(transposing: base)
}

/// One edit of some rows.
private struct ReFTUnit: Sendable {
  let source: Linear
  /// The subspace R, `[rank, width]`.
  let projection: Tensor
  let activation: Activation
  let subtracts: Bool
  let dropout: Float
  let noise: DropoutSource?

  func callAsFunction(_ x: Tensor, _ rows: TokenRows) -> Tensor {
    let wanted = source(x, activation: activation)
    let change = subtracts ? wanted - x.multiplied(transposing: projection) : wanted
    return (x + change.multiplied(by: projection)).dropped(dropout, noise, rows)
  }
}

private struct ReFTModule: LayerModule {
  let method: ReFT
  let prefix, suffix: ReFTUnit

  func left(_ x: Tensor, _ rows: TokenRows) -> Tensor {
    // Where both ends meet, the suffix's edit stays.
    func isSuffix(_ row: Int, _ sequence: Int) -> Bool {
      Int(rows.places[row]) >= rows.lengths[sequence] - method.suffixPositions
    }
    func chosen(_ condition: (Int, Int) -> Bool) -> [[Int]] {
      (0..<rows.layout.sequences).map { sequence in
        rows.layout[sequence].filter { condition($0, sequence) }
      }
    }
    let last = chosen(isSuffix)
    let first = chosen { row, sequence in
      Int(rows.places[row]) < method.prefixPositions && !isSuffix(row, sequence)
    }
    var parts = [x]
    var places = Array(0..<rows.count)
    var next = rows.count
    for (unit, chosen) in [(prefix, first), (suffix, last)] {
      let indices = chosen.flatMap(\.self)
      guard !indices.isEmpty else { continue }
      parts.append(unit(x.rows(at: indices), rows.rows(chosen)))
      for index in indices {
        places[index] = next
        next += 1
      }
    }
    return parts.count == 1 ? x : Tensor.concatenatingRows(parts).rows(at: places)
  }
}
