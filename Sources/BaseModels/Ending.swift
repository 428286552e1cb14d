/// How a model ends a sub-layer.
public import Tensors

/// The end of a sub-layer: what is added, and the norms around the sum.
///
///     post-norm   norm(h + residual)           BERT
///     pre-norm    h + residual                 GPT-2, T5
///     sandwich    inner(h) + residual          Gemma 2
public struct Ending: Sendable {
  public let site: Site
  /// `[rows, width]`, what went into the sub-layer.
  public let residual: Tensor
  /// Of the sub-layer's output, before the sum; nil is none.
  public let inner: Norm?
  /// Of the sum; nil is none, and only the sum happens.
  public let outer: Norm?

  public init(
    at site: Site, residual: Tensor, inner: Norm? = nil, outer: Norm? = nil
  ) {
    self.site = site
    self.residual = residual
    self.inner = inner
    self.outer = outer
  }

  /// What the model itself does.
  public func callAsFunction(_ h: Tensor) -> Tensor { finished(inner.map { $0(h) } ?? h) }

  /// The norm of the sum, or where there is none the sum.
  public func finished(_ h: Tensor) -> Tensor {
    outer.map { $0(h, addingTo: residual) } ?? h + residual
  }

  /// The same end of some of the sequences' rows.
  public func rows(_ range: Range<Int>) -> Ending {
    Ending(at: site, residual: residual.rows(range), inner: inner, outer: outer)
  }

  /// The same end of some rows.
  public func rows(at indices: [Int]) -> Ending {
    Ending(at: site, residual: residual.rows(at: indices), inner: inner, outer: outer)
  }
}
