/// The parts that layers are built of, from their places in a checkpoint.
public import Files
internal import Synchronization
public import Tensors

extension Weights {
  /// A frozen linear layer: `weight` `[outputs, inputs]` and, with `bias`, `bias` `[outputs]`.
  ///
  /// - Parameter isTransposed: the file has the weight as `[inputs, outputs]`, as GPT-2's does.
  public func linear(
    _ inputs: Int, _ outputs: Int, bias hasBias: Bool = true, isTransposed: Bool = false
  ) throws -> Linear {
    let weight = try tensor(
      "weight", shape: isTransposed ? [inputs, outputs] : [outputs, inputs])
    let bias = hasBias ? try tensor("bias", shape: [outputs]) : nil
    return Linear(frozen: weight, isTransposed: isTransposed, bias: bias, precision: precision)
  }

  /// A linear layer at which methods may act.
  public func projection(
    _ role: Site.Role, _ inputs: Int, _ outputs: Int, bias: Bool = true,
    isTransposed: Bool = false, parts: [Site.Part] = []
  ) throws -> Projection {
    let projection = Projection(
      linear: try linear(inputs, outputs, bias: bias, isTransposed: isTransposed),
      site: site(.projection, role, inputs, outputs, parts: parts))
    note(projection)
    return projection
  }

  /// A norm: `weight` and, with `bias`, `bias`, each `[width]`.
  public func norm(
    _ width: Int, epsilon: Float, _ kind: Norm.Kind = .layer, bias hasBias: Bool = true
  ) throws -> Norm {
    Norm(
      kind, weight: try tensor("weight", shape: [width], around: .one),
      bias: hasBias ? try tensor("bias", shape: [width]) : nil, epsilon: epsilon)
  }
}

/// A linear layer of the checkpoint at which methods may act.
public struct Projection: Sendable {
  public let linear: Linear
  public let site: Site

  public init(linear: Linear, site: Site) {
    self.linear = linear
    self.site = site
  }
}

/// The linear layers of a model by site, gathered while it is built.
final class Projections: Sendable {
  private let layers = Mutex<[Int: Linear]>([:])

  func add(_ projection: Projection) {
    layers.withLock { $0[projection.site.index] = projection.linear }
  }

  var all: [Int: Linear] { layers.withLock { $0 } }
}

extension Tensor {
  /// The tensor a file holds; mapped 32-bit floats are used where they lie.
  init(_ stored: StoredTensor) throws {
    let borrowed: Tensor? =
      stored.type == .f32
      ? stored.withBytes { bytes in
        guard let base = bytes.baseAddress, Int(bitPattern: base) % 4 == 0 else { return nil }
        return Tensor(
          borrowing: base.assumingMemoryBound(to: Float.self), shape: stored.shape, owner: stored)
      } : nil
    if let borrowed {
      self = borrowed
      return
    }
    try self.init(copying: stored)
  }

  /// The tensor a file holds, in memory of its own: a file that is written over changes nothing.
  public init(copying stored: StoredTensor) throws {
    let count = stored.shape.reduce(1, *)
    try self.init(shape: stored.shape) {
      try stored.copyFloats(into: UnsafeMutableBufferPointer(start: $0, count: count))
    }
  }
}
