/// Losses: sums over rows, so that pieces of a batch add up to the batch.
internal import CAdapterKernels
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension Tensor {
  /// The softmax of each row.
  public func softmax() -> Tensor {
    let (rows, width) = (rows, width)
    return .operation(shape, [self]) { out in
      ak_softmax(pointer, out, rows, width)
    } gradientAtResult: { g, result in
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
    }
  }

  /// The sum of `−log softmax(row)[target]`; rows whose target is nil are ignored.
  ///
  /// Nothing of the logits' size is made on the way there, and one gradient on the way back: a
  /// vocabulary may have 250,000 entries.
  ///
  /// - Parameter targets: a class per row.
  /// - Returns: `[]`
  public func crossEntropy(_ targets: [Int?]) -> Tensor {
    let (rows, width, shape) = (rows, width, shape)
    precondition(targets.count == rows, "\(targets.count) targets for \(rows) rows")
    var total = 0.0
    for (row, target) in targets.enumerated() {
      guard let target else { continue }
      precondition(target >= 0 && target < width, "class \(target) of \(width)")
      let logits = pointer + row * width
      var largest: Float = 0
      total += Double(ak_log_sum_beyond(logits, width, &largest))
      total += Double(largest) - Double(logits[target])
    }
    return .operation([], [self]) { out in
      out[0] = Float(total)
    } gradient: { [x = detached] g in
      let scale = g.scalar
      return [
        Tensor(shape: shape) { out in
          for (row, target) in targets.enumerated() {
            let gradient = out + row * width
            guard let target else {
              gradient.update(repeating: 0, count: width)
              continue
            }
            ak_softmax(x.pointer + row * width, gradient, 1, width)
            gradient[target] -= 1
            ak_scale(gradient, scale, gradient, width)
          }
        }
      ]
    }
  }

  /// The sum of the binary cross-entropies of `sigmoid(x)` with targets of 0 … 1.
  public func binaryCrossEntropy(_ targets: [Float]) -> Tensor {
    precondition(targets.count == count, "\(targets.count) targets for \(shape)")
    var total = 0.0
    for (i, target) in targets.enumerated() {
      let x = Double(pointer[i])
      // max(x, 0) − x·t + log(1 + e^−|x|) does not overflow where log(sigmoid(x)) would.
      total += max(x, 0) - x * Double(target) + log1p(exp(-abs(x)))
    }
    return .operation([], [self]) { out in
      out[0] = Float(total)
    } gradient: { [x = detached] g in
      let p = x.activated(.sigmoid)
      return [(p - Tensor(targets, shape: x.shape)) * g.scalar]
    }
  }

  /// The sum of squared differences from targets.
  public func squaredError(_ targets: [Float]) -> Tensor {
    precondition(targets.count == count, "\(targets.count) targets for \(shape)")
    let difference = self - Tensor(targets, shape: shape)
    return (difference * difference).sum()
  }
}
