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
      [
        x = weight.isDifferentiated ? detached : nil,
        weight = isDifferentiated ? weight.detached : nil, shapes = (shape, weight.shape)
      ] g in
      [
        weight.map { weight in
          Tensor(shape: shapes.0) { out in
            ak_gemm(
              false, false, rows, inputs, outputs, 1, g.pointer, outputs, weight.pointer, inputs, 0,
              out, inputs)
          }
        },
        x.map { x in
          Tensor(shape: shapes.1) { out in
            ak_gemm(
              true, false, outputs, inputs, rows, 1, g.pointer, outputs, x.pointer, inputs, 0, out,
              inputs)
          }
        },
      ]
    }
  }
}
