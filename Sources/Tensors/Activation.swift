/// Activation functions, by the names the field's files use.
internal import CAdapterKernels

/// A function of one scalar, applied to each.
public enum Activation: String, Sendable, CaseIterable {
  case linear, relu, gelu, swish, tanh, sigmoid
  case geluNew = "gelu_new"
  case leakyRelu = "leakyrelu"
  case quickGelu = "quick_gelu"
  case mish, relu6, elu, softplus, laplace
  case squaredRelu = "relu2"
  case hardSwish = "hard_swish"
  case clippedGelu = "gelu_10"

  /// The activation a configuration names; nil when there is none of this name.
  public init?(named name: String) {
    let aliases: [String: Activation] = [
      "silu": .swish, "leaky_relu": .leakyRelu, "gelu_python": .gelu, "identity": .linear,
      "gelu_pytorch_tanh": .geluNew, "gelu_accurate": .geluNew, "gelu_fast": .geluNew,
    ]
    let lower = name.lowercased()
    guard let found = Activation(rawValue: lower) ?? aliases[lower] else { return nil }
    self = found
  }

  var kind: Int32 {
    switch self {
    case .linear: Int32(AK_LINEAR)
    case .relu: Int32(AK_RELU)
    case .gelu: Int32(AK_GELU)
    case .geluNew: Int32(AK_GELU_NEW)
    case .swish: Int32(AK_SWISH)
    case .tanh: Int32(AK_TANH)
    case .sigmoid: Int32(AK_SIGMOID)
    case .leakyRelu: Int32(AK_LEAKY_RELU)
    case .quickGelu: Int32(AK_QUICK_GELU)
    case .mish: Int32(AK_MISH)
    case .relu6: Int32(AK_RELU6)
    case .elu: Int32(AK_ELU)
    case .softplus: Int32(AK_SOFTPLUS)
    case .laplace: Int32(AK_LAPLACE)
    case .squaredRelu: Int32(AK_RELU_SQUARED)
    case .hardSwish: Int32(AK_HARD_SWISH)
    case .clippedGelu: Int32(AK_GELU_10)
    }
  }
}

extension Tensor {
  /// The activation of each scalar.
  public func activated(_ activation: Activation) -> Tensor {
    guard activation != .linear else { return self }
    return .operation(shape, [self]) { out in
      ak_activation(activation.kind, pointer, out, count)
    } gradient: { [x = detached] g in
      [g.activationGradient(activation, at: x)]
    }
  }

  /// A gradient passed back through an activation whose operand was `x`.
  func activationGradient(_ activation: Activation, at x: Tensor) -> Tensor {
    guard activation != .linear else { return self }
    return Tensor(shape: shape) { out in
      ak_activation_backward(activation.kind, x.pointer, pointer, out, count)
    }
  }
}
