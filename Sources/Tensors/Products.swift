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
    linear(weight, LinearEnding(bias: bias))
  }

  /// `x·Wᵀ`.
  ///
  /// - Parameter weight: `[outputs, inputs]`
  /// - Returns: `[rows, outputs]`
  public func multiplied(transposing weight: Tensor) -> Tensor { linear(weight, LinearEnding()) }

  /// `x·Wᵀ`, ended.
  func linear(_ weight: Tensor, _ ending: LinearEnding) -> Tensor {
    let (rows, inputs, outputs) = (rows, width, weight.rows)
    precondition(weight.width == inputs, "\(shape) times the transpose of \(weight.shape)")
    ending.check(rows: rows, outputs: outputs)
    let operands = [self, weight] + ending.operands
    let before = ending.keeps([rows, outputs], forGradientOf: [self, weight])
    return .operation([rows, outputs], operands) { out in
      let parts = pieces(of: rows, atLeast: 64)
      parallel(parts.count) { multiply(weight, ending, parts[$0], out, keeping: before) }
    } gradient: {
      [
        x = weight.isDifferentiated ? detached : nil,
        weight = self.isDifferentiated ? weight.detached : nil, shapes = (shape, weight.shape),
        ending = ending.gradient(before)
      ] g in
      let (product, parts) = ending(g)
      let scale = ending.remainingScale
      return [
        weight.map { weight in
          Tensor(shape: shapes.0) { out in
            ak_gemm(
              false, false, rows, inputs, outputs, scale, product.pointer, outputs, weight.pointer,
              inputs, 0, out, inputs)
          }
        },
        x.map { x in
          Tensor(shape: shapes.1) { out in
            ak_gemm(
              true, false, outputs, inputs, rows, scale, product.pointer, outputs, x.pointer,
              inputs, 0, out, inputs)
          }
        },
      ] + parts
    }
  }

  /// A range of rows into `out`, which has room for all, ended while the cache has them.
  func multiply(
    _ weight: Tensor, _ ending: LinearEnding, _ range: Range<Int>,
    _ out: UnsafeMutablePointer<Float>, keeping before: Storage? = nil
  ) {
    let (inputs, outputs, first) = (width, weight.rows, range.lowerBound)
    let y = out + first * outputs
    ak_gemm(
      false, true, range.count, outputs, inputs, 1, pointer + first * inputs, inputs,
      weight.pointer, inputs, 0, y, outputs)
    guard !ending.isNothing else { return }
    ending.withEpilogue(width: outputs, from: first, keeping: before) {
      ak_finish(y, outputs, range.count, outputs, y, outputs, $0)
    }
  }
}
