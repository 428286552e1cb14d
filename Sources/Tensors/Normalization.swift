/// Layer normalisation, with the residual sum that precedes it.
internal import CAdapterKernels

/// The normalisation of each row (Ba et al., 2016).
///
/// It gives `(x − mean)/√(variance + ε)·γ + β`.
public struct LayerNorm: Sendable {
  /// The scale γ and the shift β, each `[width]`.
  public let weight, bias: Tensor
  public let epsilon: Float

  public init(weight: Tensor, bias: Tensor, epsilon: Float) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  /// The norm of `x + residual`, in one pass over memory.
  ///
  /// - Parameters:
  ///   - x: `[rows, width]`
  ///   - residual: the same shape; nil adds nothing.
  /// - Returns: the same shape.
  public func callAsFunction(_ x: Tensor, addingTo residual: Tensor? = nil) -> Tensor {
    let (rows, width, shape) = (x.rows, x.width, x.shape)
    precondition(weight.count == width, "a norm of \(weight.count) on rows of \(width)")
    precondition(
      residual.map { $0.shape == shape } ?? true, "a residual of another shape than \(shape)")
    let operands = [x, weight, bias] + (residual.map { [$0] } ?? [])
    guard operands.contains(where: \.isDifferentiated) else {
      return .operation(shape, operands) { out in
        let parts = pieces(of: rows, atLeast: 64)
        parallel(parts.count) { i in
          let from = parts[i].lowerBound * width
          ak_residual_norm(
            x.pointer + from, width, residual.map { $0.pointer + from }, width, weight.pointer,
            bias.pointer, epsilon, parts[i].count, width, nil, out + from, nil, nil)
        }
      } gradient: { _ in
        []
      }
    }
    let sum = Storage(count: x.count)
    let mean = Storage(count: rows)
    let rstd = Storage(count: rows)
    let (biasShape, isTrained) = (bias.shape, weight.isDifferentiated || bias.isDifferentiated)
    return .operation(shape, operands) { out in
      ak_residual_norm(
        x.pointer, width, residual?.pointer, width, weight.pointer, bias.pointer, epsilon, rows,
        width, sum.base, out, mean.base, rstd.base)
    } gradient: {
      [weight = weight.detached, biasShape, isTrained, hasResidual = residual != nil] g in
      let weightGradient = isTrained ? Tensor.zeros(weight.shape) : nil
      let biasGradient = isTrained ? Tensor.zeros(biasShape) : nil
      let dx = Tensor(shape: shape) { out in
        ak_norm_backward(
          sum.base, mean.base, rstd.base, weight.pointer, g.pointer, rows, width, out,
          weightGradient?.storage.base, biasGradient?.storage.base)
      }
      return [dx, weightGradient, biasGradient] + (hasResidual ? [dx] : [])
    }
  }
}
