/// Losses: sums over rows, so that pieces of a batch add up to the batch.
internal import CAdapterKernels

extension Tensor {
  /// The softmax of each row.
  public func softmax() -> Tensor {
    let (rows, width) = (rows, width)
    let result = Tensor(shape: shape) { ak_softmax(pointer, $0, rows, width) }
    return Tensor(
      shape: shape, storage: result.storage,
      node: Node(inputs: [self]) { g in
        [
          Tensor(shape: result.shape) { out in
            for row in 0..<rows {
              let (p, d) = (result.pointer + row * width, g.pointer + row * width)
              var dot: Float = 0
              for j in 0..<width { dot += p[j] * d[j] }
              for j in 0..<width { out[row * width + j] = p[j] * (d[j] - dot) }
            }
          }
        ]
      })
  }

  /// The sum of `−log softmax(row)[target]`; rows whose target is nil are ignored.
  ///
  /// - Parameter targets: a class per row.
  /// - Returns: `[]`
  public func crossEntropy(_ targets: [Int?]) -> Tensor {
    let (rows, width) = (rows, width)
    precondition(targets.count == rows, "\(targets.count) targets for \(rows) rows")
    let logarithms = Tensor(shape: shape) { ak_log_softmax(pointer, $0, rows, width) }
    var total = 0.0
    for (row, target) in targets.enumerated() {
      guard let target else { continue }
      precondition(target >= 0 && target < width, "class \(target) of \(width)")
      total -= Double(logarithms.pointer[row * width + target])
    }
    return Tensor(
      shape: [], storage: Tensor(Float(total)).storage,
      node: Node(inputs: [self]) { g in
        let scale = g.scalar
        return [
          Tensor(shape: logarithms.shape) { out in
            ak_softmax(logarithms.pointer, out, rows, width)
            for (row, target) in targets.enumerated() {
              let gradient = out + row * width
              guard let target else {
                gradient.update(repeating: 0, count: width)
                continue
              }
              gradient[target] -= 1
              ak_scale(gradient, scale, gradient, width)
            }
          }
        ]
      })
  }

  /// The sum of the binary cross-entropies of `sigmoid(x)` with targets of 0 … 1.
  public func binaryCrossEntropy(_ targets: [Float]) -> Tensor {
    precondition(targets.count == count, "\(targets.count) targets for \(shape)")
    var total = 0.0
    for (i, target) in targets.enumerated() {
      let x = Double(pointer[i])
      // max(x, 0) − x·t + log(1 + e^−|x|) does not overflow where log(sigmoid(x)) would.
      total += max(x, 0) - x * Double(target) + logarithmOfOnePlusExponential(-abs(x))
    }
    return Tensor(
      shape: [], storage: Tensor(Float(total)).storage,
      node: Node(inputs: [self]) { [x = detached] g in
        let p = x.activated(.sigmoid)
        return [(p - Tensor(targets, shape: x.shape)) * g.scalar]
      })
  }

  /// The sum of squared differences from targets.
  public func squaredError(_ targets: [Float]) -> Tensor {
    precondition(targets.count == count, "\(targets.count) targets for \(shape)")
    let difference = self - Tensor(targets, shape: shape)
    return (difference * difference).sum()
  }
}
