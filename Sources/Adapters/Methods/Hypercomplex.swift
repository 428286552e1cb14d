/// Parametrised hypercomplex layers (Zhang et al., 2021), of which Compacter (Karimi Mahabadi et al.,
/// 2021) makes its bottlenecks: a weight is a sum of Kronecker products, whose small factors all layers
/// may share.
internal import BaseModels
internal import Files
internal import Tensors

/// The settings of a bottleneck's layers where they are hypercomplex.
struct Hypercomplex: Sendable, Equatable {
  /// How many products a weight is the sum of.
  let dimension: Int
  /// Of a weight's larger factor, where it is a product of two.
  let rank: Int
  let hasBias, factorsWeight, factorsRule, sharesRule, sharesWeight, learnsRule: Bool
  let ruleIsNormal: Bool
  let range: Float
  let weightKind: String

  init(_ fields: Field) throws {
    func flag(_ key: String) throws -> Bool { try fields.required(key).bool() }
    dimension = try fields.required("phm_dim").integer(in: 1...64)
    rank = try fields.required("phm_rank").integer(in: 1...1_024)
    hasBias = try flag("phm_bias")
    factorsWeight = try flag("factorized_phm_W")
    factorsRule = try flag("factorized_phm_rule")
    sharesRule = try flag("shared_phm_rule")
    sharesWeight = try flag("shared_W_phm")
    learnsRule = try flag("learn_phm")
    let rule = try fields.required("phm_c_init").string()
    guard ["normal", "uniform"].contains(rule) else {
      throw try fields.required("phm_c_init").failure(
        "no beginning is named \(escaped(rule, limit: 80))", hint: "normal or uniform")
    }
    ruleIsNormal = rule == "normal"
    let range = try fields.required("phm_init_range").number()
    guard Float(range).isFinite, range >= 0 else {
      throw try fields.required("phm_init_range").failure("a range of \(range)")
    }
    self.range = Float(range)
    weightKind = try fields.required("hypercomplex_nonlinearity").string()
    guard ["phm", "glorot-normal", "glorot-uniform", "normal"].contains(weightKind) else {
      throw try fields.required("hypercomplex_nonlinearity").failure(
        "no beginning is named \(escaped(weightKind, limit: 80))",
        hint: "glorot-uniform, glorot-normal or normal")
    }
  }

  /// One of the two layers of a bottleneck.
  enum Position: String {
    case down, up
  }

  /// The tensors of a layer at a site.
  func parameters(
    _ name: String, inputs: Int, outputs: Int,
    _ make: (_ name: String, _ shape: [Int], _ initializer: Initializer, _ isTrained: Bool) ->
      Parameter
  ) -> [Parameter] {
    var all: [Parameter] = []
    if !sharesRule {
      all += rule(deviation: 0.01, bound: 0.01) { make("\(name).\($0)", $1, $2, learnsRule) }
    }
    if !sharesWeight {
      all += weight(inputs: inputs, outputs: outputs, "W") { make("\(name).\($0)", $1, $2, true) }
    }
    if hasBias { all.append(make("\(name).b", [outputs], .zeros, true)) }
    return all
  }

  /// The tensors that all layers of an adapter share.
  func sharedParameters(width: Int, size: Int, on prefix: String) -> [Parameter] {
    func make(_ name: String, _ shape: [Int], _ initializer: Initializer, _ isTrained: Bool)
      -> Parameter
    {
      Parameter(
        onModel: prefix, "shared_parameters", name, shape, initializer, isTrained: isTrained)
    }
    var all: [Parameter] = []
    if sharesRule {
      all += rule(deviation: range, bound: 1) { make($0, $1, $2, learnsRule) }
    }
    if sharesWeight {
      all += weight(inputs: width, outputs: size, "W_down") { make($0, $1, $2, true) }
      all += weight(inputs: size, outputs: width, "W_up") { make($0, $1, $2, true) }
    }
    return all
  }

  private func rule(
    deviation: Float, bound: Float, _ make: (String, [Int], Initializer) -> Parameter
  ) -> [Parameter] {
    let n = dimension
    let initializer: Initializer =
      ruleIsNormal ? .normal(deviation: deviation) : .uniform(bound: bound)
    guard factorsRule else { return [make("phm_rule", [n, n, n], initializer)] }
    return [
      make("phm_rule_left", [n, n, 1], initializer),
      make("phm_rule_right", [n, 1, n], initializer),
    ]
  }

  private func weight(
    inputs: Int, outputs: Int, _ name: String, _ make: (String, [Int], Initializer) -> Parameter
  ) -> [Parameter] {
    let (n, rows, columns) = (dimension, inputs / dimension, outputs / dimension)
    // The library means more kinds, and always takes this one.
    func glorot(_ fan: Int) -> Initializer {
      .normal(deviation: (2 / Float(max(1, fan))).squareRoot())
    }
    guard factorsWeight else { return [make(name, [n, rows, columns], glorot(rows + columns))] }
    return [
      make("\(name)_left", [n, rows, rank], glorot(rows + rank)),
      make("\(name)_right", [n, rank, columns], glorot(rank + columns)),
    ]
  }

  /// The layer at a site.
  func linear(
    _ name: String, _ position: Position, _ tensors: ModuleTensors, shared: ModuleTensors
  ) -> Linear {
    let rule = product(
      sharesRule ? shared : tensors, sharesRule ? "phm_rule" : "\(name).phm_rule",
      isFactored: factorsRule)
    let weight = product(
      sharesWeight ? shared : tensors,
      sharesWeight ? "W_\(position.rawValue)" : "\(name).W", isFactored: factorsWeight)
    return tensors.linear(.kroneckerSum(rule, weight), hasBias ? tensors("\(name).b") : nil)
  }

  /// A tensor of `dimension` matrices, each of which may be a product of two.
  private func product(_ tensors: ModuleTensors, _ name: String, isFactored: Bool) -> Tensor {
    guard isFactored else { return tensors(name) }
    let (left, right) = (tensors("\(name)_left"), tensors("\(name)_right"))
    let (rows, inner, columns) = (left.shape[1], left.shape[2], right.shape[2])
    let products = (0..<dimension).map { index in
      left.rows(index * rows..<(index + 1) * rows).multiplied(
        by: right.rows(index * inner..<(index + 1) * inner))
    }
    return Tensor.concatenatingRows(products).reshaped([dimension, rows, columns])
  }
}
