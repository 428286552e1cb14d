/// Dropout: what is dropped, and on what it depends.
import Testing

@testable import Tensors

@Suite struct `Dropout` {
  let random = Random(seed: 7)

  @Test func `drops with its probability and keeps the mean`() {
    let source = DropoutSource(random, stream: "step 1")
    let ones = Tensor.full(1, shape: [10_000])
    let dropped = ones.dropout(0.25, source).scalars
    #expect(dropped.allSatisfy { $0 == 0 || abs($0 - 4 / 3) < 1e-6 })
    #expect(abs(dropped.reduce(0, +) / 10_000 - 1) < 0.03)
    #expect(ones.dropout(0.25, source).scalars == dropped)
    #expect(ones.dropout(0.25, source.at("layer 2")).scalars != dropped)
    #expect(ones.dropout(0.25, nil).scalars == ones.scalars)
    #expect(ones.dropout(0, source).scalars == ones.scalars)
    #expect(ones.dropout(1, source).scalars.allSatisfy { $0 == 0 })
  }

  @Test func `drops whole sequences`() {
    let layout = Layout(lengths: [3, 0, 1, 4, 2])
    let x = Tensor.full(1, shape: [10, 3])
    let source = DropoutSource(random, stream: "depth")
    let rows = x.droppingSequences(0.5, layout, source).scalars
    for sequence in 0..<layout.sequences {
      let range = layout[sequence]
      let values = Set(rows[range.lowerBound * 3..<range.upperBound * 3])
      #expect(values.isEmpty || values == [0] || values == [2])
    }
  }

  /// The number of each token: the same however the batch is cut.
  static func tokenNumbers(_ sequences: Range<Int>, length: Int) -> [UInt64] {
    sequences.flatMap { sequence in (0..<length).map { UInt64(sequence << 20 + $0) } }
  }

  @Test func `belongs to a token, not to a piece of the batch`() {
    let source = DropoutSource(random, stream: "step 1")
    let x = Tensor(numbers(12 * 70, seed: 1), shape: [12, 70])
    let whole = x.dropout(0.3, source, rows: Self.tokenNumbers(0..<4, length: 3))
    for cut in 1..<4 {
      let first = x.rows(0..<3 * cut).dropout(
        0.3, source, rows: Self.tokenNumbers(0..<cut, length: 3))
      let second = x.rows(3 * cut..<12).dropout(
        0.3, source, rows: Self.tokenNumbers(cut..<4, length: 3))
      #expect(Tensor.concatenatingRows([first, second]).scalars == whole.scalars)
    }
    let depth = Layout(lengths: [3, 3, 3, 3])
    let dropped = x.droppingSequences(0.5, depth, source, sequences: [0, 1, 2, 3])
    let last = x.rows(6..<12).droppingSequences(
      0.5, Layout(lengths: [3, 3]), source, sequences: [2, 3])
    #expect(dropped.rows(6..<12).scalars == last.scalars)
  }

  /// What becomes of the operand while the result is kept.
  @inline(never)
  private func storage(behind operation: (Tensor) -> Tensor) -> (result: Tensor, operand: Weak) {
    let leaf = Tensor(shape: [2, 3], storage: Tensor.full(1, shape: [2, 3]).storage, node: Node())
    let operand = leaf * 2
    return (operation(operand), Weak(storage: operand.storage))
  }

  private struct Weak { weak var storage: Storage? }

  @Test func `keeps neither its operand nor a mask`() {
    let (result, operand) = storage {
      $0.dropout(0.3, DropoutSource(random, stream: "step 1"))
    }
    #expect(result.isDifferentiated && operand.storage == nil)
  }

  @Test func `of sequences keeps no operand`() {
    let (result, operand) = storage {
      $0.droppingSequences(
        0.3, Layout(lengths: [1, 1]), DropoutSource(random, stream: "step 1"))
    }
    #expect(result.isDifferentiated && operand.storage == nil)
  }

  @Test func `and other factors of constants keep no operand`() {
    let constant = Tensor.full(0.5, shape: [2, 3])
    for operation in [
      { $0 * constant }, { constant * $0 }, { $0.multiplyingRows(by: constant.rows(0..<1)) },
      { $0.multiplyingEachRow(by: Tensor.full(1, shape: [2, 1])) }, { $0.scaled(by: Tensor(2)) },
      { $0.linear(Tensor.full(1, shape: [4, 3])) },
    ] as [(Tensor) -> Tensor] {
      let (result, operand) = storage(behind: operation)
      #expect(result.isDifferentiated && operand.storage == nil)
    }
  }
}
