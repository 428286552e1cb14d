/// Normalisation of rows, with the residual sum that precedes it.
internal import CAdapterKernels

/// The normalisation of each row.
///
/// ``Kind/layer`` gives `(x − mean)/√(variance + ε)·γ + β` (Ba et al., 2016), ``Kind/rms``
/// `x/√(mean x² + ε)·γ + β` (Zhang and Sennrich, 2019).
public struct Norm: Sendable {
  public enum Kind: Sendable, Hashable { case layer, rms }

  public let kind: Kind
  /// The scale γ, `[width]`.
  public let weight: Tensor
  /// The shift β, `[width]`; nil adds nothing.
  public let bias: Tensor?
  public let epsilon: Float

  /// - Parameters:
  ///   - kind: whether the mean is subtracted.
  ///   - weight: `[width]`
  ///   - bias: `[width]`
  ///   - epsilon: what is added to the variance.
  ///   - weightOffset: what is added to the weight: Gemma's scale is `1 + weight`.
  public init(
    _ kind: Kind = .layer, weight: Tensor, bias: Tensor? = nil, epsilon: Float,
    weightOffset: Float = 0
  ) {
    self.kind = kind
    self.weight =
      weightOffset == 0 ? weight : weight + .full(weightOffset, shape: weight.shape)
    self.bias = bias
    self.epsilon = epsilon
  }

  /// The norm of `x + residual`, in one pass over memory.
  ///
  /// - Parameters:
  ///   - x: `[rows, width]`
  ///   - residual: the same shape; nil adds nothing.
  /// - Returns: the same shape.
  public func callAsFunction(_ x: Tensor, addingTo residual: Tensor? = nil) -> Tensor {
    guard [x, weight].contains(where: \.isDifferentiated) || isTrained(bias) || isTrained(residual)
    else { return apply(x, residual, sum: nil) }
    return withSum(x, addingTo: residual).normed
  }

  /// The sum `x + residual` and its norm, in one pass over memory: pre-norm models go on with both.
  public func withSum(_ x: Tensor, addingTo residual: Tensor?) -> (sum: Tensor, normed: Tensor) {
    guard let residual else { return (x, differentiable(x, x, nil, sum: nil)) }
    // Written by the pass that makes the norm, before anyone sees it.
    let storage = Storage(count: x.count)
    let sum = Tensor.view(x.shape, storage, of: [x, residual], passingBack: .given { [$0, $0] })
    return (sum, differentiable(sum, x, residual, sum: storage))
  }

  private func isTrained(_ tensor: Tensor?) -> Bool { tensor?.isDifferentiated ?? false }

  /// The norm as an operation on `operand`, which is `x + residual`.
  private func differentiable(
    _ operand: Tensor, _ x: Tensor, _ residual: Tensor?, sum: Storage?
  ) -> Tensor {
    let operands = [operand, weight] + (bias.map { [$0] } ?? [])
    guard operands.contains(where: \.isDifferentiated) else {
      return apply(x, residual, sum: sum)
    }
    let (rows, width, shape) = (x.rows, x.width, x.shape)
    let mean = Storage(count: rows)
    let rstd = Storage(count: rows)
    let wanted = (operand.isDifferentiated, weight.isDifferentiated, isTrained(bias))
    return .operation(shape, operands) { out in
      run(x, residual, 0..<rows, sum: sum, out, mean: mean, rstd: rstd)
    } gradient: {
      [kind, operand = operand.detached, weight = weight.detached, biasShape = bias?.shape] g in
      let weightGradient = wanted.1 ? Tensor.zeros(weight.shape) : nil
      let biasGradient = wanted.2 ? biasShape.map { Tensor.zeros($0) } : nil
      let dx = Tensor(shape: shape) { out in
        ak_norm_backward(
          operand.pointer, mean.base, rstd.base, weight.pointer, g.pointer, kind == .rms, rows,
          width, out, weightGradient?.storage.base, biasGradient?.storage.base)
      }
      return [wanted.0 ? dx : nil, weightGradient] + (biasShape == nil ? [] : [biasGradient])
    }
  }

  /// The norm that nobody differentiates, on all threads.
  private func apply(_ x: Tensor, _ residual: Tensor?, sum: Storage?) -> Tensor {
    check(x, residual)
    return Tensor(shape: x.shape) { out in
      let parts = pieces(of: x.rows, atLeast: 64)
      parallel(parts.count) { run(x, residual, parts[$0], sum: sum, out, mean: nil, rstd: nil) }
    }
  }

  private func check(_ x: Tensor, _ residual: Tensor?) {
    precondition(weight.count == x.width, "a norm of \(weight.count) on rows of \(x.width)")
    precondition(
      residual.map { $0.shape == x.shape } ?? true,
      "a residual of \(residual?.shape ?? []), not of \(x.shape)")
  }

  /// Some rows.
  private func run(
    _ x: Tensor, _ residual: Tensor?, _ rows: Range<Int>, sum: Storage?,
    _ out: UnsafeMutablePointer<Float>, mean: Storage?, rstd: Storage?
  ) {
    check(x, residual)
    let from = rows.lowerBound * x.width
    ak_residual_norm(
      x.pointer + from, x.width, residual.map { $0.pointer + from }, x.width, weight.pointer,
      bias?.pointer, epsilon, kind == .rms, rows.count, x.width, sum.map { $0.base + from },
      out + from, mean.map { $0.base + rows.lowerBound }, rstd.map { $0.base + rows.lowerBound })
    withExtendedLifetime((x, residual)) {}
  }
}
