/// What the graph of a computation keeps, and how it is let go.
import Testing

@testable import Tensors

@Suite struct `A graph` {
  /// An operation that follows itself, and what it begins with.
  struct Chain: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let start: Tensor
    let next: @Sendable (Tensor) -> Tensor

    init(_ name: String, _ shape: [Int], _ next: @escaping @Sendable (Tensor) -> Tensor) {
      testDescription = name
      start = .full(1, shape: shape)
      self.next = next
    }
  }

  static let row = Tensor([0.5, 0.25, 0.25], shape: [1, 3])
  static let pair = Tensor([1, -1], shape: [1, 2])

  /// Each operation with a long chain through each of its operands.
  static let chains = [
    Chain("the left of +", [1, 3]) { $0 + row },
    Chain("the right of +", [1, 3]) { row + $0 },
    Chain("the right of *", [1, 3]) { .full(1, shape: [1, 3]) * $0 },
    Chain("* by a constant", [1, 3]) { $0 * 1 },
    Chain("rows of addingToRows", [1, 3]) { $0.addingToRows(row) },
    Chain("the row of addingToRows", [1, 3]) { row.addingToRows($0) },
    Chain("the row of multiplyingRows", [1, 3]) {
      Tensor.full(1, shape: [1, 3]).multiplyingRows(by: $0)
    },
    Chain("the factor of scaled", [1]) { Tensor.full(1, shape: [1]).scaled(by: $0) },
    Chain("the rows of multiplied", [1, 1]) {
      $0.multiplied(transposing: .full(1, shape: [1, 1]))
    },
    Chain("the weight of multiplied", [1, 1]) {
      Tensor.full(1, shape: [1, 1]).multiplied(transposing: $0)
    },
    Chain("the weight of a norm", [2]) {
      Norm(weight: $0, bias: .zeros([2]), epsilon: 1e-12)(pair).reshaped([2])
    },
    Chain("the bias of a norm", [3]) {
      Norm(weight: row, bias: $0, epsilon: 1e-5)(row).reshaped([3])
    },
    Chain("the factors of multiplyingEachRow", [1, 1]) {
      Tensor.full(1, shape: [1, 1]).multiplyingEachRow(by: $0)
    },
    Chain("rows of a range", [2, 3]) {
      .concatenatingRows([$0.rows(0..<1), $0.rows(1..<2)])
    },
    Chain("columns", [1, 2]) { .concatenatingColumns([$0.columns(0..<1), $0.columns(1..<2)]) },
    Chain("the sum beside a norm", [1, 2]) {
      let (sum, normed) = Norm(weight: .zeros([2]), epsilon: 1).withSum($0, addingTo: pair)
      return sum + normed
    },
    Chain("softmax", [1, 3]) { $0.softmax() },
    Chain("the values of attention", [1, 3]) {
      attention(
        row, Layout(lengths: [1]), over: [KeyValues(key: row, value: $0, Layout(lengths: [1]))],
        AttentionShape(heads: 1, headWidth: 3))
    },
    Chain("a frozen layer", [1, 1]) { `A graph`.layer($0) },
  ]

  static let layer = Linear(frozen: .full(1, shape: [1, 1]), bias: nil)

  @Test(arguments: chains)
  func `of 20,000 operations is differentiated and released`(_ chain: Chain) {
    let (value, gradient) = valueAndGradient(at: ["x": chain.start]) { parameters in
      var x = parameters["x"] ?? chain.start
      for _ in 0..<20_000 { x = chain.next(x) }
      return x.sum()
    }
    #expect(value.isFinite)
    #expect(gradient["x"]?.isFinite == true)
  }

  @Test(arguments: chains)
  func `of 20,000 operations is released without being differentiated`(_ chain: Chain) {
    var x = Tensor(shape: chain.start.shape, storage: chain.start.storage, node: Node())
    for _ in 0..<20_000 { x = chain.next(x) }
    #expect(x.isDifferentiated)
  }

  /// What comes back to a tensor that was cut is one buffer, not one of all rows for each part.
  @Test func `adds the gradients of many parts in one place`() {
    let x = Tensor(numbers(2_000 * 3, seed: 1), shape: [2_000, 3])
    let (_, gradient) = valueAndGradient(at: ["x": x]) { parameters in
      let x = parameters["x"] ?? x
      let parts = (0..<2_000).map { x.rows($0..<$0 + 1) * Float($0 % 7) }
      return Tensor.concatenatingRows(parts + parts).sum()
    }
    let expected = (0..<6_000).map { Float($0 / 3 % 7) * 2 }
    #expect(gradient["x"]?.scalars == expected)
  }

  /// What becomes of the operand of a layer while the layer's result is kept.
  @inline(never)
  private func operand(of layer: (Tensor) -> Tensor) -> (result: Tensor, operand: Weak) {
    let leaf = Tensor(shape: [2, 3], storage: Tensor.full(1, shape: [2, 3]).storage, node: Node())
    let operand = leaf * 2
    return (layer(operand), Weak(operand.storage))
  }

  private struct Weak {
    weak var storage: Storage?
    init(_ storage: Storage) { self.storage = storage }
  }

  @Test(arguments: [Activation.linear, .gelu])
  func `keeps no input of a frozen layer`(_ activation: Activation) {
    let layer = Linear(frozen: .full(1, shape: [4, 3]), bias: nil)
    let (result, operand) = operand { layer($0, activation: activation) }
    #expect(result.isDifferentiated)
    #expect(operand.storage == nil)
  }

  @Test func `keeps the input of a trained layer`() {
    let weight = Tensor(
      shape: [4, 3], storage: Tensor.full(1, shape: [4, 3]).storage, node: Node())
    let (result, operand) = operand { $0.linear(weight) }
    #expect(result.isDifferentiated)
    #expect(operand.storage != nil)
  }
}
