/// Weights that stay as they are kept until somebody needs them.
import Synchronization
import Testing

@testable import Tensors

/// A table of 16-bit floats that counts how often its rows are read.
struct HalfTable: MatrixSource {
  let rows, width: Int
  var isTransposed = false
  private let scalars: [Float]
  private let counter = Counter()

  final class Counter: Sendable {
    let reads = Atomic(0)
    let packings = Atomic(0)
  }

  struct Unreadable: Error, Equatable { let row: Int }
  var unreadable: Int?

  init(_ rows: Int, _ width: Int, seed: UInt64 = 1, isTransposed: Bool = false) {
    (self.rows, self.width, self.isTransposed) = (rows, width, isTransposed)
    // Numbers that 16 bits hold.
    scalars = numbers(rows * width, seed: seed).map { ($0 * 256).rounded() / 256 }
  }

  var tensor: Tensor { Tensor(scalars, shape: [rows, width]) }
  var reads: Int { counter.reads.load(ordering: .relaxed) }
  var packings: Int { counter.packings.load(ordering: .relaxed) }

  func copyFloats(rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>) throws {
    if let unreadable, range.contains(unreadable) { throw Unreadable(row: unreadable) }
    counter.reads.add(range.count, ordering: .relaxed)
    for (index, scalar) in scalars[range.lowerBound * width..<range.upperBound * width].enumerated()
    {
      floats[index] = scalar
    }
  }

  func wasPacked() { counter.packings.add(1, ordering: .relaxed) }
}

/// A table in blocks: 32 numbers of eight bits and their scale, as GGUF's Q8_0.
struct BlockTable: MatrixSource {
  let rows, width: Int
  private let blocks: [(scale: Float, numbers: [Int8])]

  init(_ rows: Int, blocksInRow: Int) {
    (self.rows, width) = (rows, 32 * blocksInRow)
    blocks = (0..<rows * blocksInRow).map { block in
      let numbers = (0..<32).map { place -> Int8 in
        Int8(truncatingIfNeeded: block * 37 + place * 11)
      }
      return (scale: Float(block % 5 + 1) / 64, numbers: numbers)
    }
  }

  func copyFloats(rows range: Range<Int>, into floats: UnsafeMutableBufferPointer<Float>) {
    let perRow = width / 32
    for (index, block) in blocks[range.lowerBound * perRow..<range.upperBound * perRow].enumerated()
    {
      for (place, number) in block.numbers.enumerated() {
        floats[index * 32 + place] = block.scale * Float(number)
      }
    }
  }
}

@Suite struct `A frozen layer` {
  @Test(arguments: Precision.allCases)
  func `of blocks is that of the numbers they stand for`(_ precision: Precision) throws {
    let table = BlockTable(45, blocksInRow: 3)
    let floats = [Float](unsafeUninitializedCapacity: 45 * 96) { buffer, filled in
      table.copyFloats(rows: 0..<45, into: buffer)
      filled = 45 * 96
    }
    let x = Tensor(numbers(5 * 96, seed: 2), shape: [5, 96])
    let layer = try Linear(frozen: table, bias: nil, precision: precision)
    let known = Linear(
      frozen: Tensor(floats, shape: [45, 96]), bias: nil, precision: precision)
    #expect(layer(x).scalars == known(x).scalars)
    let rows = try Embedding(table, precision: precision)([44, 0])
    #expect(rows.scalars == Array(floats[44 * 96..<45 * 96] + floats[..<96]))
  }

  static let x = Tensor(numbers(5 * 33, seed: 2), shape: [5, 33])

  @Test(arguments: [(1, 1), (45, 33), (16, 700), (3000, 33)])
  func `of a source is that of the same tensor`(outputs: Int, inputs: Int) throws {
    let x = Tensor(numbers(5 * inputs, seed: 2), shape: [5, inputs])
    let bias = Tensor(numbers(outputs, seed: 3), shape: [outputs])
    for precision in Precision.allCases {
      let table = HalfTable(outputs, inputs)
      let expected = Linear(frozen: table.tensor, bias: bias, precision: precision)(x)
      let layer = try Linear(frozen: table, bias: bias, precision: precision)
      #expect(layer(x).scalars == expected.scalars)
      #expect((layer.outputs, layer.inputs) == (outputs, inputs))
      // A file that has the weights the other way round.
      let turned = (0..<inputs).flatMap { input in
        (0..<outputs).map { table.tensor.scalars[$0 * inputs + input] }
      }
      let other = Linear(
        frozen: Tensor(turned, shape: [inputs, outputs]), isTransposed: true, bias: bias,
        precision: precision)
      #expect(other(x).scalars == expected.scalars)
    }
  }

  @Test(arguments: [false, true]) func `passes the same gradient back, of any source`(
    _ isTransposed: Bool
  ) throws {
    let table = HalfTable(45, 33, isTransposed: isTransposed)
    let x = Tensor(
      numbers(5 * (isTransposed ? 45 : 33), seed: 2), shape: [5, isTransposed ? 45 : 33])
    let layer = try Linear(frozen: table, bias: nil, packing: .whenUsed)
    let known = Linear(frozen: table.tensor, isTransposed: isTransposed, bias: nil)
    func gradient(_ layer: Linear) -> [Float]? {
      valueAndGradient(at: ["x": x]) { layer($0["x"] ?? x).sum() }.gradient["x"]?.scalars
    }
    #expect(gradient(layer) == gradient(known))
  }

  @Test(arguments: Precision.allCases) func `tells its weights`(_ precision: Precision) throws {
    // Numbers of eight bits, which both formats hold.
    let numbers = (0..<45 * 33).map { Float($0 * 7 % 255) / 16 }
    let weight = Tensor(numbers, shape: [45, 33])
    let turned = weight.turned()
    #expect(turned.shape == [33, 45] && turned.scalars[45] == numbers[1])
    for layer in [
      Linear(frozen: weight, bias: nil, precision: precision), Linear(trained: weight, bias: nil),
      Linear(frozen: turned, isTransposed: true, bias: nil, precision: precision),
      try Linear(
        frozen: TransposedMatrix(turned), bias: nil, precision: precision, packing: .whenUsed),
    ] {
      #expect(layer.weight.shape == [45, 33] && layer.weight.scalars == numbers)
    }
  }

  @Test func `is packed when it is first used, once, by whoever comes first`() throws {
    let table = HalfTable(45, 33)
    let layer = try Linear(frozen: table, bias: nil, packing: .whenUsed)
    #expect(table.reads == 0)
    let expected = Linear(frozen: table.tensor, bias: nil)(Self.x).scalars
    let results = try parallelMap(16) { _ in layer(Self.x).scalars }
    #expect(results.allSatisfy { $0 == expected })
    #expect(table.reads == 45 && table.packings == 1)
  }

  @Test func `says why weights cannot be used`() throws {
    var bad = HalfTable(45, 33)
    bad.unreadable = 17
    #expect(throws: HalfTable.Unreadable(row: 17)) { try Linear(frozen: bad, bias: nil) }
    let later = try Linear(frozen: bad, bias: nil, packing: .whenUsed)
    #expect(later(Self.x).scalars.allSatisfy { $0.isNaN })
    #expect(throws: HalfTable.Unreadable(row: 17)) { try later.prepare() }
    for value in [Float.nan, .infinity] {
      var scalars = numbers(45 * 33)
      scalars[40 * 33 + 2] = value
      let source = TransposedMatrix(TransposedMatrix(Tensor(scalars, shape: [45, 33])))
      #expect(throws: NotFinite(row: 40)) { try Linear(frozen: source, bias: nil) }
    }
  }

  @Test func `of shapes alone is never packed`() throws {
    let layer = Linear(frozen: Tensor(shapeOnly: [250_000, 4_096]), bias: nil)
    #expect((layer.outputs, layer.inputs) == (250_000, 4_096))
  }

  @Test(arguments: Activation.allCases) func `scales and adds in its own pass`(_ f: Activation) {
    let weight = Tensor(numbers(45 * 33, seed: 1, range: 0.3), shape: [45, 33])
    let (bias, addend) = (
      Tensor(numbers(45, seed: 3), shape: [45]), Tensor(numbers(5 * 45, seed: 4), shape: [5, 45])
    )
    for layer in [Linear(frozen: weight, bias: bias), Linear(trained: weight, bias: bias)] {
      let expected = layer(Self.x, activation: f) * -0.5 + addend
      let found = layer(Self.x, activation: f, scaledBy: -0.5, addingTo: addend)
      expectClose(found.scalars, expected.scalars, atol: 1e-6, rtol: 1e-6)
    }
  }
}

@Suite struct `An embedding` {
  @Test func `is the rows of the table, and reads no others`() throws {
    let table = HalfTable(100, 7)
    let embedding = try Embedding(table)
    let ids: [Int32] = [3, 99, 0, 3]
    #expect(embedding(ids).scalars == table.tensor.rows(at: [3, 99, 0, 3]).scalars)
    #expect(table.reads == 4)
    #expect((embedding.count, embedding.width) == (100, 7))
  }

  @Test func `is summed with others`() throws {
    let tables = [HalfTable(100, 7), HalfTable(20, 7, seed: 2), HalfTable(2, 7, seed: 3)]
    let ids: [[Int32]] = [[3, 99, 0], [0, 1, 2], [0, 0, 1]]
    let found = Embedding.sum(
      try zip(tables, ids).map { (table: try Embedding($0), ids: $1) })
    let rows = zip(tables, ids).map { $0.tensor.rows(at: $1.map { Int($0) }) }
    #expect(found.scalars == (rows[0] + rows[1] + rows[2]).scalars)
  }

  @Test func `is scaled`() throws {
    let table = HalfTable(10, 4)
    let scaled = try Embedding(table, scale: 2)([1, 5])
    #expect(scaled.scalars == (table.tensor.rows(at: [1, 5]) * 2).scalars)
  }

  @Test func `as a layer multiplies by every row, and is packed when that first runs`() throws {
    let table = HalfTable(100, 7)
    let embedding = try Embedding(table, scale: 3)
    let x = Tensor(numbers(21, seed: 4), shape: [3, 7])
    let bias = Tensor(numbers(100, seed: 5), shape: [100])
    #expect(table.packings == 0)
    expectClose(
      embedding.asLinear(x).scalars, x.multiplied(transposing: table.tensor).scalars, atol: 1e-5,
      rtol: 1e-5)
    expectClose(
      embedding.asLinear.with(bias: bias)(x).scalars, x.linear(table.tensor, bias).scalars,
      atol: 1e-5, rtol: 1e-5)
    #expect(table.packings == 1)
  }
}
