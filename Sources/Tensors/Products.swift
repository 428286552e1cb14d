/// Matrix products whose weights are trained: small ones, of adapters and heads.
internal import CAdapterKernels

extension Tensor {
  /// `x·Wᵀ + b`, as a linear layer of a checkpoint.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`
  ///   - bias: `[outputs]`
  /// - Returns: `[rows, outputs]`
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    let product = multiplied(transposing: weight)
    return bias.map { product.addingToRows($0) } ?? product
  }

  /// `x·Wᵀ`.
  ///
  /// - Parameter weight: `[outputs, inputs]`
  /// - Returns: `[rows, outputs]`
  public func multiplied(transposing weight: Tensor) -> Tensor {
    let (rows, inputs, outputs) = (rows, width, weight.rows)
    precondition(weight.width == inputs, "\(shape) times the transpose of \(weight.shape)")
    return .operation([rows, outputs], [self, weight]) { out in
      let parts = pieces(of: rows, atLeast: 64)
      parallel(parts.count) { i in
        let first = parts[i].lowerBound
        ak_gemm(
          false, true, parts[i].count, outputs, inputs, 1, pointer + first * inputs, inputs,
          weight.pointer, inputs, 0, out + first * outputs, outputs)
      }
    } gradient: {
      [x = detached, weight = weight.detached, differentiated = (node != nil, weight.node != nil)] g
      in
      [
        differentiated.0
          ? Tensor(shape: x.shape) { out in
            ak_gemm(
              false, false, rows, inputs, outputs, 1, g.pointer, outputs, weight.pointer, inputs, 0,
              out, inputs)
          } : nil,
        differentiated.1
          ? Tensor(shape: weight.shape) { out in
            ak_gemm(
              true, false, outputs, inputs, rows, 1, g.pointer, outputs, x.pointer, inputs, 0, out,
              inputs)
          } : nil,
      ]
    }
  }
}
