/// Rows looked up in tables.
internal import CAdapterKernels

extension Tensor {
  /// The sum of one row of each table per token.
  ///
  /// The tables are frozen: no gradient goes to them.
  ///
  /// - Parameter lookups: tables `[entries, width]`, each with an index per token.
  /// - Returns: `[tokens, width]`
  public static func embedding(_ lookups: [(table: Tensor, indices: [Int32])]) -> Tensor {
    let width = lookups.first?.table.width ?? 0
    let rows = lookups.first?.indices.count ?? 0
    for (table, indices) in lookups {
      let entries = Int32(clamping: table.rows)
      precondition(
        table.width == width && indices.count == rows
          && indices.allSatisfy { $0 >= 0 && $0 < entries },
        "indices outside a table of \(table.shape)")
    }
    let tables: [UnsafePointer<Float>?] = lookups.map(\.table.pointer)
    let indices = lookups.flatMap(\.indices)
    return Tensor(shape: [rows, width]) { out in
      indices.withUnsafeBufferPointer { all in
        let columns: [UnsafePointer<Int32>?] = lookups.indices.map { i in
          all.baseAddress.map { $0 + i * rows }
        }
        ak_embed(tables, columns, lookups.count, rows, width, out)
      }
      withExtendedLifetime(lookups) {}
    }
  }
}
