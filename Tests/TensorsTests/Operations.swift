/// Every operation that has a gradient, by name: the suites of gradients and graphs run over this list.
import Tensors
import Testing

/// An operation at some operands.
struct Operation: Sendable, CustomTestStringConvertible {
  /// An operand's shape, and numbers where the operation is smooth.
  struct Operand: Sendable {
    let shape: [Int]
    let scalars: [Float]

    init(_ shape: [Int], seed: UInt64, range: Float = 1, avoiding kinks: [Float] = []) {
      self.shape = shape
      scalars = numbers(shape.reduce(1, *), seed: seed, range: range).map { x in
        kinks.contains { abs(x - $0) < 0.1 } ? x + 0.21 : x
      }
    }
  }

  /// Begins with the name of the function in `Sources/Tensors`.
  let name: String
  let operands: [Operand]
  let apply: @Sendable ([Tensor]) -> Tensor

  var testDescription: String { name }

  /// The operands as tensors.
  var tensors: [Tensor] { operands.map { Tensor($0.scalars, shape: $0.shape) } }

  init(_ name: String, _ operands: [Operand], _ apply: @escaping @Sendable ([Tensor]) -> Tensor) {
    self.name = name
    self.operands = operands
    self.apply = apply
  }

  /// Operands in `[-1, 1)` of some shapes.
  init(_ name: String, _ shapes: [Int]..., apply: @escaping @Sendable ([Tensor]) -> Tensor) {
    let operands = shapes.enumerated().map { Operand($1, seed: UInt64($0) + 11) }
    self.init(name, operands, apply)
  }
}

extension Operation {
  static let all =
    arithmetic + activations + layers + groups + rotations + norms + attentions + rows + columns
    + losses

  private static let arithmetic = [
    Operation("+", [5, 7], [5, 7]) { $0[0] + $0[1] },
    Operation("+ of a tensor and itself", [5, 7]) { $0[0] + $0[0] },
    Operation("-", [5, 7], [5, 7]) { $0[0] - $0[1] },
    Operation("*", [5, 7], [5, 7]) { $0[0] * $0[1] },
    Operation("* of a tensor and itself", [5, 7]) { $0[0] * $0[0] },
    Operation("* by a constant", [3, 17]) { $0[0] * -1.7 },
    Operation("multiplied by a matrix", [5, 7], [7, 3]) { $0[0].multiplied(by: $0[1]) },
    Operation("reciprocal", [Operand([5, 7], seed: 12, avoiding: [0])]) {
      $0[0].reciprocal()
    },
    Operation("kroneckerSum", [3, 2, 4], [3, 5, 2]) { Tensor.kroneckerSum($0[0], $0[1]) },
    Operation("addingToRows", [5, 7], [7]) { $0[0].addingToRows($0[1]) },
    Operation("multiplyingRows", [5, 7], [7]) { $0[0].multiplyingRows(by: $0[1]) },
    Operation("multiplyingRows by a matrix of one row", [5, 7], [1, 7]) {
      $0[0].multiplyingRows(by: $0[1])
    },
    Operation("scaled", [5, 7], [1]) { $0[0].scaled(by: $0[1]) },
    Operation("sumOfRows", [5, 7]) { $0[0].sumOfRows() },
    Operation("sum", [5, 7]) { $0[0].sum() },
    Operation("turned", [5, 37]) { $0[0].turned() },
    Operation("reshaped", [5, 7]) { $0[0].reshaped([7, 5]) },
    Operation("multiplied", [5, 7], [3, 7]) { $0[0].multiplied(transposing: $0[1]) },
    Operation("multiplied, in pieces", [131, 17], [19, 17]) {
      $0[0].multiplied(transposing: $0[1])
    },
    Operation("linear", [5, 7], [3, 7], [3]) { $0[0].linear($0[1], $0[2]) },
    Operation("linear without bias", [1, 7], [3, 7]) { $0[0].linear($0[1]) },
    Operation("dropout", [5, 7]) {
      $0[0].dropout(0.3, DropoutSource(Random(seed: 3), stream: "step"))
    },
    Operation("dropout by the numbers of rows", [3, 100]) {
      $0[0].dropout(0.3, DropoutSource(Random(seed: 3), stream: "step"), rows: [7, 1 << 21, 0])
    },
  ]

  /// Where activations have no derivative.
  private static let kinks: [Float] = [-10, -3, 0, 3, 6, 10]

  private static let activations = Activation.allCases.map { activation in
    Operation(
      "activated, \(activation)", [Operand([5, 17], seed: 5, range: 12, avoiding: kinks)]
    ) { $0[0].activated(activation) }
  }

  private static let frozen = Linear(
    frozen: Tensor(numbers(63, seed: 21, range: 0.4), shape: [9, 7]),
    bias: Tensor(numbers(9, seed: 22), shape: [9]))

  /// Two layers, the second with weights that may be trained, and rows before, between and after.
  private static func group(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ activation: Activation, _ addend: Tensor?
  ) -> Tensor {
    Linear.grouped(
      [
        Linear.Part(frozen, rows: 1..<3, scale: 0.5),
        Linear.Part(Linear(trained: weight, bias: bias), rows: 4..<7),
      ], x, activation: activation, addingTo: addend)
  }

  private static let groups = [
    Operation("grouped", [8, 7], [9, 7]) { group($0[0], $0[1], nil, .linear, nil) },
    Operation("grouped, all", [8, 7], [9, 7], [9], [8, 9]) {
      group($0[0], $0[1], $0[2], .tanh, $0[3])
    },
  ]

  private static let layers =
    Activation.allCases.map { activation in
      // The bias keeps what goes into an activation away from where it has no derivative.
      Operation("callAsFunction of a frozen Linear, \(activation)", [5, 7]) {
        let bias: [Float] = [-12, -8, -6, -4.5, -1.5, 1.5, 4.5, 8, 12]
        let weight = Tensor(numbers(63, seed: 21, range: 0.15), shape: [9, 7])
        let layer = Linear(frozen: weight, bias: Tensor(bias, shape: [9]))
        return layer($0[0], activation: activation)
      }
    } + [
      Operation("callAsFunction of a frozen Linear, scaled and added", [5, 7], [5, 9]) {
        frozen($0[0], scaledBy: -0.7, addingTo: $0[1])
      },
      Operation("callAsFunction of a frozen Linear, all", [5, 7], [5, 9]) {
        frozen($0[0], activation: .tanh, scaledBy: -0.7, addingTo: $0[1])
      },
      Operation("callAsFunction of a frozen transposed Linear", [5, 7]) {
        let weight = Tensor(numbers(63, seed: 21, range: 0.4), shape: [7, 9])
        return Linear(frozen: weight, isTransposed: true, bias: nil)($0[0])
      },
      Operation("callAsFunction of a trained Linear, all", [5, 7], [9, 7], [9], [5, 9]) {
        Linear(trained: $0[1], bias: $0[2])(
          $0[0], activation: .tanh, scaledBy: 1.4, addingTo: $0[3])
      },
      Operation("callAsFunction of a trained Linear, scaled", [5, 7], [9, 7], [9]) {
        Linear(trained: $0[1], bias: $0[2])($0[0], scaledBy: -0.3, addingTo: nil)
      },
      Operation("callAsFunction of a trained Linear, adding itself", [9, 9], [9, 9]) {
        Linear(trained: $0[1], bias: nil)($0[0], scaledBy: 0.5, addingTo: $0[0])
      },
      Operation("callAsFunction of a trained Linear", [5, 7], [9, 7], [9]) {
        Linear(trained: $0[1], bias: $0[2])($0[0], activation: .gelu)
      },
      Operation("callAsFunction of a trained Linear without bias", [5, 7], [9, 7]) {
        Linear(trained: $0[1], bias: nil)($0[0])
      },
    ]

  private static let frozenNorm = Norm(
    weight: Tensor(numbers(17, seed: 31), shape: [17]),
    bias: Tensor(numbers(17, seed: 32), shape: [17]), epsilon: 1e-5)

  /// Of some head width, at positions that are not those of the rows.
  private static func angles(_ pairs: Int, _ style: Rotary.Style, factor: Float = 1)
    -> Rotary.Angles
  {
    let frequencies = (0..<pairs).map { 1 / Float($0 * 3 + 1) }
    return Rotary(frequencies: frequencies, style: style, factor: factor)
      .angles(at: [0, 3, 1, 40, 7])
  }

  private static let rotations = [
    Operation("rotated, half", [5, 16]) { $0[0].rotated(angles(4, .half), headWidth: 8) },
    Operation("rotated, interleaved", [5, 16]) {
      $0[0].rotated(angles(4, .interleaved), headWidth: 8)
    },
    Operation("rotated in part", [5, 16]) {
      $0[0].rotated(angles(3, .half, factor: 1.2), headWidth: 8)
    },
  ]

  private static func rms(_ weight: Tensor, _ bias: Tensor? = nil) -> Norm {
    Norm(.rms, weight: weight, bias: bias, epsilon: 1e-5)
  }

  private static let norms = [
    Operation("callAsFunction of a Norm", [5, 17]) { frozenNorm($0[0]) },
    Operation("callAsFunction of a Norm with a residual", [5, 17], [5, 17]) {
      frozenNorm($0[0], addingTo: $0[1])
    },
    Operation("callAsFunction of a Norm with itself", [5, 17]) {
      frozenNorm($0[0], addingTo: $0[0])
    },
    Operation("callAsFunction of a trained Norm", [5, 17], [17], [17]) {
      Norm(weight: $0[1], bias: $0[2], epsilon: 1e-5)($0[0])
    },
    Operation("callAsFunction of a trained Norm, residual", [5, 7], [7], [7], [5, 7]) {
      Norm(weight: $0[1], bias: $0[2], epsilon: 1e-5)($0[0], addingTo: $0[3])
    },
    Operation("callAsFunction of a norm without bias", [5, 17], [17]) {
      Norm(weight: $0[1], epsilon: 1e-5)($0[0])
    },
    Operation("callAsFunction of an RMS norm", [5, 17], [17]) { rms($0[1])($0[0]) },
    Operation("callAsFunction of an RMS norm, bias and residual", [5, 7], [7], [7], [5, 7]) {
      rms($0[1], $0[2])($0[0], addingTo: $0[3])
    },
    Operation("callAsFunction of a norm with an offset", [5, 7], [7]) {
      Norm(.rms, weight: $0[1], epsilon: 1e-5, weightOffset: 1)($0[0])
    },
    Operation("withSum, both used", [5, 17], [5, 17], [17]) {
      let (sum, normed) = rms($0[2]).withSum($0[0], addingTo: $0[1])
      return sum + normed * 0.5
    },
    Operation("withSum without a residual", [5, 17]) {
      let (sum, normed) = frozenNorm.withSum($0[0], addingTo: nil)
      return sum + normed
    },
    Operation("withSum of a tensor and itself", [5, 17]) {
      let (sum, normed) = frozenNorm.withSum($0[0], addingTo: $0[0])
      return sum + normed
    },
  ]

  private static func attend(
    _ x: [Tensor], _ queries: [Int], _ keys: [Int], _ shape: AttentionShape,
    positions: [Int32]? = nil, bias: PositionBias? = nil, dropout: AttentionDropout? = nil
  ) -> Tensor {
    attention(
      x[0], Layout(lengths: queries), positions: positions,
      over: [KeyValues(key: x[1], value: x[2], Layout(lengths: keys))], shape, bias: bias,
      dropout: dropout)
  }

  private static func shape(
    _ heads: Int, _ width: Int, keyHeads: Int? = nil, softcap: Float? = nil, isCausal: Bool = false,
    window: AttentionShape.Window? = nil
  ) -> AttentionShape {
    AttentionShape(
      heads: heads, keyHeads: keyHeads, headWidth: width, scale: 0.7, softcap: softcap,
      isCausal: isCausal, window: window)
  }

  /// A bias of 3 heads and 4 buckets.
  private static func bias(_ byQuery: Tensor?, _ byKey: Tensor?, isScaled: Bool) -> PositionBias {
    PositionBias(
      buckets: [3, 0, 1, 1, 2], least: -2, bucketCount: 4, byQuery: byQuery, byKey: byKey,
      isScaled: isScaled)
  }

  private static let attentions = [
    Operation("attention", [11, 15], [11, 15], [11, 15]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5))
    },
    Operation("attention of rows that are read", [4, 15], [11, 15], [11, 15]) {
      attend($0, [1, 1, 2], [4, 1, 6], shape(3, 5))
    },
    Operation("attention with an empty sequence", [5, 8], [5, 8], [5, 8]) {
      attend($0, [2, 0, 3], [2, 0, 3], shape(1, 8))
    },
    Operation("attention over tiles", [70, 16], [70, 16], [70, 16]) {
      attend($0, [67, 3], [67, 3], shape(2, 8))
    },
    Operation("attention of one query over tiles", [2, 16], [136, 16], [136, 16]) {
      attend($0, [1, 1], [131, 5], shape(2, 8))
    },
    Operation("attention to itself", [11, 15]) {
      attend([$0[0], $0[0], $0[0]], [4, 1, 6], [4, 1, 6], shape(3, 5))
    },
    Operation("attention, causal", [11, 15], [11, 15], [11, 15]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5, isCausal: true))
    },
    Operation("attention, causal, of some rows", [4, 15], [11, 15], [11, 15]) {
      attend(
        $0, [1, 1, 2], [4, 1, 6], shape(3, 5, isCausal: true), positions: [2, 0, 1, 4])
    },
    Operation("attention in groups", [11, 20], [11, 10], [11, 10]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(4, 5, keyHeads: 2))
    },
    Operation("attention in a sliding window", [30, 15], [30, 15], [30, 15]) {
      attend($0, [4, 26], [4, 26], shape(3, 5, isCausal: true, window: .sliding(3)))
    },
    Operation("attention in a symmetric window", [30, 15], [30, 15], [30, 15]) {
      attend($0, [4, 26], [4, 26], shape(3, 5, window: .symmetric(6)))
    },
    Operation("attention, capped", [11, 15], [11, 15], [11, 15]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5, softcap: 0.8))
    },
    Operation("attention, biased by query", [11, 15], [11, 15], [11, 15], [11, 12]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5), bias: bias($0[3], nil, isScaled: true))
    },
    Operation("attention, biased by key", [11, 15], [11, 15], [11, 15], [11, 12]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5), bias: bias(nil, $0[3], isScaled: false))
    },
    Operation("attention, biased by both", [11, 15], [11, 15], [11, 15], [11, 12], [11, 12]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5), bias: bias($0[3], $0[4], isScaled: true))
    },
    Operation("attention, one bias for all", [11, 15], [11, 15], [11, 15], [1, 12]) {
      attend($0, [4, 1, 6], [4, 1, 6], shape(3, 5), bias: bias($0[3], nil, isScaled: false))
    },
    Operation("attention with dropout", [11, 15], [11, 15], [11, 15]) {
      attend(
        $0, [4, 1, 6], [4, 1, 6], shape(3, 5),
        dropout: AttentionDropout(0.3, DropoutSource(Random(seed: 3), stream: "step")))
    },
    // Two sequences share the prefix, the third has none.
    Operation(
      "attention over a prefix and tokens", [11, 15], [3, 15], [3, 15], [11, 15], [11, 15]
    ) {
      let layout = Layout(lengths: [4, 1, 6])
      let prefix = KeyValues(
        key: $0[1], value: $0[2], rows: [0..<3, 1..<3, 0..<0], positions: [-3, -2, 0])
      return attention(
        $0[0], layout, over: [prefix, KeyValues(key: $0[3], value: $0[4], layout)],
        shape(3, 5, isCausal: true))
    },
  ]

  private static let layout = Layout(lengths: [2, 0, 1, 4])

  private static let rows = [
    Operation("rows of a range", [7, 5]) { $0[0].rows(2..<5) },
    Operation("rows of no rows", [7, 5]) { $0[0].rows(3..<3) },
    Operation("rows at indices", [7, 5]) { $0[0].rows(at: [6, 0, 3, 0]) },
    Operation("rows of ranges that overlap", [7, 5]) { $0[0].rows(0..<5) * $0[0].rows(2..<7) },
    Operation("rows at no indices", [7, 5]) { $0[0].rows(at: []) },
    Operation("concatenatingRows", [3, 5], [1, 5], [2, 5]) { .concatenatingRows($0) },
    Operation("concatenatingRows of a tensor and itself", [3, 5]) {
      .concatenatingRows([$0[0], $0[0]])
    },
    Operation("meanOfSequences", [7, 5]) { $0[0].meanOfSequences(layout) },
    Operation("multiplyingEachRow", [7, 5], [7, 1]) { $0[0].multiplyingEachRow(by: $0[1]) },
    Operation("droppingSequences", [7, 5]) {
      $0[0].droppingSequences(0.4, layout, DropoutSource(Random(seed: 5), stream: "step"))
    },
  ]

  private static let columns = [
    Operation("columns", [7, 5]) { $0[0].columns(1..<4) },
    Operation("columns of no columns", [7, 5]) { $0[0].columns(2..<2) },
    Operation("columns that overlap", [7, 5]) { $0[0].columns(0..<3) * $0[0].columns(2..<5) },
    Operation("concatenatingColumns", [3, 5], [3, 1], [3, 2]) { .concatenatingColumns($0) },
    Operation("concatenatingColumns of a tensor and itself", [3, 5]) {
      .concatenatingColumns([$0[0], $0[0]])
    },
  ]

  private static let losses = [
    Operation("softmax", [Operand([5, 7], seed: 41, range: 3)]) { $0[0].softmax() },
    Operation("crossEntropy", [Operand([5, 7], seed: 42, range: 3)]) {
      $0[0].crossEntropy([3, nil, 0, 6, nil])
    },
    Operation("crossEntropy of ignored rows", [2, 3]) { $0[0].crossEntropy([nil, nil]) },
    Operation("crossEntropyOverRows", [Operand([6, 2], seed: 44, range: 3)]) {
      $0[0].crossEntropyOverRows(Layout(lengths: [4, 1, 1]), [[3, 0], [0, 0], [0, 0]])
    },
    Operation("binaryCrossEntropy", [Operand([3, 5], seed: 43, range: 4)]) {
      $0[0].binaryCrossEntropy((0..<15).map { [0, 1, 0.3][$0 % 3] })
    },
    Operation("squaredError", [5, 1]) { $0[0].squaredError([1, -2, 0.5, 0, 3]) },
  ]
}
