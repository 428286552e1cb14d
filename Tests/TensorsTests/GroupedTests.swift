/// Layers of several adapters in one product.
import Testing

@testable import Tensors

@Suite struct `A group of layers` {
  static func layers(_ count: Int, inputs: Int, outputs: Int, isFrozen: Bool) -> [Linear] {
    (0..<count).map { i in
      let weight = Tensor(
        numbers(outputs * inputs, seed: UInt64(i + 1)), shape: [outputs, inputs])
      let bias = i % 2 == 0 ? Tensor(numbers(outputs, seed: UInt64(i + 50)), shape: [outputs]) : nil
      return isFrozen ? Linear(frozen: weight, bias: bias) : Linear(trained: weight, bias: bias)
    }
  }

  /// Rows for each of some layers, a gap after every third.
  static func ranges(_ lengths: [Int]) -> (ranges: [Range<Int>], rows: Int) {
    var end = 0
    let ranges = lengths.enumerated().map { index, length in
      let first = end + (index % 3 == 2 ? 5 : 0)
      end = first + length
      return first..<end
    }
    return (ranges, end + 2)
  }

  @Test(arguments: [[1], [16, 16, 16, 16, 16, 16, 16, 16], [1, 0, 200, 3, 17]], [true, false])
  func `gives each row what its own layer gives, bit for bit`(
    _ lengths: [Int], _ isFrozen: Bool
  ) {
    let (inputs, outputs) = (33, 45)
    let (ranges, rows) = Self.ranges(lengths)
    let layers = Self.layers(lengths.count, inputs: inputs, outputs: outputs, isFrozen: isFrozen)
    let parts = zip(layers, ranges).enumerated().map { i, part in
      Linear.Part(part.0, rows: part.1, scale: i == 1 ? 0.5 : 1)
    }
    let x = Tensor(numbers(rows * inputs, seed: 90), shape: [rows, inputs])
    let addend = Tensor(numbers(rows * outputs, seed: 91), shape: [rows, outputs])
    for activation in [Activation.linear, .gelu] {
      for addend in [nil, addend] {
        let found = Linear.grouped(parts, x, activation: activation, addingTo: addend)
        var expected = addend?.scalars ?? [Float](repeating: 0, count: rows * outputs)
        for part in parts {
          let own = part.linear(
            x.rows(part.rows), activation: activation, scaledBy: part.scale,
            addingTo: addend?.rows(part.rows))
          expected.replaceSubrange(
            part.rows.lowerBound * outputs..<part.rows.upperBound * outputs, with: own.scalars)
        }
        #expect(found.scalars == expected)
      }
    }
  }
}
