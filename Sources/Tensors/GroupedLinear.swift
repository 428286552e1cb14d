/// Equal layers of several adapters in one batch, run as one product.

extension Linear {
  /// A layer, and the rows of a batch that are its own.
  public struct Part: Sendable {
    public let linear: Linear
    public let rows: Range<Int>
    public let scale: Float

    public init(_ linear: Linear, rows: Range<Int>, scale: Float = 1) {
      self.linear = linear
      self.rows = rows
      self.scale = scale
    }
  }

  /// `scale · activation(x·Wᵀ + b) + addend`, each row by the layer it belongs to.
  ///
  /// Every range writes its rows of the one result, and the ranges are shared out among the threads:
  /// rows of many adapters cost what rows of one do.
  ///
  /// - Parameters:
  ///   - parts: layers of as many inputs and outputs, each with its rows: ascending, without overlap.
  ///   - x: `[rows, inputs]`
  ///   - activation: of the sum of product and bias.
  ///   - addend: `[rows, outputs]`, what is added in the end; nil adds nothing.
  /// - Returns: `[rows, outputs]`; rows that are nobody's are the addend's, or zeros.
  public static func grouped(
    _ parts: [Part], _ x: Tensor, activation: Activation = .linear, addingTo addend: Tensor? = nil
  ) -> Tensor {
    guard let first = parts.first?.linear else {
      preconditionFailure("no layer for rows of \(x.shape)")
    }
    let outputs = first.outputs
    var end = 0
    for part in parts {
      precondition(
        part.linear.inputs == x.width && part.linear.outputs == outputs
          && part.rows.lowerBound >= end && part.rows.upperBound <= x.rows,
        "rows \(part.rows) of \(x.shape) for \(part.linear.inputs) → \(part.linear.outputs)")
      end = part.rows.upperBound
    }
    let operands = [x] + parts.flatMap(\.linear.trained) + [addend].compactMap(\.self)
    guard !operands.contains(where: \.isDifferentiated) else {
      return joined(parts, x, activation, addend)
    }
    let pieces = shared(parts)
    return Tensor(shape: [x.rows, outputs]) { out in
      fillGaps(of: parts, x.rows, addend, outputs, out)
      parallel(pieces.count) { i in
        pieces[i].linear.run(
          x, pieces[i].rows, activation, scale: pieces[i].scale, addend, into: out)
      }
    }
  }

  /// What a gradient may be asked for.
  private var trained: [Tensor] {
    guard case .trained(let weight) = weights else { return [] }
    return [weight] + [bias].compactMap(\.self)
  }

  private func run(
    _ x: Tensor, _ rows: Range<Int>, _ activation: Activation, scale: Float, _ addend: Tensor?,
    into out: UnsafeMutablePointer<Float>
  ) {
    let ending = LinearEnding(bias: bias, activation: activation, scale: scale, addend: addend)
    ending.check(rows: x.rows, outputs: outputs)
    switch weights {
    case .frozen(let frozen): frozen.packed.run(x, rows: rows, into: out, ending)
    case .trained(let weight): x.multiply(weight, ending, rows, out)
    }
  }

  /// The parts in shares of about as many rows for the threads at hand.
  private static func shared(_ parts: [Part]) -> [Part] {
    let threads = availableThreads
    guard threads > 1 else { return parts }
    let total = parts.reduce(0) { $0 + $1.rows.count }
    // Twice as many shares as threads, so that they end together; not so few rows that a thread
    // reads weights for them alone.
    let most = max(16, (total + 2 * threads - 1) / (2 * threads))
    return parts.flatMap { part in
      let count = max(1, (part.rows.count + most - 1) / most)
      return (0..<count).map { i in
        let first = part.rows.lowerBound
        let rows = first + part.rows.count * i / count..<first + part.rows.count * (i + 1) / count
        return Part(part.linear, rows: rows, scale: part.scale)
      }
    }
  }

  private static func gaps(of parts: [Part], _ rows: Int) -> [Range<Int>] {
    let starts = [0] + parts.map(\.rows.upperBound), ends = parts.map(\.rows.lowerBound) + [rows]
    return zip(starts, ends).map { $0..<$1 }
  }

  private static func fillGaps(
    of parts: [Part], _ rows: Int, _ addend: Tensor?, _ width: Int,
    _ out: UnsafeMutablePointer<Float>
  ) {
    for gap in gaps(of: parts, rows) where !gap.isEmpty {
      let (from, count) = (gap.lowerBound * width, gap.count * width)
      if let addend {
        (out + from).update(from: addend.pointer + from, count: count)
      } else {
        (out + from).update(repeating: 0, count: count)
      }
    }
  }

  /// The same as operations with gradients of their own: training runs one adapter.
  private static func joined(
    _ parts: [Part], _ x: Tensor, _ activation: Activation, _ addend: Tensor?
  ) -> Tensor {
    let gaps = gaps(of: parts, x.rows)
    func gap(_ range: Range<Int>) -> Tensor {
      addend?.rows(range) ?? .zeros([range.count, parts[0].linear.outputs])
    }
    let results = zip(parts, gaps).flatMap { part, before in
      [
        gap(before),
        part.linear(
          x.rows(part.rows), activation: activation, scaledBy: part.scale,
          addingTo: addend?.rows(part.rows)),
      ]
    }
    return .concatenatingRows((results + [gap(gaps[parts.count])]).filter { $0.rows > 0 })
  }
}
