/// Packed linear layers and small products.

import CAdapterKernels
import Testing

extension `The kernels` {
  @Suite struct `A packed linear layer` {
    /// `x·Wᵀ` with every option, into rows with gaps.
    static func run(
      rows: Int, inputs: Int, outputs: Int, transposed: Bool, activation: Int, options: Bool,
      columns: Range<Int>
    ) -> [Float] {
      let ldx = inputs + 3, ldy = outputs + 5, ldw = (transposed ? outputs : inputs) + 2
      let w = numbers((transposed ? inputs : outputs) * ldw), x = numbers(rows * ldx, seed: 2)
      let bias = numbers(outputs, seed: 3), residual = numbers(rows * ldy, seed: 4)
      var y = numbers(rows * ldy, seed: 5), before = [Float](repeating: 9, count: rows * ldy)
      guard let packed = ak_pack(w, ldw, outputs, inputs, transposed) else { return [] }
      defer { ak_packed_free(packed) }
      guard options else {
        ak_linear(packed, x, ldx, rows, &y, ldy, nil, columns.lowerBound, columns.upperBound)
        return y
      }
      bias.withUnsafeBufferPointer { bias in
        residual.withUnsafeBufferPointer { residual in
          before.withUnsafeMutableBufferPointer { before in
            var epilogue = ak_epilogue(
              bias: bias.baseAddress, activation: Int32(activation), scale: 0.5,
              preactivation: before.baseAddress, ldp: ldy, residual: residual.baseAddress,
              ldr: ldy)
            ak_linear(
              packed, x, ldx, rows, &y, ldy, &epilogue, columns.lowerBound, columns.upperBound)
          }
        }
      }
      return y + before
    }

    @Test(arguments: sizes, sizes) func `is what its reference is`(rows: Int, outputs: Int) {
      for inputs in [0, 1, 17, 100] {
        for transposed in [false, true] {
          expectAsReference(atol: 2e-5, rtol: 1e-5, "\(rows) × \(inputs) → \(outputs)") {
            Self.run(
              rows: rows, inputs: inputs, outputs: outputs, transposed: transposed,
              activation: Int(AK_GELU), options: true, columns: 0..<outputs)
          }
        }
        expectAsReference(atol: 2e-5, rtol: 1e-5) {
          Self.run(
            rows: rows, inputs: inputs, outputs: outputs, transposed: false, activation: 0,
            options: false, columns: 0..<outputs)
        }
      }
    }

    @Test(arguments: [1, 2, 3, 5, 97, 193]) func `sums long rows in blocks`(rows: Int) {
      for inputs in [384, 385, 1000] {
        expectAsReference(atol: 1e-4, rtol: 1e-4) {
          Self.run(
            rows: rows, inputs: inputs, outputs: 150, transposed: false,
            activation: Int(AK_RELU), options: true, columns: 0..<150)
        }
      }
    }

    @Test(arguments: [0..<16, 16..<48, 17..<40, 128..<150, 144..<1000, 48..<48])
    func `leaves other columns alone`(columns: Range<Int>) {
      expectAsReference(atol: 2e-5, rtol: 1e-5, "\(columns)") {
        Self.run(
          rows: 7, inputs: 33, outputs: 150, transposed: false, activation: Int(AK_TANH),
          options: true, columns: columns)
      }
    }

    /// Over panels as over a copy of the weights that is packed the other way round.
    @Test(arguments: sizes, [0, 1, 15, 33, 100, 700]) func `has a way back`(
      rows: Int, outputs: Int
    ) throws {
      for (inputs, columns) in [(1, 0..<1), (17, 0..<17), (100, 0..<100), (100, 13..<64)] {
        let w = numbers(outputs * inputs), ldg = outputs + 2, ld = inputs + 3
        let g = numbers(rows * ldg, seed: 2)
        let packed = try #require(ak_pack(w, inputs, outputs, inputs, false))
        defer { ak_packed_free(packed) }
        expectAsReference(atol: 5e-5, rtol: 1e-5, "\(rows) × \(outputs) → \(inputs)") {
          var dx = [Float](repeating: 9, count: rows * ld)
          ak_linear_backward(
            packed, g, ldg, rows, &dx, ld, 0.5, columns.lowerBound, columns.upperBound)
          return dx
        }
      }
    }

    @Test func `has a way back from a vocabulary`() throws {
      let (rows, inputs, outputs) = (20, 13, 9000)
      let g = numbers(rows * outputs, seed: 2)
      let packed = try #require(ak_pack(numbers(outputs * inputs), inputs, outputs, inputs, false))
      defer { ak_packed_free(packed) }
      expectAsReference(atol: 5e-4, rtol: 1e-4) {
        var dx = [Float](repeating: 9, count: rows * inputs)
        ak_linear_backward(packed, g, outputs, rows, &dx, inputs, 1, 0, inputs)
        return dx
      }
    }

    @Test func `passes NaN on in its row only`() throws {
      let w = numbers(20 * 8), packed = try #require(ak_pack(w, 8, 20, 8, false))
      defer { ak_packed_free(packed) }
      #expect(ak_packed_bytes(packed) >= 20 * 8 * 4)
      var x = numbers(9 * 8), y = [Float](repeating: 0, count: 9 * 20)
      x[3 * 8] = .nan
      ak_linear(packed, x, 8, 9, &y, 20, nil, 0, 20)
      for (index, value) in y.enumerated() { #expect(value.isNaN == (index / 20 == 3)) }
    }
  }

  @Suite struct `The end of a product` {
    @Test(arguments: sizes) func `is what its reference is, in place too`(columns: Int) {
      let rows = 3, ld = columns + 5
      let p = numbers(rows * ld), bias = numbers(columns, seed: 2)
      let residual = numbers(rows * ld, seed: 3)
      expectAsReference {
        var y = [Float](repeating: 9, count: rows * ld), before = y, inPlace = p
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBufferPointer { residual in
            before.withUnsafeMutableBufferPointer { before in
              var epilogue = ak_epilogue(
                bias: bias.baseAddress, activation: Int32(AK_GELU), scale: 0.5,
                preactivation: before.baseAddress, ldp: ld, residual: residual.baseAddress, ldr: ld)
              ak_finish(p, ld, rows, columns, &y, ld, &epilogue)
              inPlace.withUnsafeMutableBufferPointer {
                ak_finish($0.baseAddress, ld, rows, columns, $0.baseAddress, ld, &epilogue)
              }
            }
          }
        }
        for row in 0..<rows {
          let range = row * ld..<row * ld + columns
          #expect(Array(inPlace[range]) == Array(y[range]))
        }
        return y + before
      }
    }
  }

  @Suite struct `A small product` {
    static let shapes = [0, 1, 7, 16, 33, 100]

    @Test(arguments: shapes, shapes) func `is what its reference is`(m: Int, n: Int) {
      for k in [0, 1, 17, 64, 400] {
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
          let lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3
          let a = numbers((ta ? k : m) * lda), b = numbers((tb ? n : k) * ldb, seed: 2)
          for beta in [Float(0), 1, 0.5] {
            expectAsReference(atol: 5e-5, rtol: 1e-5, "\(m) × \(k) × \(n) \(ta) \(tb)") {
              var c = numbers(m * ldc, seed: 3)
              ak_gemm(ta, tb, m, n, k, 1.5, a, lda, b, ldb, beta, &c, ldc)
              return c
            }
          }
        }
      }
    }

    @Test func `does not read its result when beta is 0`() {
      expectAsReference {
        var c = [Float](repeating: .nan, count: 35)
        ak_gemm(false, false, 5, 7, 3, 1, numbers(15), 3, numbers(21), 7, 0, &c, 7)
        #expect(c.allSatisfy { $0.isFinite })
        return c
      }
    }

    @Test func `works on many blocks`() {
      let (m, n, k) = (130, 150, 800)
      for ta in [false, true] {
        expectAsReference(atol: 2e-4, rtol: 1e-4) {
          var c = numbers(m * n, seed: 3)
          ak_gemm(ta, true, m, n, k, 1, numbers(m * k), ta ? m : k, numbers(n * k), k, 1, &c, n)
          return c
        }
      }
    }
  }
}
