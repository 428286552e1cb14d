/// The parts that layers are built of, from their places in a checkpoint.
public import Files
internal import Synchronization
public import Tensors

extension Weights {
  /// A frozen linear layer: `weight` `[outputs, inputs]` and, with `bias`, `bias` `[outputs]`.
  ///
  /// GPT-2's files have the weight the other way round, `[inputs, outputs]`.
  public func linear(
    _ inputs: Int, _ outputs: Int, bias hasBias: Bool = true, isTransposed: Bool = false
  ) throws -> Linear {
    let weight = try matrix(
      "weight", isTransposed ? inputs : outputs, isTransposed ? outputs : inputs)
    let bias = hasBias ? try tensor("bias", shape: [outputs]) : nil
    func linear(_ weight: some MatrixSource) throws -> Linear {
      isTransposed
        ? try Linear(frozen: TransposedMatrix(weight), bias: bias, precision: precision)
        : try Linear(frozen: weight, bias: bias, precision: precision)
    }
    return try linear(weight)
  }

  /// A table of vectors: `name` `[count, width]`; only rows that are looked up become floats.
  public func embedding(_ name: String, _ count: Int, _ width: Int) throws -> Embedding {
    func embedding(_ table: some MatrixSource) throws -> Embedding {
      try Embedding(table, precision: precision)
    }
    return try embedding(matrix(name, count, width))
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

/// A matrix where its file has it.
struct StoredMatrix: MatrixSource {
  private let stored: StoredTensor
  private let failure: @Sendable () -> FileFailure

  init(_ stored: StoredTensor, failure: @escaping @Sendable () -> FileFailure) {
    self.stored = stored
    self.failure = failure
  }

  var rows: Int { stored.shape[0] }
  var width: Int { stored.shape[1] }

  func copyFloats(
    rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>
  ) throws {
    try stored.copyFloats(from: range.lowerBound * width, into: floats)
  }

  func notFinite(row: Int) -> any Error { failure() }

  /// The products have packed copies; what is read again is read again from the file.
  func wasPacked() { stored.releasePages() }
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
