/// Products and quotients that parametrisations of weights are made of.
internal import CAdapterKernels

extension Tensor {
  /// `x·M`.
  ///
  /// - Parameter matrix: `[width, columns]`
  /// - Returns: `[rows, columns]`
  public func multiplied(by matrix: Tensor) -> Tensor {
    let (rows, inner, columns) = (rows, width, matrix.width)
    precondition(matrix.rows == inner, "\(shape) times \(matrix.shape)")
    return .operation([rows, columns], [self, matrix]) { out in
      ak_gemm(
        false, false, rows, columns, inner, 1, pointer, inner, matrix.pointer, columns, 0, out,
        columns)
    } gradient: {
      [
        x = detached, matrix = matrix.detached,
        wanted = (isDifferentiated, matrix.isDifferentiated)
      ] g in
      [
        wanted.0 ? g.multiplied(transposing: matrix).reshaped(x.shape) : nil,
        wanted.1
          ? Tensor(shape: matrix.shape) { out in
            ak_gemm(
              true, false, inner, columns, rows, 1, x.pointer, inner, g.pointer, columns, 0, out,
              columns)
          } : nil,
      ]
    }
  }

  /// `1/x` of each scalar.
  public func reciprocal() -> Tensor {
    let y = Tensor(shape: shape) { out in
      for i in 0..<count { out[i] = 1 / pointer[i] }
    }
    return .operation(shape, [self]) {
      $0.update(from: y.pointer, count: y.count)
    } gradient: { g in
      [g * y * y * -1]
    }
  }

  /// `Σ Aᵢ ⊗ Bᵢ`, turned: the weight of a layer by hypercomplex multiplication (Zhang et al., 2021).
  ///
  /// - Parameters:
  ///   - a: `[n, p, q]`
  ///   - b: `[n, r, s]`
  /// - Returns: `[q·s, p·r]`
  public static func kroneckerSum(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(
      a.shape.count == 3 && b.shape.count == 3 && a.shape[0] == b.shape[0],
      "\(a.shape) and \(b.shape) have no terms in common")
    let (p, q) = (a.shape[1], a.shape[2])
    let (r, s) = (b.shape[1], b.shape[2])
    let width = p * r
    return .operation([q * s, width], [a, b]) { out in
      out.update(repeating: 0, count: q * s * width)
      kronecker(a.shape, b.shape) { ai, bi, at in out[at] += a.pointer[ai] * b.pointer[bi] }
    } gradient: { [a = a.detached, b = b.detached] g in
      [
        Tensor(shape: a.shape) { out in
          out.update(repeating: 0, count: a.count)
          kronecker(a.shape, b.shape) { ai, bi, at in out[ai] += g.pointer[at] * b.pointer[bi] }
        },
        Tensor(shape: b.shape) { out in
          out.update(repeating: 0, count: b.count)
          kronecker(a.shape, b.shape) { ai, bi, at in out[bi] += g.pointer[at] * a.pointer[ai] }
        },
      ]
    }
  }
}

/// Visits every product of `H[j·s + l][i·r + k] = Σ A[t][i][j] · B[t][k][l]`.
private func kronecker(
  _ a: [Int], _ b: [Int], _ body: (_ ai: Int, _ bi: Int, _ at: Int) -> Void
) {
  let (p, q, r, s) = (a[1], a[2], b[1], b[2])
  let width = p * r
  for t in 0..<a[0] {
    for i in 0..<p {
      for j in 0..<q {
        for k in 0..<r {
          for l in 0..<s {
            body(
              (t * p + i) * q + j, (t * r + k) * s + l, (j * s + l) * width + i * r + k)
          }
        }
      }
    }
  }
}
