/// The base model's large products: both engines against each other.

import CAdapterKernels
import Testing

@testable import Tensors

extension `The kernels` {
  @Suite struct `A dense product` {
    /// What a product is asked to do, with gaps between all rows.
    struct Case: Sendable, CustomTestStringConvertible {
      var rows = 7, inputs = 33, outputs = 45
      var transposed = false
      var precision = Int(AK_F32)
      var scale: Float = 1
      var hasBias = false, keepsPreactivation = false, hasResidual = false
      var activation = Int(AK_LINEAR)

      var testDescription: String {
        "\(rows) rows, \(inputs) → \(outputs)\(transposed ? ", transposed" : ""), bias \(hasBias), "
          + "activation \(activation), preactivation \(keepsPreactivation), residual \(hasResidual), "
          + "scale \(scale)"
      }

      /// The rows of `y`, then those kept before the activation; nil where the engine cannot do it.
      func run(_ engine: Int) -> [Float]? {
        let ldx = inputs + 3, ldy = outputs + 5, ldw = (transposed ? outputs : inputs) + 2
        let w = numbers((transposed ? inputs : outputs) * ldw)
        guard
          let dense = ak_dense_pack(
            w, ldw, outputs, inputs, transposed, Int32(precision), Int32(engine))
        else { return nil }
        defer { ak_dense_free(dense) }
        #expect(ak_dense_engine(dense) == Int32(engine))
        #expect(ak_dense_bytes(dense) > 0)
        return multiply(dense, ldx: ldx, ldy: ldy)
      }

      func multiply(_ dense: OpaquePointer, ldx: Int, ldy: Int) -> [Float] {
        let x = numbers(rows * ldx, seed: 2), bias = numbers(outputs, seed: 3)
        let residual = numbers(rows * ldy, seed: 4)
        var y = numbers(rows * ldy, seed: 5), before = [Float](repeating: 9, count: rows * ldy)
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBufferPointer { residual in
            before.withUnsafeMutableBufferPointer { before in
              var epilogue = ak_epilogue(
                bias: hasBias ? bias.baseAddress : nil, activation: Int32(activation), scale: scale,
                preactivation: keepsPreactivation ? before.baseAddress : nil, ldp: ldy,
                residual: hasResidual ? residual.baseAddress : nil, ldr: ldy)
              #expect(ak_dense_run(dense, x, ldx, rows, &y, ldy, &epilogue))
            }
          }
        }
        return y + before
      }
    }

    static let shapes =
      [1, 7, 16, 127, 128, 129, 300].flatMap { rows in
        [false, true].map { Case(rows: rows, transposed: $0) }
      } + [
        Case(inputs: 1, outputs: 1), Case(rows: 3, inputs: 1, outputs: 77),
        Case(rows: 129, inputs: 513, outputs: 1), Case(rows: 17, inputs: 768, outputs: 96),
        // Rows 1024 and 3072 numbers apart, which are gathered first; more rows than one block.
        Case(rows: 131, inputs: 1021), Case(rows: 2, inputs: 3069), Case(rows: 97, inputs: 3069),
      ]

    static let epilogues = [
      Case(hasBias: true), Case(scale: 0.5, hasBias: true), Case(keepsPreactivation: true),
      Case(hasResidual: true), Case(activation: Int(AK_GELU)),
      Case(scale: 0.5, activation: Int(AK_GELU)),
      Case(
        rows: 131, scale: -2, hasBias: true, keepsPreactivation: true, hasResidual: true,
        activation: Int(AK_SWISH)),
      Case(
        rows: 131, transposed: true, hasBias: true, keepsPreactivation: true, hasResidual: true,
        activation: Int(AK_RELU)),
    ]

    @Test(arguments: shapes + epilogues) func `is the same of both engines`(_ product: Case) throws
    {
      let own = try #require(product.run(Int(AK_ENGINE_OWN)))
      let other = try #require(product.run(Int(AK_ENGINE_ONEDNN)))
      expectClose(other, own, atol: 1e-4, rtol: 1e-5)
    }

    @Test(arguments: shapes, [AK_ENGINE_OWN, AK_ENGINE_ONEDNN].map { Int($0) })
    func `rounds its operands to bfloat16`(_ product: Case, _ engine: Int) throws {
      var product = product
      product.precision = Int(AK_BF16)
      guard let result = product.run(engine) else {
        #expect(engine == Int(AK_ENGINE_ONEDNN), "our own products imitate bfloat16")
        return
      }
      let (rows, inputs, outputs) = (product.rows, product.inputs, product.outputs)
      let ldx = inputs + 3, ldy = outputs + 5, ldw = (product.transposed ? outputs : inputs) + 2
      let w = rounded(numbers((product.transposed ? inputs : outputs) * ldw))
      let x = rounded(numbers(rows * ldx, seed: 2))
      var expected = numbers(rows * ldy, seed: 5)
      for row in 0..<rows {
        for output in 0..<outputs {
          var sum = 0.0
          for k in 0..<inputs {
            let weight = product.transposed ? w[k * ldw + output] : w[output * ldw + k]
            sum += Double(x[row * ldx + k]) * Double(weight)
          }
          expected[row * ldy + output] = Float(sum)
        }
      }
      expectClose(Array(result.prefix(rows * ldy)), expected, atol: 5e-5, rtol: 1e-5)
    }

    @Test(arguments: shapes + epilogues)
    func `in bfloat16 is what its imitation is`(_ product: Case) throws {
      var product = product
      product.precision = Int(AK_BF16)
      let fast = try #require(product.run(Int(AK_ENGINE_OWN)))
      let slow = try #require(
        with(Int(AK_ISA_REFERENCE)) { product.run(Int(AK_ENGINE_OWN)) })
      expectClose(fast, slow, atol: 5e-5, rtol: 1e-5)
    }

    @Test(arguments: [AK_F32, AK_BF16].map { Int($0) }, [true, false])
    func `without memory says so, and gives no other numbers`(
      _ precision: Int, _ isReference: Bool
    ) throws {
      // An imitated product rounds a copy of its rows.
      let product = Case(rows: 7, precision: precision)
      let (rows, inputs, outputs) = (product.rows, product.inputs, product.outputs)
      let results = try with(isReference ? Int(AK_ISA_REFERENCE) : Int(ak_isa_best())) {
        let dense = try #require(
          ak_dense_pack(
            numbers(outputs * inputs), inputs, outputs, inputs, false, Int32(precision),
            Int32(AK_ENGINE_OWN)))
        defer { ak_dense_free(dense) }
        // Each on one thread alone, which is the one that is refused memory.
        return try parallelMap(2) { limit in
          var y = [Float](repeating: 9, count: rows * outputs)
          var epilogue = ak_epilogue()
          epilogue.scale = 1
          ak_limit_buffers(limit)
          defer { ak_limit_buffers(0) }
          let isDone = ak_dense_run(
            dense, numbers(rows * inputs, seed: 2), inputs, rows, &y, outputs, &epilogue)
          return (isDone: isDone, y: y)
        }
      }
      #expect(results[0].isDone)
      if results[1].isDone { expectClose(results[1].y, results[0].y, atol: 5e-5, rtol: 1e-5) }
      if precision == Int(AK_BF16), !ak_bf16_is_native() { #expect(!results[1].isDone) }
    }

    @Test func `of more weights than memory holds is refused`() {
      for engine in [AK_ENGINE_OWN, AK_ENGINE_ONEDNN] {
        for (outputs, inputs) in [(1 << 62, 1 << 62), (1 << 44, 2), (1, .max)] {
          #expect(ak_dense_begin(outputs, inputs, Int32(AK_F32), Int32(engine)) == nil)
        }
      }
    }

    @Test func `that oneDNN cannot do is asked for once`() {
      let before = ak_onednn_refusals()
      let found = (0..<5).map { _ in
        let dense = ak_dense_begin(45, 29, Int32(AK_BF16), Int32(AK_ENGINE_ONEDNN))
        defer { ak_dense_free(dense) }
        return dense != nil
      }
      #expect(Set(found).count == 1)
      #expect(ak_onednn_refusals() == before + (found[0] ? 0 : 1))
    }

    @Test(arguments: [AK_F32, AK_BF16].map { Int($0) }, [false, true])
    func `gives its weights back`(_ precision: Int, _ transposed: Bool) throws {
      let (outputs, inputs) = (45, 33)
      let w = numbers(outputs * inputs)
      let dense = try #require(
        ak_dense_pack(
          w, transposed ? outputs : inputs, outputs, inputs, transposed, Int32(precision),
          Int32(AK_ENGINE_OWN)))
      defer { ak_dense_free(dense) }
      var back = [Float](repeating: 9, count: w.count)
      // In parts, which need not be whole panels.
      for (first, count) in [(0, 16), (16, 1), (17, 28)] {
        back.withUnsafeMutableBufferPointer { back in
          #expect(
            ak_dense_unpack(dense, first, count, back.baseAddress.map { $0 + first * inputs }))
        }
      }
      let kept = precision == Int(AK_BF16) ? rounded(w) : w
      let expected = (0..<outputs).flatMap { output in
        (0..<inputs).map { transposed ? kept[$0 * outputs + output] : kept[output * inputs + $0] }
      }
      #expect(back == expected)
    }

    @Test(
      arguments: [(AK_F32, AK_ENGINE_OWN), (AK_BF16, AK_ENGINE_OWN), (AK_F32, AK_ENGINE_ONEDNN)]
        .map { (Int($0), Int($1)) }, [false, true])
    func `is the same of weights that came a few rows at a time`(
      kind: (precision: Int, engine: Int), _ transposed: Bool
    ) throws {
      let (outputs, inputs, rows) = (45, 33, 7)
      let w = numbers(outputs * inputs), x = numbers(rows * inputs, seed: 2)
      let (height, width) = transposed ? (inputs, outputs) : (outputs, inputs)
      func product(_ step: Int) throws -> [Float] {
        let dense = try #require(
          ak_dense_begin(outputs, inputs, Int32(kind.precision), Int32(kind.engine)))
        defer { ak_dense_free(dense) }
        for first in stride(from: 0, to: height, by: step) {
          let count = min(step, height - first)
          let part = Array(w[first * width..<(first + count) * width])
          ak_dense_put(dense, part, width, first, count, transposed)
        }
        #expect(ak_dense_end(dense))
        var y = [Float](repeating: 9, count: rows * outputs)
        var epilogue = ak_epilogue()
        epilogue.scale = 1
        #expect(ak_dense_run(dense, x, inputs, rows, &y, outputs, &epilogue))
        return y
      }
      let whole = try product(height)
      for step in [1, 5, 16, 32] { #expect(try product(step) == whole) }
    }

    /// A primitive for other numbers of rows might sum in another order.
    @Test(
      arguments: [AK_ENGINE_OWN, AK_ENGINE_ONEDNN].map { Int($0) },
      [AK_F32, AK_BF16].map { Int($0) })
    func `gives a row what it gets alone, bit for bit`(_ engine: Int, _ precision: Int) throws {
      let (outputs, inputs) = (45, 768)
      guard
        let dense = ak_dense_pack(
          numbers(outputs * inputs), inputs, outputs, inputs, false, Int32(precision), Int32(engine)
        )
      else { return }
      defer { ak_dense_free(dense) }
      func product(_ rows: Range<Int>) -> [Float] {
        let x = numbers(150 * inputs, seed: 2)
        var y = [Float](repeating: 9, count: rows.count * outputs)
        var epilogue = ak_epilogue()
        epilogue.scale = 1
        let part = Array(x[rows.lowerBound * inputs..<rows.upperBound * inputs])
        #expect(ak_dense_run(dense, part, inputs, rows.count, &y, outputs, &epilogue))
        return y
      }
      let all = product(0..<150)
      for rows in [0..<1, 3..<4, 100..<101, 0..<3, 77..<90, 127..<150, 0..<128] {
        #expect(product(rows) == Array(all[rows.lowerBound * outputs..<rows.upperBound * outputs]))
      }
    }

    @Test(arguments: [AK_F32, AK_BF16].map { Int($0) }, [1, 7, 130])
    func `has a way back over the same weights`(_ precision: Int, _ rows: Int) throws {
      let (outputs, inputs) = (45, 100)
      let w = numbers(outputs * inputs), g = numbers(rows * outputs, seed: 2)
      // In bfloat16 the imitation, which other processors have.
      try with(Int(AK_ISA_REFERENCE)) {
        let there = try #require(
          ak_dense_pack(w, inputs, outputs, inputs, false, Int32(precision), Int32(AK_ENGINE_OWN)))
        defer { ak_dense_free(there) }
        let back = try #require(
          ak_dense_pack(w, inputs, inputs, outputs, true, Int32(precision), Int32(AK_ENGINE_OWN)))
        defer { ak_dense_free(back) }
        #expect(ak_dense_goes_back(there))
        var epilogue = ak_epilogue()
        epilogue.scale = 0.5
        var found = [Float](repeating: 9, count: rows * inputs), expected = found
        #expect(ak_dense_run_back(there, g, outputs, rows, &found, inputs, 0.5))
        #expect(ak_dense_run(back, g, outputs, rows, &expected, inputs, &epilogue))
        expectClose(found, expected, atol: 1e-5, rtol: 1e-5)
      }
    }

    private func rounded(_ x: [Float]) -> [Float] {
      var y = x
      ak_round_bf16(x, &y, x.count)
      return y
    }

    @Test(arguments: [AK_ENGINE_OWN, AK_ENGINE_ONEDNN].map { Int($0) })
    func `serves many threads at once`(_ engine: Int) async throws {
      // Shapes that no other test has: their primitives are compiled by whoever comes first.
      let cases = [1, 5, 40, 128, 150, 200].map { Case(rows: $0, inputs: 97, outputs: 61 + engine) }
      let first = cases[0], ldx = first.inputs + 3, ldy = first.outputs + 5
      let w = numbers(first.outputs * first.inputs)
      let dense = try #require(
        ak_dense_pack(w, first.inputs, first.outputs, first.inputs, false, 0, Int32(engine)))
      defer { ak_dense_free(dense) }
      nonisolated(unsafe) let shared = dense
      let own = try #require(
        ak_dense_pack(
          w, first.inputs, first.outputs, first.inputs, false, 0, Int32(AK_ENGINE_OWN)))
      defer { ak_dense_free(own) }
      let expected = cases.map { $0.multiply(own, ldx: ldx, ldy: ldy) }
      await withTaskGroup(of: (Int, [Float]).self) { group in
        for task in 0..<60 {
          group.addTask {
            let index = task % cases.count
            return (index, cases[index].multiply(shared, ldx: ldx, ldy: ldy))
          }
        }
        for await (index, result) in group {
          expectClose(result, expected[index], atol: 5e-5, rtol: 1e-5)
        }
      }
    }

    @Test func `of no rows or no columns does nothing`() throws {
      let dense = try #require(ak_dense_pack([1, 2, 3], 3, 1, 3, false, 0, Int32(AK_ENGINE_OWN)))
      defer { ak_dense_free(dense) }
      var epilogue = ak_epilogue()
      var y: [Float] = [7]
      #expect(ak_dense_run(dense, [1, 2, 3], 3, 0, &y, 1, &epilogue))
      #expect(y == [7])
      #expect(ak_dense_pack([1], 1, 0, 1, false, 0, Int32(AK_ENGINE_ONEDNN)) == nil)
    }

    @Test func `is computed by a known oneDNN`() {
      #expect(ak_onednn_version() >= 20_600)
    }
  }
}
