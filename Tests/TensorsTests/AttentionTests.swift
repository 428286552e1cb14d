/// The laws of attention: what may not change a result.
import Testing

@testable import Tensors

@Suite struct `Attention over packed sequences` {
  static let lengths = [5, 1, 40, 300]
  static let layout = Layout(lengths: lengths)

  /// Query, key and value of all tokens.
  static func operands(_ shape: AttentionShape, seed: UInt64 = 1) -> [Tensor] {
    [shape.width, shape.keyWidth, shape.keyWidth].enumerated().map {
      Tensor(
        numbers(layout.rows * $1, seed: seed + UInt64($0), range: 2), shape: [layout.rows, $1])
    }
  }

  /// Shapes of every kind that families have.
  static let shapes: [AttentionShape] = [
    AttentionShape(heads: 3, headWidth: 5),
    AttentionShape(heads: 4, keyHeads: 2, headWidth: 16, isCausal: true),
    AttentionShape(
      heads: 2, headWidth: 8, softcap: 1.5, isCausal: true, window: .sliding(7)),
    AttentionShape(heads: 2, headWidth: 8, window: .symmetric(12)),
  ]

  static func bias(_ shape: AttentionShape, rows: Int = 1) -> PositionBias {
    let byQuery = Tensor(numbers(rows * shape.heads * 6, seed: 9), shape: [rows, shape.heads * 6])
    let byKey = Tensor(numbers(rows * shape.heads * 6, seed: 8), shape: [rows, shape.heads * 6])
    return PositionBias(
      buckets: [5, 5, 4, 0, 1, 2, 2, 3], least: -3, bucketCount: 6, byQuery: byQuery,
      byKey: rows == 1 ? nil : byKey)
  }

  /// Each sequence's keys cut at some of its rows.
  static func cut(_ x: [Tensor], at cuts: [Int]) -> [KeyValues] {
    zip([0] + cuts, cuts + [Int.max]).map { from, to in
      let rows = (0..<layout.sequences).map { sequence in
        let all = layout[sequence]
        let (start, end) = (min(from, all.count), min(to, all.count))
        return all.lowerBound + start..<all.lowerBound + end
      }
      return KeyValues(
        key: x[1], value: x[2], rows: rows,
        positions: (0..<layout.sequences).map { min(from, lengths[$0]) })
    }
  }

  static func whole(_ x: [Tensor]) -> [KeyValues] { [KeyValues(key: x[1], value: x[2], layout)] }

  @Test(arguments: shapes, [[1], [3, 4], [16, 32, 48], [256], [299], [300]])
  func `is the same however keys are cut into segments`(_ shape: AttentionShape, _ cuts: [Int]) {
    let x = Self.operands(shape)
    for bias in [nil, Self.bias(shape)] {
      let expected = attention(x[0], Self.layout, over: Self.whole(x), shape, bias: bias)
      let found = attention(x[0], Self.layout, over: Self.cut(x, at: cuts), shape, bias: bias)
      expectClose(found.scalars, expected.scalars, atol: 2e-6, rtol: 1e-5, "cuts \(cuts)")
    }
  }

  @Test(arguments: shapes) func `gives a sequence what it gets alone, bit for bit`(
    _ shape: AttentionShape
  ) {
    let x = Self.operands(shape)
    let numbers = (0..<Self.layout.rows).map { UInt64($0) }
    let source = DropoutSource(Random(seed: 1), stream: "step")
    let together = attention(
      x[0], Self.layout, over: Self.whole(x), shape, bias: Self.bias(shape),
      dropout: AttentionDropout(0.2, source, rows: numbers))
    for sequence in 0..<Self.layout.sequences {
      let rows = Self.layout[sequence]
      let layout = Layout(lengths: [rows.count])
      let alone = attention(
        x[0].rows(rows), layout,
        over: [KeyValues(key: x[1].rows(rows), value: x[2].rows(rows), layout)], shape,
        bias: Self.bias(shape), dropout: AttentionDropout(0.2, source, rows: Array(numbers[rows])))
      #expect(alone.scalars == together.rows(rows).scalars)
    }
  }

  @Test func `has no limit where a window is as long as the text`() {
    for (limited, free) in [
      (AttentionShape.Window.sliding(300), true), (.symmetric(600), false),
    ] {
      let shape = AttentionShape(heads: 2, headWidth: 8, isCausal: free, window: limited)
      let x = Self.operands(shape)
      let windowless = AttentionShape(heads: 2, headWidth: 8, isCausal: free)
      let expected = attention(x[0], Self.layout, over: Self.whole(x), windowless)
      let found = attention(x[0], Self.layout, over: Self.whole(x), shape)
      expectClose(found.scalars, expected.scalars, atol: 1e-6, rtol: 1e-5)
    }
  }

  @Test(arguments: shapes.filter(\.isCausal), [1, 2, 17, 256])
  func `is the same for a text read at once and token by token`(
    _ shape: AttentionShape, _ step: Int
  ) {
    let x = Self.operands(shape), bias = Self.bias(shape)
    let expected = attention(x[0], Self.layout, over: Self.whole(x), shape, bias: bias)
    let rows = Self.layout[3]
    for start in stride(from: 0, to: rows.count, by: step) {
      let end = min(start + step, rows.count)
      let new = rows.lowerBound + start..<rows.lowerBound + end
      // What is cached, and what has just come.
      let cached = KeyValues(
        key: x[1], value: x[2], rows: [rows.lowerBound..<new.lowerBound], positions: [0])
      let fresh = KeyValues(key: x[1], value: x[2], rows: [new], positions: [start])
      let found = attention(
        x[0].rows(new), Layout(lengths: [new.count]), over: [cached, fresh], shape, bias: bias)
      expectClose(found.scalars, expected.rows(new).scalars, atol: 2e-6, rtol: 1e-5, "\(new)")
    }
  }

  @Test(arguments: shapes) func `computes rows that are read as among all rows`(
    _ shape: AttentionShape
  ) {
    let x = Self.operands(shape), bias = Self.bias(shape)
    let all = attention(x[0], Self.layout, over: Self.whole(x), shape, bias: bias)
    let read = [0, 4, 5, 6, 7, 45, 46, 100, 345]
    let positions: [Int32] = [0, 4, 0, 0, 1, 39, 0, 54, 299]
    let found = attention(
      x[0].rows(at: read), Layout(lengths: [2, 1, 3, 3]), positions: positions,
      over: Self.whole(x), shape, bias: bias)
    expectClose(found.scalars, all.rows(at: read).scalars, atol: 2e-6, rtol: 1e-5)
  }

  @Test func `in groups is attention over keys that are repeated`() {
    let shape = AttentionShape(heads: 6, keyHeads: 2, headWidth: 8, isCausal: true)
    let x = Self.operands(shape)
    /// Each key head three times.
    func repeated(_ x: Tensor) -> Tensor {
      var wide: [Float] = []
      let scalars = x.scalars
      for row in 0..<x.rows {
        for head in 0..<6 {
          let first = (row * 2 + head / 3) * 8
          wide += scalars[first..<first + 8]
        }
      }
      return Tensor(wide, shape: [x.rows, 48])
    }
    let expected = attention(
      x[0], Self.layout, over: Self.whole([x[0], repeated(x[1]), repeated(x[2])]),
      AttentionShape(heads: 6, headWidth: 8, isCausal: true))
    let found = attention(x[0], Self.layout, over: Self.whole(x), shape)
    expectClose(found.scalars, expected.scalars, atol: 2e-6, rtol: 1e-5)
  }

  /// Scores, mask and softmax written out.
  @Test(arguments: [false, true]) func `with a bias is what its definition says`(_ isScaled: Bool) {
    let (rows, heads, width) = (9, 2, 4)
    let shape = AttentionShape(heads: heads, headWidth: width, scale: 0.4)
    let x = (0..<3).map { Tensor(numbers(rows * 8, seed: UInt64($0 + 1)), shape: [rows, 8]) }
    let tables = [3, 4].map { Tensor(numbers(rows * 12, seed: $0), shape: [rows, 12]) }
    let buckets: [Int16] = [5, 4, 0, 1, 2, 3]
    let bias = PositionBias(
      buckets: buckets, least: -2, bucketCount: 6, byQuery: tables[0], byKey: tables[1],
      isScaled: isScaled)
    let layout = Layout(lengths: [rows])
    let found = attention(
      x[0], layout, over: [KeyValues(key: x[1], value: x[2], layout)], shape, bias: bias)
    let (q, k, v) = (x[0].scalars, x[1].scalars, x[2].scalars)
    var expected = [Float](repeating: 0, count: rows * 8)
    for head in 0..<heads {
      for i in 0..<rows {
        var scores: [Float] = []
        for j in 0..<rows {
          var product: Float = 0
          for c in head * width..<(head + 1) * width { product += q[i * 8 + c] * k[j * 8 + c] }
          let bucket = head * 6 + Int(buckets[max(0, min(5, j - i + 2))])
          let bias = tables[0].scalars[i * 12 + bucket] + tables[1].scalars[j * 12 + bucket]
          scores.append(isScaled ? 0.4 * (product + bias) : 0.4 * product + bias)
        }
        let probabilities = Tensor(scores, shape: [1, rows]).softmax().scalars
        for c in 0..<width {
          let column = head * width + c
          for j in 0..<rows { expected[i * 8 + column] += probabilities[j] * v[j * 8 + column] }
        }
      }
    }
    expectClose(found.scalars, expected, atol: 2e-6, rtol: 1e-5)
  }

  @Test func `counts a prefix in the bias where it is asked to`() {
    let shape = AttentionShape(heads: 2, headWidth: 8)
    let x = (0..<3).map { Tensor(numbers(20 * 16, seed: UInt64($0 + 1)), shape: [20, 16]) }
    let layout = Layout(lengths: [20]), bias = Self.bias(shape)
    // 17 tokens after a prefix of 3: keys count from the prefix on, queries from the tokens on.
    let found = attention(
      x[0].rows(3..<20), Layout(lengths: [17]), positions: (0..<17).map { Int32($0) },
      over: [
        KeyValues(key: x[1], value: x[2], rows: [0..<3], positions: [-3], biasOffset: 3),
        KeyValues(key: x[1], value: x[2], rows: [3..<20], positions: [0], biasOffset: 3),
      ], shape, bias: bias)
    let expected = attention(
      x[0].rows(3..<20), Layout(lengths: [17]), positions: (0..<17).map { Int32($0) },
      over: [KeyValues(key: x[1], value: x[2], layout)], shape, bias: bias)
    expectClose(found.scalars, expected.scalars, atol: 2e-6, rtol: 1e-5)
    let unbiased = attention(
      x[0], layout,
      over: [KeyValues(key: x[1], value: x[2], rows: [0..<20], positions: [0], biasOffset: nil)],
      shape, bias: bias)
    let plain = attention(x[0], layout, over: [KeyValues(key: x[1], value: x[2], layout)], shape)
    #expect(unbiased.scalars == plain.scalars)
  }

  @Test func `drops by the numbers of rows and keeps the mean`() {
    let shape = AttentionShape(heads: 2, headWidth: 4)
    let rows = 400
    let layout = Layout(lengths: [rows])
    let q = Tensor.zeros([rows, 8]), v = Tensor.full(1, shape: [rows, 8])
    let source = DropoutSource(Random(seed: 3), stream: "step")
    func run(_ p: Float, _ numbers: [UInt64]? = nil) -> [Float] {
      attention(
        q, layout, over: [KeyValues(key: q, value: v, layout)], shape,
        dropout: AttentionDropout(p, source, rows: numbers)
      ).scalars
    }
    let dropped = run(0.25)
    #expect(abs(dropped.reduce(0, +) / Float(dropped.count) - 1) < 0.01)
    #expect(dropped.contains { abs($0 - 1) > 0.01 })
    #expect(run(0.25) == dropped)
    #expect(run(0.25, (0..<400).map { $0 + 7 }) != dropped)
    #expect(run(1).allSatisfy { $0 == 0 })
    #expect(run(0) == [Float](repeating: 1, count: rows * 8))
  }
}
