/// Prefix tuning (Li and Liang, 2021): keys and values of its own before those of every sequence.
public import BaseModels
public import Files
internal import Tensors

/// A prefix tuning's configuration: the fields of the Python library's `PrefixTuningConfig`.
public struct PrefixTuning: Method {
  public static let containers = ["prefix_tunings", "prefix_gates"]

  /// Whether an encoder's attention beside a decoder, and the decoder's of the encoder's output, have
  /// prefixes too.
  let actsInEncoder, actsInCross: Bool
  /// Whether the keys and values are trained themselves, or what a small network makes them of.
  let isFlat: Bool
  let length, bottleneck: Int
  let activation: Activation
  let dropout: Float
  let isGated, sharesGate: Bool
  public let leftOut: Set<Int>
  public let configuration: JSON.Object

  public init(_ given: Field) throws {
    let fields = try given.filled(with: Self.defaults)
    func flag(_ key: String) throws -> Bool { try fields.required(key).bool() }
    actsInEncoder = try flag("encoder_prefix")
    actsInCross = try flag("cross_prefix")
    isFlat = try flag("flat")
    length = try fields.required("prefix_length").integer(in: 1...10_000)
    bottleneck = try fields.required("bottleneck_size").integer(in: 1...1_048_576)
    activation = try fields.activation("non_linearity")
    dropout = try fields.probability("dropout")
    isGated = try flag("use_gating")
    sharesGate = try flag("shared_gating")
    leftOut = try fields.leftOut()
    try fields.checkSeed()
    configuration = try fields.pythonNumbers()
  }

  public static func recognises(_ configuration: Field) -> Bool {
    (try? configuration["architecture"]?.string()) == "prefix_tuning"
  }

  /// Every attention holds the pool of all prefixes, and the library writes it each time.
  public static func isRepetition(_ key: String) -> Bool {
    key.contains(".prefix_tuning.pool.prefix_tunings.")
  }

  public func parameters(on model: BaseShape) -> [Parameter] {
    let width = model.traits.width
    return groups(model.sites).flatMap { group, sites in
      let outputs = sites.count * 2 * (sites.first?.outputs ?? 0)
      func pooled(_ name: String, _ shape: [Int], _ initializer: Initializer) -> Parameter {
        Parameter(
          onModel: model.traits.prefix, "prefix_tuning.prefix_tunings", "\(group).\(name)", shape,
          initializer)
      }
      func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [Parameter] {
        [
          pooled("\(name).weight", [outputs, inputs], .kaimingUniform(inputs: inputs)),
          pooled("\(name).bias", [outputs], .kaimingUniform(inputs: inputs)),
        ]
      }
      let keysAndValues =
        isFlat
        ? [pooled("control_trans", [length * outputs], .normal(deviation: 1))]
        : [pooled("wte.weight", [length, width], .normal(deviation: 1))]
          + linear("control_trans.0", bottleneck, width)
          + linear("control_trans.2", outputs, bottleneck)
      return keysAndValues + (isGated ? sites.flatMap(gate) : [])
    }
  }

  private func gate(at site: Site) -> [Parameter] {
    let outputs = sharesGate ? 1 : 2
    return [
      Parameter(
        at: site, "prefix_tuning.prefix_gates", "weight", [outputs, site.inputs],
        .normal(deviation: 0.02)),
      Parameter(
        at: site, "prefix_tuning.prefix_gates", "bias", [outputs],
        .kaimingUniform(inputs: site.inputs)),
    ]
  }

  public func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules {
    var modules = Modules()
    for (group, sites) in groups(base.sites) {
      let pool = tensors.at(base.traits.prefix, "prefix_tuning.prefix_tunings")
      let width = sites.first?.outputs ?? 0
      let all = keysAndValues(pool, group, outputs: sites.count * 2 * width)
      for (layer, site) in sites.enumerated() {
        let first = 2 * layer * width
        let gates = tensors.at(site, "prefix_tuning.prefix_gates")
        modules.attentions[site.index] = PrefixModule(
          key: all.columns(first..<first + width),
          value: all.columns(first + width..<first + 2 * width),
          gate: isGated ? gates.linear(gates("weight"), gates("bias")) : nil,
          dropout: dropout, source: gates.dropout)
      }
    }
    return modules
  }

  /// The keys and values of all layers of a group, `[length, 2 · layers · width]`: each layer's key and
  /// value beside each other.
  private func keysAndValues(_ pool: ModuleTensors, _ group: String, outputs: Int) -> Tensor {
    if isFlat { return pool("\(group).control_trans").reshaped([length, outputs]) }
    let narrow = pool.linear("\(group).control_trans.0")(
      pool("\(group).wte.weight"), activation: activation)
    return pool.linear("\(group).control_trans.2")(narrow)
  }

  /// The attentions that have prefixes, by what the library calls their group.
  private func groups(_ sites: [Site]) -> [(name: String, sites: [Site])] {
    let acting = sites.filter { site in
      guard site.kind == .attention, !leftOut.contains(site.layer ?? -1) else { return false }
      return switch site.role {
      case .encoderAttention: actsInEncoder
      case .crossAttention: actsInCross
      default: true
      }
    }
    return Dictionary(grouping: acting, by: \.role.name).sorted { $0.key < $1.key }.map {
      ($0.key, $0.value)
    }
  }
}

extension PrefixTuning {
  public static let defaults: JSON.Object = [
    "architecture": .string("prefix_tuning"), "bottleneck_size": .integer(512),
    "cross_prefix": .bool(true), "dropout": .number(0), "encoder_prefix": .bool(true),
    "flat": .bool(false), "init_weights_seed": .null, "leave_out": .array([]),
    "non_linearity": .string("tanh"), "prefix_length": .integer(30), "shared_gating": .bool(true),
    "use_gating": .bool(false),
  ]

  public static let identifiers: [(name: String, settings: JSON.Object)] = [
    ("prefix_tuning", [:]), ("prefix_tuning_flat", ["flat": .bool(true)]),
  ]
}

/// The prefix of one attention.
private struct PrefixModule: AttentionModule {
  /// Each `[length, width]`.
  let key, value: Tensor
  /// Of the sequence's mean: one factor for both, or one for each.
  let gate: Linear?
  let dropout: Float
  let source: DropoutSource?

  var readsWholeSequences: Bool { gate != nil }

  func prefix(_ x: Tensor, _ rows: TokenRows) -> Prefix {
    let (length, count) = (key.rows, rows.layout.sequences)
    guard gate != nil || (source != nil && dropout > 0) else {
      return Prefix(key: key, value: value, rows: Array(repeating: 0..<length, count: count))
    }
    // What depends on the sequence is there once for each.
    let indices = (0..<count).flatMap { _ in 0..<length }
    var (keys, values) = (key.rows(at: indices), value.rows(at: indices))
    let numbers = rows.sequenceNumbers.flatMap { number in
      (0..<length).map { TokenRows.number(ofRow: $0, in: number) }
    }
    keys = keys.dropout(dropout, source?.at("key"), rows: numbers)
    values = values.dropout(dropout, source?.at("value"), rows: numbers)
    if let gate {
      let means = gate(x, activation: .sigmoid).meanOfSequences(rows.layout)
      let factors = means.rows(
        at: (0..<count).flatMap { sequence in
          (0..<length).map { _ in rows.layout[sequence].lowerBound }
        })
      keys = keys.multiplyingEachRow(by: factors.columns(0..<1))
      values = values.multiplyingEachRow(by: factors.columns(factors.width - 1..<factors.width))
    }
    return Prefix(
      key: keys, value: values,
      rows: (0..<count).map { $0 * length..<($0 + 1) * length })
  }
}
