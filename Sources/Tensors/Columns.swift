/// Ranges of columns: the parts of projections that are one matrix in the checkpoint.
internal import CAdapterKernels

extension Tensor {
  /// A range of columns, copied.
  ///
  /// - Returns: `[rows, range.count]`
  public func columns(_ range: Range<Int>) -> Tensor {
    let (rows, width) = (rows, width)
    precondition(range.upperBound <= width, "columns \(range) of \(shape)")
    if range == 0..<width { return self }
    return .operation([rows, range.count], [self]) { out in
      for row in 0..<rows {
        (out + row * range.count).update(
          from: pointer + row * width + range.lowerBound, count: range.count)
      }
    } addingGradient: { g, sum in
      for row in 0..<rows {
        ak_add_scaled(
          sum + row * width + range.lowerBound, g.pointer + row * range.count, 1, range.count)
      }
    }
  }

  /// Tensors of as many rows side by side.
  ///
  /// - Returns: `[rows, sum of the parts' widths]`
  public static func concatenatingColumns(_ parts: [Tensor]) -> Tensor {
    guard parts.count != 1, let rows = parts.first?.rows else {
      return parts.first ?? .zeros([0, 0])
    }
    let layout = Layout(lengths: parts.map(\.width))
    let width = layout.rows
    return .operation([rows, width], parts) { out in
      for (i, part) in parts.enumerated() {
        precondition(part.rows == rows, "columns of \(part.rows) rows beside \(rows) rows")
        for row in 0..<rows {
          (out + row * width + layout[i].lowerBound).update(
            from: part.pointer + row * part.width, count: part.width)
        }
      }
    } gradient: { g in
      (0..<layout.sequences).map { g.columns(layout[$0]) }
    }
  }
}
