/// How fresh tensors begin.
public import Tensors

/// A distribution of initial values, in the words of `torch.nn.init`.
public enum Initializer: Sendable, Equatable {
  case zeros
  case ones
  case normal(deviation: Float)
  /// Normal, redrawn outside `±bound`.
  case truncatedNormal(deviation: Float, bound: Float)
  /// `kaiming_uniform_(a: √5)`: uniform within `±1/√inputs`.
  case kaimingUniform(inputs: Int)

  /// Fresh values; the same for the same seed and stream on every machine.
  public func tensor(_ shape: [Int], _ random: Random, stream: String) -> Tensor {
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .full(1, shape: shape)
    case .normal(let deviation): return random.normal(shape, stream: stream) * deviation
    case .kaimingUniform(let inputs):
      let bound = 1 / Float(max(1, inputs)).squareRoot()
      return random.uniform(shape, stream: stream) * (2 * bound) + .full(-bound, shape: shape)
    case .truncatedNormal(let deviation, let bound):
      var scalars = (random.normal(shape, stream: stream) * deviation).scalars
      var attempt = 0
      while let first = scalars.firstIndex(where: { abs($0) > bound }) {
        attempt += 1
        let redrawn = (random.normal(shape, stream: "\(stream)/\(attempt)") * deviation).scalars
        for i in first..<scalars.count where abs(scalars[i]) > bound { scalars[i] = redrawn[i] }
      }
      return Tensor(scalars, shape: shape)
    }
  }
}
