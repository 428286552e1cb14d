/// Ranges of rows: what belongs to one adapter, what a head reads, what a sequence averages to.
internal import CAdapterKernels

extension Tensor {
  /// A range of rows, without copying.
  ///
  /// - Returns: `[range.count, width]`
  public func rows(_ range: Range<Int>) -> Tensor {
    let (rows, width) = (rows, width)
    precondition(range.upperBound <= rows, "rows \(range) of \(shape)")
    if range == 0..<rows { return self }
    return .view(
      [range.count, width], storage, offset: offset + range.lowerBound * width, of: [self],
      passingBack: .added(to: shape) { g, sum in
        ak_add_scaled(sum + range.lowerBound * width, g.pointer, 1, g.count)
      })
  }

  /// Rows end to end.
  ///
  /// - Returns: `[sum of the parts' rows, width]`
  public static func concatenatingRows(_ parts: [Tensor]) -> Tensor {
    guard parts.count != 1, let width = parts.first?.width else {
      return parts.first ?? .zeros([0, 0])
    }
    let layout = Layout(lengths: parts.map(\.rows))
    return .operation([layout.rows, width], parts) { out in
      for (i, part) in parts.enumerated() {
        precondition(part.width == width, "rows of \(part.width) after rows of \(width)")
        (out + layout[i].lowerBound * width).update(from: part.pointer, count: part.count)
      }
    } gradient: { g in
      (0..<layout.sequences).map { g.rows(layout[$0]) }
    }
  }

  /// The rows at some indices, in their order; an index may come more than once.
  ///
  /// - Returns: `[indices.count, width]`
  public func rows(at indices: [Int]) -> Tensor {
    let width = width
    return .operation([indices.count, width], [self]) { out in
      for (i, index) in indices.enumerated() {
        precondition(index >= 0 && index < rows, "row \(index) of \(shape)")
        (out + i * width).update(from: pointer + index * width, count: width)
      }
    } addingGradient: { g, sum in
      for (i, index) in indices.enumerated() {
        ak_add_scaled(sum + index * width, g.pointer + i * width, 1, width)
      }
    }
  }

  /// The mean row of each sequence, given back to each of its rows.
  ///
  /// - Returns: the same shape.
  public func meanOfSequences(_ layout: Layout) -> Tensor {
    let (shape, width) = (shape, width)
    precondition(layout.rows == rows, "\(layout.rows) packed rows of \(shape)")
    return .operation(shape, [self]) { out in
      averageSequences(pointer, out, layout, width)
    } gradient: { g in
      [Tensor(shape: shape) { averageSequences(g.pointer, $0, layout, width) }]
    }
  }

  /// Each row times the scalar of the same row.
  ///
  /// - Parameter factors: `[rows, 1]`
  /// - Returns: `[rows, width]`
  public func multiplyingEachRow(by factors: Tensor) -> Tensor {
    let (rows, width) = (rows, width)
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    return .operation(shape, [self, factors]) { out in
      for row in 0..<rows {
        ak_scale(pointer + row * width, factors.pointer[row], out + row * width, width)
      }
    } gradient: {
      [
        x = factors.isDifferentiated ? detached : nil, isWanted = isDifferentiated,
        factors = factors.detached
      ] g in
      [
        isWanted ? g.multiplyingEachRow(by: factors) : nil,
        x.map { x in
          Tensor(shape: factors.shape) { out in
            ak_row_dots(g.pointer, width, x.pointer, width, rows, width, out)
          }
        },
      ]
    }
  }
}

/// The mean is its own transpose: forward and backward are one function.
private func averageSequences(
  _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ layout: Layout, _ width: Int
) {
  for sequence in 0..<layout.sequences {
    let rows = layout[sequence]
    guard let first = rows.first else { continue }
    let mean = out + first * width
    ak_sum_rows(x + first * width, width, rows.count, width, mean, false)
    ak_scale(mean, 1 / Float(rows.count), mean, width)
    for row in rows.dropFirst() { (out + row * width).update(from: mean, count: width) }
  }
}
