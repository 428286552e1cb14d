/// Weights packed for the CPU at hand, by the rows that their source gives out.
internal import CAdapterKernels

/// Weights of one product, `x·Wᵀ`.
final class PackedWeights: Sendable {
  nonisolated(unsafe) private let dense: OpaquePointer
  let outputs, inputs: Int

  private init(_ outputs: Int, _ inputs: Int, _ precision: Precision) {
    (self.outputs, self.inputs) = (outputs, inputs)
    guard
      let dense = ak_dense_begin(outputs, inputs, precision.kind, Int32(AK_ENGINE_AUTOMATIC))
    else { preconditionFailure("no memory to pack weights of \(outputs) × \(inputs)") }
    self.dense = dense
  }

  /// Packs a source.
  ///
  /// - Throws: what the source throws, or says of weights that are not finite.
  convenience init(_ source: some MatrixSource, precision: Precision) throws {
    self.init(source.outputs, source.inputs, precision)
    try put(source)
    finish()
  }

  /// Weights that nobody knows.
  convenience init(unknown outputs: Int, _ inputs: Int, precision: Precision) {
    self.init(outputs, inputs, precision)
    let row = [Float](repeating: .nan, count: inputs)
    for output in 0..<outputs { ak_dense_put(dense, row, inputs, output, 1, false) }
    finish()
  }

  /// Some rows at a time, in whole panels of 16, so that they are in the cache when they are packed.
  private func put(_ source: some MatrixSource) throws {
    let (rows, width) = (source.rows, source.width)
    guard rows > 0, width > 0 else { return }
    let step = max(1, (1 << 16) / width / 16) * 16
    let storage = Storage(count: min(step, rows) * width)
    for first in stride(from: 0, to: rows, by: step) {
      let count = min(step, rows - first)
      let floats = UnsafeMutableBufferPointer(start: storage.base, count: count * width)
      try source.copyFloats(rows: first..<first + count, into: floats)
      guard ak_all_finite(storage.base, floats.count) else {
        let row = (0..<count).first { !ak_all_finite(storage.base + $0 * width, width) } ?? 0
        throw source.notFinite(row: first + row)
      }
      ak_dense_put(dense, storage.base, width, first, count, source.isTransposed)
    }
  }

  private func finish() {
    let isDone = ak_dense_end(dense)
    precondition(isDone, "no memory to pack weights of \(outputs) × \(inputs)")
  }

  deinit { ak_dense_free(dense) }

  /// Whether the weights can be had from here, so that nobody else needs to keep them.
  var isReversible: Bool { ak_dense_engine(dense) == Int32(AK_ENGINE_OWN) }

  /// Writes the product, ended.
  ///
  /// - Parameters:
  ///   - x: `[rows, inputs]`
  ///   - rows: which of them; nil for all.
  ///   - y: room for `[rows, outputs]`, all of them.
  ///   - ending: what becomes of the product.
  ///   - before: where what goes into the activation is kept.
  func run(
    _ x: Tensor, rows: Range<Int>? = nil, into y: UnsafeMutablePointer<Float>,
    _ ending: LinearEnding, keeping before: Storage? = nil
  ) {
    let rows = rows ?? 0..<x.rows
    ending.withEpilogue(width: outputs, from: rows.lowerBound, keeping: before) { epilogue in
      let isDone = ak_dense_run(
        dense, x.pointer + rows.lowerBound * inputs, inputs, rows.count,
        y + rows.lowerBound * outputs, outputs, epilogue)
      precondition(isDone, "no memory for a product of \(x.shape) and \(outputs) × \(inputs)")
    }
    withExtendedLifetime(x) {}
  }
}

extension PackedWeights {
  /// Whether the way back needs no copy of the weights that is packed the other way round.
  var goesBack: Bool { ak_dense_goes_back(dense) }

  /// Writes `scale · g·W`, `[rows, inputs]`.
  func runBack(_ g: Tensor, into dx: UnsafeMutablePointer<Float>, scale: Float) {
    let isDone = ak_dense_run_back(dense, g.pointer, outputs, g.rows, dx, inputs, scale)
    precondition(isDone, "no memory for a product of \(g.shape) and \(outputs) × \(inputs)")
    withExtendedLifetime(g) {}
  }
}

/// Packed weights as a source: the way back packs them the other way round.
extension PackedWeights: MatrixSource {
  var rows: Int { outputs }
  var width: Int { inputs }

  func copyFloats(rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>) {
    guard let base = floats.baseAddress else { return }
    let isKnown = ak_dense_unpack(dense, range.lowerBound, range.count, base)
    precondition(isKnown, "packed weights that nobody can unpack")
  }
}
