/// A linear layer, frozen and packed for this CPU, or trained.
internal import CAdapterKernels
internal import Synchronization

/// The number format of a frozen base's large products.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats: the reference.
  case f32
  /// Weights and activations of the large products rounded to bfloat16, sums in f32.
  case bf16

  /// bf16 where the CPU multiplies it natively, else f32.
  public static var fastest: Precision { ak_bf16_is_native() ? .bf16 : .f32 }

  var kind: Int32 {
    switch self {
    case .f32: Int32(AK_F32)
    case .bf16: Int32(AK_BF16)
    }
  }
}

/// Weights packed once for the CPU at hand.
final class PackedWeights: Sendable {
  nonisolated(unsafe) private let dense: OpaquePointer
  let outputs, inputs: Int

  /// Packs `[outputs, inputs]` for `x·Wᵀ`, or for `x·W` when `transposed`.
  init(_ weight: Tensor, transposed: Bool, precision: Precision) {
    let (rows, width) = (weight.rows, weight.width)
    outputs = transposed ? width : rows
    inputs = transposed ? rows : width
    guard
      let dense = ak_dense_pack(
        weight.pointer, width, outputs, inputs, transposed, precision.kind,
        Int32(AK_ENGINE_AUTOMATIC))
    else { preconditionFailure("no memory to pack weights of \(weight.shape)") }
    self.dense = dense
  }

  deinit { ak_dense_free(dense) }

  var byteCount: Int { ak_dense_bytes(dense) }

  /// The weights as they were, `[outputs, inputs]`; nil where oneDNN holds them.
  func unpacked() -> Tensor? {
    var isKnown = false
    let weight = Tensor(shape: [outputs, inputs]) { isKnown = ak_dense_unpack(dense, $0) }
    return isKnown ? weight : nil
  }

  /// Whether the weights can be had from here, so that nobody else needs to keep them.
  var isReversible: Bool { ak_dense_engine(dense) == Int32(AK_ENGINE_OWN) }

  func run(
    _ x: Tensor, into y: UnsafeMutablePointer<Float>, bias: Tensor? = nil,
    activation: Activation = .linear, preactivation: UnsafeMutablePointer<Float>? = nil
  ) {
    var epilogue = ak_epilogue()
    epilogue.scale = 1
    epilogue.bias = bias?.pointer
    epilogue.activation = activation.kind
    epilogue.preactivation = preactivation
    epilogue.ldp = outputs
    ak_dense_run(dense, x.pointer, inputs, x.rows, y, outputs, &epilogue)
  }
}

/// `activation(x·Wᵀ + b)`.
public struct Linear: Sendable {
  private enum Weights: Sendable {
    case frozen(PackedWeights, backward: BackwardWeights)
    case trained(Tensor)
  }
  private let weights: Weights
  private let bias: Tensor?
  /// The widths of the rows that go in and come out.
  public let inputs, outputs: Int

  /// A frozen layer: its weights are packed, and no gradient is ever asked of them.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`, as the checkpoint has it.
  ///   - bias: `[outputs]`; nil adds nothing.
  ///   - precision: the number format the weights are packed in.
  public init(frozen weight: Tensor, bias: Tensor?, precision: Precision = .f32) {
    (outputs, inputs) = (weight.rows, weight.width)
    self.bias = bias
    let packed = PackedWeights(weight, transposed: false, precision: precision)
    weights = .frozen(packed, backward: BackwardWeights(weight, packed, precision))
  }

  /// A layer whose weights may be differentiated.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`
  ///   - bias: `[outputs]`
  public init(trained weight: Tensor, bias: Tensor?) {
    (outputs, inputs) = (weight.rows, weight.width)
    self.bias = bias
    weights = .trained(weight)
  }

  /// - Parameters:
  ///   - x: `[rows, inputs]`
  ///   - activation: of the sum; a frozen layer computes it together with the product.
  /// - Returns: `[rows, outputs]`
  public func callAsFunction(_ x: Tensor, activation: Activation = .linear) -> Tensor {
    precondition(x.width == inputs, "\(x.shape) does not go into a layer of \(inputs) inputs")
    switch weights {
    case .trained(let weight):
      return x.linear(weight, bias).activated(activation)
    case .frozen(let packed, let backward):
      let shape = [x.rows, outputs]
      // The operand before the activation is all the gradient needs; a frozen layer keeps no input.
      let before =
        x.node != nil && activation != .linear ? Storage(count: shape.reduce(1, *)) : nil
      let preactivation = before.map { Tensor(shape: shape, storage: $0) }
      return .operation(shape, [x]) { y in
        packed.run(
          x, into: y, bias: bias, activation: activation, preactivation: before?.base)
      } gradient: { g in
        let g = preactivation.map { g.activationGradient(activation, at: $0) } ?? g
        return [Tensor(shape: [g.rows, packed.inputs]) { backward.packed.run(g, into: $0) }]
      }
    }
  }
}

/// The weights of a frozen layer packed for the way back, made when first needed: only training is.
private final class BackwardWeights: Sendable {
  private let forward: PackedWeights
  /// Kept only where the packed weights do not tell.
  private let weight: Tensor?
  private let precision: Precision
  private let made = Mutex<PackedWeights?>(nil)

  init(_ weight: Tensor, _ forward: PackedWeights, _ precision: Precision) {
    self.forward = forward
    self.weight = forward.isReversible ? nil : weight
    self.precision = precision
  }

  var packed: PackedWeights {
    made.withLock { made in
      if let made { return made }
      guard let weight = weight ?? forward.unpacked() else {
        preconditionFailure("packed weights that nobody can unpack")
      }
      let packed = PackedWeights(weight, transposed: true, precision: precision)
      made = packed
      return packed
    }
  }
}
