/// Dropout: numbers set to zero by chance while something is trained, of single elements and of whole
/// sequences.
internal import CAdapterKernels

/// A place in the random streams of a training step, from which dropout draws its masks.
public struct DropoutSource: Sendable {
  let random: Random
  let stream: String

  /// - Parameters:
  ///   - random: the seed's streams.
  ///   - stream: names the step and the piece of the batch.
  public init(_ random: Random, stream: String) {
    self.random = random
    self.stream = stream
  }

  /// The stream as the kernels know it.
  var number: UInt64 { Random.number(of: stream) }

  /// The source of one place in the model.
  public func at(_ place: String) -> DropoutSource {
    DropoutSource(random, stream: stream + "/" + place)
  }
}

extension Tensor {
  /// Zeroes each scalar with a probability and scales the others to keep the mean
  /// (Srivastava et al., 2014).
  ///
  /// Nothing is kept for the gradient: the same numbers are drawn again.
  ///
  /// - Parameters:
  ///   - probability: of each scalar to become 0.
  ///   - source: the stream that decides; nil drops nothing.
  ///   - rows: a number for each row: element `c` of row `r` draws number `rows[r] · 2²⁴ + c` of the
  ///     stream. Where it names a token, `sequence · 2²⁰ + position`, what is dropped of a text does
  ///     not depend on how a batch is cut into pieces. Nil counts the rows.
  /// - Returns: the same shape.
  public func dropout(_ probability: Float, _ source: DropoutSource?, rows: [UInt64]? = nil)
    -> Tensor
  {
    guard let source, probability > 0 else { return self }
    precondition(
      rows.map { $0.count == self.rows } ?? true, "\(rows?.count ?? 0) numbers for \(shape)")
    return .operation(shape, [self]) { out in
      drop(probability, source, rows, out)
    } gradient: { g in
      [Tensor(shape: g.shape) { g.drop(probability, source, rows, $0) }]
    }
  }

  private func drop(
    _ probability: Float, _ source: DropoutSource, _ numbers: [UInt64]?,
    _ out: UnsafeMutablePointer<Float>
  ) {
    func run(_ numbers: UnsafePointer<UInt64>?) {
      ak_dropout(
        source.random.seed, source.number, numbers, 1 - probability, pointer, out, rows, width)
    }
    if let numbers {
      numbers.withUnsafeBufferPointer { run($0.baseAddress) }
    } else {
      run(nil)
    }
  }

  /// Zeroes whole sequences with a probability and scales the others to keep the mean: stochastic
  /// depth (Huang et al., 2016), by row of the batch.
  ///
  /// - Parameters:
  ///   - probability: of each sequence to become 0.
  ///   - layout: where the sequences lie in the rows.
  ///   - source: the stream that decides; nil drops nothing.
  ///   - sequences: a number for each sequence, as ``dropout(_:_:rows:)`` has for rows.
  /// - Returns: the same shape.
  public func droppingSequences(
    _ probability: Float, _ layout: Layout, _ source: DropoutSource?, sequences: [UInt64]? = nil
  ) -> Tensor {
    guard let source, probability > 0 else { return self }
    let kept = Tensor.full(1, shape: [layout.sequences, 1])
      .dropout(probability, source, rows: sequences).scalars
    let rows = Tensor(shape: [rows, 1]) { out in
      for sequence in 0..<layout.sequences {
        for row in layout[sequence] { out[row] = kept[sequence] }
      }
    }
    return multiplyingEachRow(by: rows)
  }
}
