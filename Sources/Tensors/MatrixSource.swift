/// Weights as somebody keeps them, until a layer packs them.

/// A matrix whose rows are given out as 32-bit floats, whatever they are kept as: a file's 16-bit
/// floats, or blocks of eight-bit numbers with a scale, are never in memory as 32-bit ones as a whole.
///
/// A block format is one more source, whose rows are whole numbers of blocks.
public protocol MatrixSource: Sendable {
  /// The rows and their width, as they are kept.
  var rows: Int { get }
  var width: Int { get }

  /// Whether the weights are kept as `[inputs, outputs]`: GPT-2's are.
  var isTransposed: Bool { get }

  /// Whether there are shapes alone: a layer of such weights never runs.
  var isShapeOnly: Bool { get }

  /// Writes a range of rows.
  ///
  /// - Parameters:
  ///   - range: of the rows as they are kept.
  ///   - floats: room for exactly these rows.
  /// - Throws: where they cannot be had as floats.
  func copyFloats(rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>) throws

  /// The error that says of these weights that a row holds NaN or infinity.
  func notFinite(row: Int) -> any Error

  /// Called when the weights have been packed: a mapped file may give its pages back.
  func wasPacked()
}

extension MatrixSource {
  public var isTransposed: Bool { false }
  public var isShapeOnly: Bool { false }
  public func notFinite(row: Int) -> any Error { NotFinite(row: row) }
  public func wasPacked() {}

  /// What goes into the product and what comes out of it.
  var inputs: Int { isTransposed ? rows : width }
  var outputs: Int { isTransposed ? width : rows }

  /// One row.
  func copy(row: Int, into floats: UnsafeMutablePointer<Float>) throws {
    try copyFloats(
      rows: row..<row + 1, into: UnsafeMutableBufferPointer(start: floats, count: width))
  }
}

/// Weights that hold NaN or infinity.
public struct NotFinite: Error, Equatable, CustomStringConvertible {
  /// The first row that does.
  public let row: Int
  public var description: String { "row \(row) of the weights holds NaN or infinity" }
}

extension Tensor: MatrixSource {
  public func copyFloats(rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>) {
    guard let base = floats.baseAddress else { return }
    base.update(from: pointer + range.lowerBound * width, count: range.count * width)
    withExtendedLifetime(storage) {}
  }
}

/// A matrix that is kept the other way round.
public struct TransposedMatrix<Source: MatrixSource>: MatrixSource {
  let source: Source

  public init(_ source: Source) { self.source = source }

  public var rows: Int { source.rows }
  public var width: Int { source.width }
  public var isTransposed: Bool { !source.isTransposed }
  public var isShapeOnly: Bool { source.isShapeOnly }
  public func copyFloats(
    rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>
  ) throws {
    try source.copyFloats(rows: range, into: floats)
  }
  public func notFinite(row: Int) -> any Error { source.notFinite(row: row) }
  public func wasPacked() { source.wasPacked() }
}
