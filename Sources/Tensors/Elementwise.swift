/// Sums, products and scalings, element by element.
internal import CAdapterKernels

extension Tensor {
  /// The sum of two tensors of one shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "cannot add \(b.shape) to \(a.shape)")
    return operation(a.shape, [a, b]) { out in
      ak_add(a.pointer, b.pointer, out, a.count)
    } gradient: {
      [$0, $0]
    }
  }

  /// The difference of two tensors of one shape.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a + b * -1 }

  /// The product of two tensors of one shape, element by element.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "cannot multiply \(a.shape) with \(b.shape)")
    return operation(a.shape, [a, b]) { out in
      ak_multiply(a.pointer, b.pointer, out, a.count)
    } gradient: {
      // An operand is kept for the gradient of the other alone.
      [
        a = b.isDifferentiated ? a.detached : nil, b = a.isDifferentiated ? b.detached : nil
      ] g in
      [b.map { g * $0 }, a.map { g * $0 }]
    }
  }

  /// A tensor scaled by a constant.
  public static func * (a: Tensor, factor: Float) -> Tensor {
    operation(a.shape, [a]) { out in
      ak_scale(a.pointer, factor, out, a.count)
    } gradient: {
      [$0 * factor]
    }
  }

  /// Each row plus the same row.
  ///
  /// - Parameter row: `[width]`
  /// - Returns: `[rows, width]`
  public func addingToRows(_ row: Tensor) -> Tensor {
    precondition(row.count == width, "cannot add a row of \(row.count) to rows of \(width)")
    return .operation(shape, [self, row]) { out in
      ak_add_rows(pointer, width, row.pointer, out, width, rows, width)
    } gradient: { [isTrained = row.isDifferentiated, shape = row.shape] g in
      [g, isTrained ? g.sumOfRows().reshaped(shape) : nil]
    }
  }

  /// Each row times the same row.
  ///
  /// - Parameter row: `[width]`
  /// - Returns: `[rows, width]`
  public func multiplyingRows(by row: Tensor) -> Tensor {
    precondition(row.count == width, "cannot multiply rows of \(width) by \(row.count) scalars")
    return .operation(shape, [self, row]) { out in
      ak_multiply_rows(pointer, width, row.pointer, out, width, rows, width)
    } gradient: {
      [
        x = row.isDifferentiated ? detached : nil, isWanted = isDifferentiated, row = row.detached
      ] g in
      [
        isWanted ? g.multiplyingRows(by: row) : nil,
        x.map { (g * $0).sumOfRows().reshaped(row.shape) },
      ]
    }
  }

  /// Everything times one scalar that may be trained.
  ///
  /// - Parameter factor: a tensor of one scalar.
  /// - Returns: the same shape.
  public func scaled(by factor: Tensor) -> Tensor {
    .operation(shape, [self, factor]) { out in
      ak_scale(pointer, factor.scalar, out, count)
    } gradient: {
      [
        x = factor.isDifferentiated ? detached : nil, isWanted = isDifferentiated,
        factor = factor.detached
      ] g in
      [
        isWanted ? g * factor.scalar : nil,
        x.map { (g * $0).sum().reshaped(factor.shape) },
      ]
    }
  }

  /// The sum over all rows: `[rows, width]` → `[width]`.
  public func sumOfRows() -> Tensor {
    let shape = shape
    return .operation([width], [self]) { out in
      ak_sum_rows(pointer, width, rows, width, out, false)
    } gradient: {
      [Tensor.zeros(shape).addingToRows($0)]
    }
  }

  /// The sum of everything, a scalar.
  public func sum() -> Tensor {
    let shape = shape
    return .operation([], [self]) { out in
      // Double, because a sum of many small floats loses its last digits otherwise.
      var total = 0.0
      for i in 0..<count { total += Double(pointer[i]) }
      out[0] = Float(total)
    } gradient: {
      [.full($0.scalar, shape: shape)]
    }
  }

  /// The sum of the squares of everything.
  public var sumOfSquares: Double { ak_sum_squares(pointer, count) }

  /// Whether no scalar is infinite or not a number.
  public var isFinite: Bool { ak_all_finite(pointer, count) }

  /// The scalars rounded to the nearest bfloat16.
  public func roundedToBFloat16() -> Tensor {
    Tensor(shape: shape) { ak_round_bf16(pointer, $0, count) }
  }
}
