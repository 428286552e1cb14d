/// An immutable array of 32-bit floats with a shape, and how it came to be when a gradient is wanted.

/// A tensor: row-major, contiguous, immutable.
///
/// Operations make new tensors. Where one of their operands is being differentiated they also
/// remember how to pass a gradient back (see ``valueAndGradient(at:of:)``); else they keep nothing.
public struct Tensor: Sendable {
  /// The size of each dimension; empty for a scalar.
  public let shape: [Int]
  let storage: Storage
  let offset: Int
  let node: Node?

  init(shape: [Int], storage: Storage, offset: Int = 0, node: Node? = nil) {
    self.shape = shape
    self.storage = storage
    self.offset = offset
    self.node = node
  }

  /// A tensor of the given scalars.
  public init(_ scalars: [Float], shape: [Int]) {
    precondition(
      scalars.count == shape.reduce(1, *), "\(scalars.count) scalars do not fill \(shape)")
    self.init(shape: shape) { out in
      scalars.withUnsafeBufferPointer { from in
        if let base = from.baseAddress { out.update(from: base, count: from.count) }
      }
    }
  }

  /// A scalar.
  public init(_ scalar: Float) { self.init([scalar], shape: []) }

  /// A tensor whose memory `fill` writes, all of it.
  public init(shape: [Int], fill: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    let storage = Storage(count: shape.reduce(1, *))
    try fill(storage.base)
    self.init(shape: shape, storage: storage)
  }

  /// A tensor over memory that `owner` keeps alive and nobody writes: a mapped file's, for example.
  public init(borrowing base: UnsafePointer<Float>, shape: [Int], owner: any Sendable) {
    let storage = Storage(borrowing: base, count: shape.reduce(1, *), owner: owner)
    self.init(shape: shape, storage: storage)
  }

  /// A shape without memory, for models that are described and never run.
  ///
  /// To read it is a mistake, and ends the program.
  public init(shapeOnly shape: [Int]) { self.init(shape: shape, storage: Storage()) }

  /// Whether there are scalars behind the shape.
  public var isShapeOnly: Bool { storage.isAbsent }

  /// A tensor of one value.
  public static func full(_ value: Float, shape: [Int]) -> Tensor {
    Tensor(shape: shape) { $0.update(repeating: value, count: shape.reduce(1, *)) }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int]) -> Tensor { full(0, shape: shape) }

  /// The number of scalars.
  public var count: Int { shape.reduce(1, *) }

  /// All dimensions but the last, flattened: the rows of a matrix.
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// The last dimension; 1 for a scalar.
  public var width: Int { shape.last ?? 1 }

  /// The scalars, copied.
  public var scalars: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The only scalar of a tensor that has one.
  public var scalar: Float {
    precondition(count == 1, "a tensor of shape \(shape) is not a scalar")
    return pointer[0]
  }

  /// Reads the scalars in place.
  public func withScalars<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows
    -> Result
  {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer, count: count))
  }

  /// The same scalars with another shape.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) does not reshape to \(shape)")
    let old = self.shape
    return .view(
      shape, storage, offset: offset, of: [self], passingBack: .given { [$0.reshaped(old)] })
  }

  /// Columns as rows: `[rows, width]` → `[width, rows]`.
  public func turned() -> Tensor {
    let (rows, width) = (rows, width)
    return .operation([width, rows], [self]) { out in
      // Squares that the first-level cache holds.
      for first in stride(from: 0, to: width, by: 16) {
        for row in 0..<rows {
          for column in first..<min(first + 16, width) {
            out[column * rows + row] = pointer[row * width + column]
          }
        }
      }
    } gradient: { g in
      [g.turned()]
    }
  }

  /// The same scalars, cut off from how they came to be.
  public var detached: Tensor { Tensor(shape: shape, storage: storage, offset: offset) }

  /// Whether a gradient is passed back through this tensor.
  public var isDifferentiated: Bool { node != nil }

  /// The scalars' place in memory; valid while `storage` lives.
  var pointer: UnsafePointer<Float> {
    precondition(!isShapeOnly, "a tensor of shape \(shape) that has no scalars is read")
    return UnsafePointer(storage.base + offset)
  }
}

extension Tensor {
  /// The result of an operation: memory that `compute` fills, and how a gradient goes back to the
  /// operands, which is kept only where an operand is differentiated.
  ///
  /// `gradient` captures operands ``detached``: a graph that closures hold is released by recursion,
  /// and a long one overflows the stack.
  static func operation(
    _ shape: [Int], _ operands: [Tensor], compute: (UnsafeMutablePointer<Float>) -> Void,
    gradient: @escaping @Sendable (Tensor) -> [Tensor?]
  ) -> Tensor {
    operation(shape, operands, compute: compute) { _ in .given(gradient) }
  }

  /// An operation whose gradient is told its own result as well.
  static func operation(
    _ shape: [Int], _ operands: [Tensor], compute: (UnsafeMutablePointer<Float>) -> Void,
    gradientAtResult gradient: @escaping @Sendable (_ g: Tensor, _ result: Tensor) -> [Tensor?]
  ) -> Tensor {
    operation(shape, operands, compute: compute) { result in .given { gradient($0, result) } }
  }

  /// An operation that reads a part of its only operand, and adds to that part of the gradient.
  static func operation(
    _ shape: [Int], _ operands: [Tensor], compute: (UnsafeMutablePointer<Float>) -> Void,
    addingGradient gradient:
      @escaping @Sendable (_ g: Tensor, _ sum: UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    operation(shape, operands, compute: compute) { _ in .added(to: operands[0].shape, gradient) }
  }

  private static func operation(
    _ shape: [Int], _ operands: [Tensor], compute: (UnsafeMutablePointer<Float>) -> Void,
    passingBack gradient: (_ result: Tensor) -> Node.Gradient
  ) -> Tensor {
    let result = Tensor(shape: shape, storage: Storage(count: shape.reduce(1, *)))
    withExtendedLifetime(operands) { compute(result.storage.base) }
    return view(shape, result.storage, of: operands, passingBack: gradient(result))
  }

  /// A tensor over memory that is there already: an operand's own, or what another operation writes.
  static func view(
    _ shape: [Int], _ storage: Storage, offset: Int = 0, of operands: [Tensor],
    passingBack gradient: Node.Gradient
  ) -> Tensor {
    Tensor(
      shape: shape, storage: storage, offset: offset,
      node: Node(inputs: operands, gradient: gradient))
  }
}
