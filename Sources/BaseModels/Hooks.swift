/// What adapters answer at a model's sites.
public import Tensors

/// Called by an architecture at its sites; what is not answered is the base model.
///
/// `layout` says where the sequences lie in the rows at hand: in the last layer these may be only
/// the rows that are read.
public protocol Hooks: Sendable {
  /// What becomes of a projection's output.
  ///
  /// - Parameters:
  ///   - y: `[rows, outputs]`, of the frozen layer.
  ///   - x: `[rows, inputs]`, what went into it.
  ///   - site: the projection's.
  ///   - layout: where the sequences lie in the rows.
  /// - Returns: `[rows, outputs]`
  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ layout: Layout) -> Tensor

  /// How a sub-layer ends, residual and norm included.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, the sub-layer's output.
  ///   - residual: `[rows, width]`, what went into the sub-layer.
  ///   - norm: the model's own norm after the sum.
  ///   - site: the sub-layer's end.
  ///   - layout: where the sequences lie in the rows.
  /// - Returns: `[rows, width]`
  func ended(
    _ h: Tensor, residual: Tensor, norm: LayerNorm, at site: Site, _ layout: Layout
  ) -> Tensor

  /// Whether ``projected(_:from:at:_:)`` answers at a site; where not, the activation after it can be
  /// computed together with the product.
  func projects(at site: Site) -> Bool

  /// Whether a site's answer looks across a sequence, so that all its rows must be there.
  var readsWholeSequences: Bool { get }
}

extension Hooks {
  public func projected(_ y: Tensor, from x: Tensor, at site: Site, _ layout: Layout) -> Tensor {
    y
  }

  public func ended(
    _ h: Tensor, residual: Tensor, norm: LayerNorm, at site: Site, _ layout: Layout
  ) -> Tensor {
    norm(h, addingTo: residual)
  }

  public func projects(at site: Site) -> Bool { false }

  public var readsWholeSequences: Bool { false }

  /// A projection and the activation after it.
  func activated(
    _ projection: Linear, _ activation: Activation, _ x: Tensor, at site: Site, _ layout: Layout
  ) -> Tensor {
    guard projects(at: site) else { return projection(x, activation: activation) }
    return projected(projection(x), from: x, at: site, layout).activated(activation)
  }
}

/// The base model as it is.
public struct NoHooks: Hooks {
  public init() {}
}
