/// Loops over elements and rows, the optimizer and the random numbers.

import CAdapterKernels
import Testing

extension `The kernels` {
  @Suite struct `An element-wise kernel` {
    @Test(arguments: sizes + [1000, 1025, 4099])
    func `gives what its definition says`(n: Int) {
      let a = numbers(n, seed: 1), b = numbers(n, seed: 2)
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        with(isa) {
          var y = [Float](repeating: 0, count: n)
          ak_add(a, b, &y, n)
          #expect(y == zip(a, b).map { $0 + $1 })
          ak_multiply(a, b, &y, n)
          #expect(y == zip(a, b).map { $0 * $1 })
          ak_scale(a, 3, &y, n)
          #expect(y == a.map { 3 * $0 })
          ak_add_scaled(&y, b, 2, n)
          expectClose(y, zip(a, b).map { 3 * $0 + 2 * $1 }, atol: 1e-6, rtol: 1e-6)
          let squares = a.reduce(0.0) { $0 + Double($1) * Double($1) }
          #expect(abs(ak_sum_squares(a, n) - squares) <= 1e-12 * squares)
        }
      }
    }

    @Test(arguments: [1, 7, 16, 100, 1024, 2000])
    func `finds one infinity or NaN anywhere`(n: Int) {
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        with(isa) {
          var x = numbers(n)
          #expect(ak_all_finite(x, n) && ak_all_finite(x, 0))
          for bad in [Float.nan, .infinity, -.infinity] {
            for index in [0, n / 2, n - 1] {
              let good = x[index]
              x[index] = bad
              #expect(!ak_all_finite(x, n))
              x[index] = good
            }
          }
        }
      }
    }

    @Test(arguments: sizes, [0, 3]) func `respects strides`(width: Int, gap: Int) {
      let rows = 5, stride = width + gap
      let x = numbers(rows * stride), row = numbers(width, seed: 2)
      for operation in [ak_add_rows, ak_multiply_rows] {
        expectAsReference(atol: 0, rtol: 0) {
          var y = [Float](repeating: 9, count: rows * (stride + 1))
          operation(x, stride, row, &y, stride + 1, rows, width)
          return y
        }
      }
      let other = numbers(rows * (stride + 1), seed: 3)
      expectAsReference {
        var out = [Float](repeating: 9, count: rows)
        ak_row_dots(x, stride, other, stride + 1, rows, width, &out)
        return out
      }
      for accumulate in [false, true] {
        expectAsReference {
          var out = row
          ak_sum_rows(x, stride, rows, width, &out, accumulate)
          return out
        }
      }
    }

  }

  @Suite struct `A half-precision conversion` {
    @Test func `rounds as Swift's Float16 and keeps bfloat16's sixteen bits`() {
      var x = numbers(3000, range: 70000) + numbers(3000, seed: 2, range: 1e-4)
      x += numbers(1000, seed: 3, range: 1e-7)
      x += [
        0, -0.0, .infinity, -.infinity, 65504, 65519.99, 65520, 1e30, 0x1p-24, 0x1p-25, 0x1.8p-25,
      ]
      x += [0x1p-14, 0x1.ffcp-15, 0x1.ffep-15, 1 + 0x1p-11, 1 + 0x1.8p-10, .leastNonzeroMagnitude]
      let n = x.count
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        with(isa) {
          var half = [UInt16](repeating: 0, count: n)
          var back = x
          ak_to_f16(x, &half, n)
          ak_from_f16(half, &back, n)
          #if !(os(macOS) && arch(x86_64))
            #expect(half == x.map { Float16($0).bitPattern })
            #expect(back == x.map { Float(Float16($0)) })
          #endif
          var rounded = x
          ak_to_bf16(x, &half, n)
          ak_from_bf16(half, &back, n)
          ak_round_bf16(x, &rounded, n)
          #expect(back == rounded)
          expectClose(back, x, atol: .leastNormalMagnitude, rtol: 0x1p-8)
          #expect(Array(back[7000..<7004]) == [0, -0.0, .infinity, -.infinity])
        }
      }
    }

    @Test func `keeps NaN`() {
      let x: [Float] = [.nan, Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff)]
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        with(isa) {
          var half = [UInt16](repeating: 0, count: 3)
          var back = [Float](repeating: 0, count: 3)
          ak_to_f16(x, &half, 3)
          ak_from_f16(half, &back, 3)
          #expect(back.allSatisfy { $0.isNaN })
          ak_round_bf16(x, &back, 3)
          #expect(back.allSatisfy { $0.isNaN })
        }
      }
    }
  }

  @Suite struct `AdamW` {
    @Test(arguments: sizes) func `steps as its definition says`(n: Int) {
      let start = numbers(n), gradient = numbers(n, seed: 2)
      let (rate, beta1, beta2, eps, decay) = (
        Float(0.01), Float(0.9), Float(0.999), Float(1e-8), Float(0.1)
      )
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        var p = start, m = [Float](repeating: 0, count: n), v = m
        var q = start.map(Double.init), m2 = [Double](repeating: 0, count: n), v2 = m2
        for step in 1...5 {
          let correction1 = 1 - Double.power(0.9, step), correction2 = 1 - Double.power(0.999, step)
          with(isa) {
            ak_adamw(
              &p, gradient, &m, &v, n, rate, beta1, 0.1, beta2, 0.001, eps, decay,
              Float(correction1), Float(correction2), 0.5)
          }
          for i in 0..<n {
            let g = Double(gradient[i]) * 0.5
            q[i] *= 1 - 0.01 * 0.1
            m2[i] = 0.9 * m2[i] + 0.1 * g
            v2[i] = 0.999 * v2[i] + 0.001 * g * g
            q[i] -= 0.01 * (m2[i] / correction1) / ((v2[i] / correction2).squareRoot() + 1e-8)
          }
        }
        expectClose(p, q.map(Float.init), atol: 1e-5, rtol: 1e-5)
      }
    }
  }

  @Suite struct `Random numbers` {
    /// The known answer of the Random123 distribution for all counters and keys 0.
    @Test func `are Philox's`() {
      var y = [Float](repeating: 0, count: 4)
      ak_random_uniform(0, 0, 0, &y, 4)
      let bits: [UInt32] = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      #expect(y == bits.map { Float($0 >> 8) * 0x1p-24 })
    }

    @Test func `do not depend on how calls are cut, nor on the instruction set`() {
      let whole = 1000
      for generate in [ak_random_uniform, ak_random_normal] {
        var expected = [Float](repeating: 0, count: whole)
        with(Int(AK_ISA_REFERENCE)) { generate(7, 3, 1 << 40, &expected, whole) }
        for isa in instructionSets {
          var y: [Float] = []
          for count in [1, 3, 62, 64, 65, 200, 605] {
            var piece = [Float](repeating: 0, count: count)
            with(isa) { generate(7, 3, 1 << 40 + UInt64(y.count), &piece, count) }
            y += piece
          }
          expectClose(y, expected, atol: 1e-6, rtol: 1e-6)
        }
      }
    }

    @Test func `have the moments they should`() {
      let n = 200_000
      var y = [Float](repeating: 0, count: n)
      ak_random_normal(1, 2, 0, &y, n)
      let mean = y.reduce(0, +) / Float(n)
      #expect(abs(mean) < 0.01 && abs(ak_sum_squares(y, n) / Double(n) - 1) < 0.02)
      let ones = [Float](repeating: 1, count: n)
      ak_dropout(1, 2, nil, 0.8, ones, &y, 1, n)
      #expect(Set(y) == [0, 1.25] && abs(y.reduce(0, +) / Float(n) - 1) < 0.01)
    }

    @Test(arguments: sizes) func `drop the same of a row wherever it lies`(width: Int) {
      let rows: [UInt64] = [5, 1 << 31, 0, 5]
      let x = numbers(4 * width)
      expectAsReference(atol: 0, rtol: 0) {
        var y = x, alone = Array(x.prefix(width))
        ak_dropout(3, 4, rows, 0.6, x, &y, 4, width)
        ak_dropout(3, 4, [5], 0.6, Array(x.prefix(width)), &alone, 1, width)
        #expect(Array(y.prefix(width)) == alone)
        var uniform = x
        ak_random_uniform(3, 4, 5 << 24, &uniform, width)
        let expected = zip(x, uniform).map { $1 < 0.6 ? $0 * (1 / 0.6) : 0 }
        #expect(Array(y.prefix(width)) == Array(expected.prefix(width)))
        return y
      }
    }
  }
}

extension Double {
  fileprivate static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
