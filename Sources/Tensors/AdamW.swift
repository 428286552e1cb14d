/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as `torch.optim.AdamW`.
internal import CAdapterKernels
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The optimizer: its settings, and its moments by the parameters' names.
public struct AdamW: Sendable {
  /// In double precision: what is left of 1 would lose digits in single.
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon: Float = 1e-8
  /// How much of a parameter decays per unit of learning rate.
  public var weightDecay: Float
  /// Steps taken.
  public private(set) var step: Int
  /// The running means of gradients and of their squares.
  public private(set) var firstMoments, secondMoments: [String: Tensor]

  public init(
    weightDecay: Float = 0.01, step: Int = 0, firstMoments: [String: Tensor] = [:],
    secondMoments: [String: Tensor] = [:]
  ) {
    self.weightDecay = weightDecay
    self.step = step
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
  }

  /// Updates parameters by their gradients.
  ///
  /// - Parameters:
  ///   - parameters: what is trained, by name; without a gradient a parameter stays as it is.
  ///   - gradient: of each parameter, by the same names and of the same shapes.
  ///   - learningRate: this step's.
  ///   - gradientScale: what every gradient is multiplied by first: the clipping of their norm.
  ///   - decays: whether a parameter decays; biases and norms do not.
  public mutating func update(
    _ parameters: inout [String: Tensor], gradient: [String: Tensor], learningRate: Float,
    gradientScale: Float = 1, decays: (String) -> Bool
  ) {
    step += 1
    let correction1 = Float(1 - pow(beta1, Double(step)))
    let correction2 = Float(1 - pow(beta2, Double(step)))
    for (name, parameter) in parameters {
      guard let gradient = gradient[name] else { continue }
      // Fresh tensors, because values that others hold do not change.
      let next = parameter.copy()
      let first = firstMoments[name]?.copy() ?? .zeros(parameter.shape)
      let second = secondMoments[name]?.copy() ?? .zeros(parameter.shape)
      ak_adamw(
        next.storage.base, gradient.pointer, first.storage.base, second.storage.base,
        parameter.count, learningRate, Float(beta1), Float(1 - beta1), Float(beta2),
        Float(1 - beta2), epsilon, decays(name) ? weightDecay : 0, correction1, correction2,
        gradientScale)
      parameters[name] = next
      firstMoments[name] = first
      secondMoments[name] = second
    }
  }
}

extension Tensor {
  func copy() -> Tensor {
    Tensor(shape: shape) { $0.update(from: pointer, count: count) }
  }
}

/// The norm of all gradients together.
public func gradientNorm(_ gradient: [String: Tensor]) -> Double {
  // Sorted, because a sum depends on its order and a dictionary has none.
  gradient.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value.sumOfSquares }.squareRoot()
}
