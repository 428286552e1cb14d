/// A frozen layer's weights, packed when somebody needs them: for a pass, and for the way back.
internal import Synchronization

/// Weights that are packed at once or when first used, by whoever comes first, and once.
final class FrozenWeights: Sendable {
  private enum State: Sendable {
    case waiting(any MatrixSource)
    /// The source is kept where packed weights do not give themselves back.
    case packed(PackedWeights, source: (any MatrixSource)?)
    /// Weights that could not be had: products of them are NaN, which whoever reads them reports.
    case failed(any Error, PackedWeights)
  }

  let outputs, inputs: Int
  private let precision: Precision
  private let forward: Mutex<State>
  private let backward = Mutex<PackedWeights?>(nil)

  init(_ source: some MatrixSource, precision: Precision) {
    (outputs, inputs) = (source.outputs, source.inputs)
    self.precision = precision
    forward = Mutex(.waiting(source))
  }

  /// Packs what has not been packed.
  ///
  /// - Throws: why the weights could not be had, now or before.
  func prepare() throws {
    _ = packed
    if case .failed(let error, _) = forward.withLock({ $0 }) { throw error }
  }

  /// The weights for `x·Wᵀ`.
  var packed: PackedWeights {
    forward.withLock { state in
      switch state {
      case .packed(let weights, _), .failed(_, let weights): return weights
      case .waiting(let source):
        do {
          let weights = try PackedWeights(source, precision: precision)
          source.wasPacked()
          state = .packed(weights, source: weights.isReversible ? nil : source)
          return weights
        } catch {
          let weights = unknown(outputs, inputs)
          state = .failed(error, weights)
          return weights
        }
      }
    }
  }

  /// The weights as they are multiplied, `[outputs, inputs]`: those of bf16 are rounded.
  var tensor: Tensor {
    let forward = packed
    if let source { return FrozenWeights.tensor(source, outputs, inputs) }
    return FrozenWeights.tensor(forward, outputs, inputs)
  }

  private static func tensor(_ source: some MatrixSource, _ outputs: Int, _ inputs: Int) -> Tensor {
    let kept = Tensor(shape: [source.rows, source.width]) { out in
      let floats = UnsafeMutableBufferPointer(start: out, count: outputs * inputs)
      // What was packed once can be read.
      guard (try? source.copyFloats(rows: 0..<source.rows, into: floats)) == nil else { return }
      out.update(repeating: .nan, count: outputs * inputs)
    }
    return source.isTransposed ? kept.turned() : kept
  }

  /// Writes `scale · g·W`, `[rows, inputs]`.
  func runBack(_ g: Tensor, into dx: UnsafeMutablePointer<Float>, scale: Float) {
    let forward = packed
    if forward.goesBack {
      forward.runBack(g, into: dx, scale: scale)
    } else {
      packedBackward.run(g, into: dx, LinearEnding(scale: scale))
    }
  }

  /// The weights for `x·W`, where those for `x·Wᵀ` do not serve.
  private var packedBackward: PackedWeights {
    backward.withLock { made in
      if let made { return made }
      let forward = packed
      let weights = if let source { transposed(source) } else { transposed(forward) }
      made = weights
      return weights
    }
  }

  private var source: (any MatrixSource)? {
    forward.withLock { if case .packed(_, let source) = $0 { source } else { nil } }
  }

  private func transposed(_ source: some MatrixSource) -> PackedWeights {
    // What was packed once is there, and finite.
    let weights = try? PackedWeights(TransposedMatrix(source), precision: precision)
    return weights ?? unknown(inputs, outputs)
  }

  private func unknown(_ outputs: Int, _ inputs: Int) -> PackedWeights {
    PackedWeights(unknown: outputs, inputs, precision: precision)
  }
}
