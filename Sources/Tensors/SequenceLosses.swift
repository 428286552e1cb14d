/// Losses whose classes are the rows of a sequence: where an answer begins, and where it ends.
internal import CAdapterKernels
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension Tensor {
  /// The sum over sequences and columns of `−log softmax(the sequence's rows)[target]`.
  ///
  /// - Parameters:
  ///   - layout: where the sequences lie in the rows.
  ///   - targets: for each sequence one of its rows per column, counted from its first.
  /// - Returns: `[]`
  public func crossEntropyOverRows(_ layout: Layout, _ targets: [[Int]]) -> Tensor {
    let (shape, width) = (shape, width)
    precondition(layout.rows == rows, "\(layout.rows) packed rows of \(shape)")
    precondition(
      targets.count == layout.sequences,
      "\(targets.count) targets for \(layout.sequences) sequences")
    // Double, because a long sequence adds many small parts.
    var sums = [Double](repeating: 0, count: layout.sequences * width)
    var total = 0.0
    for (sequence, target) in targets.enumerated() {
      precondition(target.count == width, "\(target.count) targets for \(width) columns")
      let rows = layout[sequence]
      for column in 0..<width {
        precondition(
          rows.indices.contains(rows.lowerBound + target[column]), "row \(target[column])")
        let logSum = logarithmOfExponentials(rows, column)
        sums[sequence * width + column] = logSum
        total += logSum - Double(pointer[(rows.lowerBound + target[column]) * width + column])
      }
    }
    return .operation([], [self]) { out in
      out[0] = Float(total)
    } gradient: { [x = detached, sums] g in
      let scale = g.scalar
      return [
        Tensor(shape: shape) { out in
          for (sequence, target) in targets.enumerated() {
            for row in layout[sequence] {
              for column in 0..<width {
                let index = row * width + column
                let probability = exp(Double(x.pointer[index]) - sums[sequence * width + column])
                let isTarget = row == layout[sequence].lowerBound + target[column]
                out[index] = scale * (Float(probability) - (isTarget ? 1 : 0))
              }
            }
          }
        }
      ]
    }
  }

  private func logarithmOfExponentials(_ rows: Range<Int>, _ column: Int) -> Double {
    let values = rows.map { Double(pointer[$0 * width + column]) }
    let largest = values.max() ?? 0
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
