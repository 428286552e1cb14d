/// Rows looked up in tables.
internal import CAdapterKernels

/// A table of vectors, kept as its file has it: only the rows that are looked up become floats.
///
/// Frozen: no gradient goes to it.
public struct Embedding: Sendable {
  private let table: any MatrixSource
  private let linear: Linear
  /// What every row is multiplied by: Gemma's is the root of the width.
  private let scale: Float
  /// The number of rows and their width.
  public let count, width: Int

  /// - Parameters:
  ///   - table: `[entries, width]`
  ///   - scale: what every row is multiplied by.
  ///   - precision: the number format of the product with the whole table; see ``asLinear``.
  /// - Throws: where rows cannot be had as floats.
  public init(_ table: some MatrixSource, scale: Float = 1, precision: Precision = .f32) throws {
    self.table = table
    self.scale = scale
    (count, width) = (table.rows, table.width)
    linear = try Linear(frozen: table, bias: nil, precision: precision, packing: .whenUsed)
    try table.copyFloats(rows: 0..<0, into: UnsafeMutableBufferPointer(start: nil, count: 0))
  }

  /// The product with every row of the table, unscaled: the tied output layer of a language model.
  ///
  /// The weights are packed once, when it first runs.
  public var asLinear: Linear { linear }

  /// One row per token.
  ///
  /// - Returns: `[tokens, width]`
  public func callAsFunction(_ ids: [Int32]) -> Tensor { Embedding.sum([(self, ids)]) }

  /// The sum of one row of each table per token.
  ///
  /// - Parameter lookups: tables of one width, each with an index per token.
  /// - Returns: `[tokens, width]`
  public static func sum(_ lookups: [(table: Embedding, ids: [Int32])]) -> Tensor {
    guard let first = lookups.first else { return .zeros([0, 0]) }
    let (rows, width) = (first.ids.count, first.table.width)
    for (table, ids) in lookups {
      let entries = Int32(clamping: table.count)
      precondition(
        table.width == width && ids.count == rows && ids.allSatisfy { $0 >= 0 && $0 < entries },
        "indices outside a table of \(table.count) × \(table.width)")
    }
    return Tensor(shape: [rows, width]) { out in
      let other = Storage(count: width)
      for (index, (table, ids)) in lookups.enumerated() {
        for (row, id) in ids.enumerated() {
          let sum = out + row * width
          table.write(Int(id), to: index == 0 ? sum : other.base)
          if index > 0 { ak_add(sum, other.base, sum, width) }
        }
      }
    }
  }

  private func write(_ row: Int, to floats: UnsafeMutablePointer<Float>) {
    do {
      try table.copy(row: row, into: floats)
      if scale != 1 { ak_scale(floats, scale, floats, width) }
    } catch {
      // Rows that could not be had, though others could: whoever reads the result reports NaN.
      floats.update(repeating: .nan, count: width)
    }
  }
}
