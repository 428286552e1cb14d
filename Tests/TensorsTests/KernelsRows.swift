/// Activations, softmax and layer normalisation.

import CAdapterKernels
import Testing

@testable import Tensors

extension `The kernels` {
  @Suite struct `An activation` {
    static let kinds = (0..<Int32(AK_ACTIVATION_COUNT)).map { $0 }

    @Test(arguments: kinds) func `is what its reference is, everywhere`(kind: Int32) {
      let x = (-2400...2400).map { Float($0) / 200 } + [1e-8, -1e-8, 50, -50, 1e4, -1e4]
      for count in [x.count, 1, 7, 8, 15, 16, 17] {
        expectAsReference(atol: 4e-7, rtol: 1e-6, "kind \(kind)") {
          var y = x
          ak_activation(kind, x, &y, count)
          return y
        }
        let dy = numbers(x.count)
        expectAsReference(atol: 2e-6, rtol: 2e-6, "slope of kind \(kind)") {
          var dx = x
          ak_activation_backward(kind, x, dy, &dx, count)
          return dx
        }
      }
    }

    @Test(arguments: kinds) func `has the slope of its differences`(kind: Int32) {
      // Not at the corners of those that have some.
      let x: [Float] = [-11, -4, -2.5, -1, -0.3, 0.2, 0.9, 2, 2.9, 5, 7, 11], step: Float = 1e-2
      let ones = [Float](repeating: 1, count: x.count)
      var slope = x, above = x, below = x
      ak_activation_backward(kind, x, ones, &slope, x.count)
      ak_activation(kind, x.map { $0 + step }, &above, x.count)
      ak_activation(kind, x.map { $0 - step }, &below, x.count)
      let difference = zip(above, below).map { ($0 - $1) / (2 * step) }
      expectClose(slope, difference, atol: 2e-3, rtol: 1e-3, "kind \(kind)")
    }

    @Test(arguments: kinds) func `passes NaN on and bears infinity`(kind: Int32) {
      let x: [Float] = [.nan, 1, -.nan, 2, .nan, 3, 4, 5, .nan]
      expectAsReference("kind \(kind)") {
        var y = x
        ak_activation(kind, x, &y, x.count)
        #expect(y[0].isNaN && y[8].isNaN && !y[1].isNaN)
        return y
      }
      if kind == Int32(AK_RELU) || kind == Int32(AK_TANH) || kind == Int32(AK_SIGMOID) {
        let infinite: [Float] = [.infinity, -.infinity]
        expectAsReference {
          var y = infinite
          ak_activation(kind, infinite, &y, 2)
          return y
        }
      }
    }
  }

  @Suite struct `Softmax` {
    @Test(arguments: sizes + [1000]) func `is what its reference is`(width: Int) {
      let x = numbers(3 * width, range: 20)
      expectAsReference(atol: 4e-6, rtol: 1e-5) {
        var y = x
        ak_softmax(x, &y, 3, width)
        var largest: Float = 0
        let beyond = ak_log_sum_beyond(x, width, &largest)
        return y + [beyond, largest]
      }
    }

    @Test func `neither overflows nor hides NaN`() {
      let x: [Float] = [1e30, 1e30, -1e30, 0, -.infinity, 3, .nan, 1, 2]
      expectAsReference {
        var y = x
        ak_softmax(x, &y, 3, 3)
        #expect(y[0] == 0.5 && y[3] < 0.05 && y[4] == 0 && y[6...8].allSatisfy { $0.isNaN })
        return y
      }
    }
  }

  @Suite struct `A norm` {
    @Test(arguments: sizes + [768], [false, true])
    func `is what its reference is, with and without options`(width: Int, isRMS: Bool) {
      let rows = 5, ldx = width + 3, ldr = width + 1
      let x = numbers(rows * ldx), residual = numbers(rows * ldr, seed: 2)
      let gamma = numbers(width, seed: 3), beta = numbers(width, seed: 4)
      expectAsReference {
        var sum = [Float](repeating: 9, count: rows * width), y = sum
        var mean = [Float](repeating: 9, count: rows), rstd = mean
        ak_residual_norm(
          x, ldx, residual, ldr, gamma, beta, 1e-5, isRMS, rows, width, &sum, &y, &mean, &rstd)
        return sum + y + mean + rstd
      }
      expectAsReference {
        var y = [Float](repeating: 9, count: rows * width)
        ak_residual_norm(x, ldx, nil, 0, nil, nil, 1e-5, isRMS, rows, width, nil, &y, nil, nil)
        return y
      }
      expectAsReference {
        var y = Array(x.prefix(rows * width))
        y.withUnsafeMutableBufferPointer {
          let row = $0.baseAddress
          ak_residual_norm(
            row, width, residual, ldr, gamma, nil, 1e-5, isRMS, rows, width, nil, row, nil, nil)
        }
        return y
      }
    }

    @Test(arguments: sizes + [768], [false, true])
    func `has the gradient of its differences`(width: Int, isRMS: Bool) {
      let rows = 2
      let x = numbers(rows * width, range: 2), dy = numbers(rows * width, seed: 2)
      let gamma = numbers(width, seed: 3), beta = numbers(width, seed: 4)
      func backward() -> [Float] {
        var sum = x, y = x, dx = x
        var mean = [Float](repeating: 0, count: rows), rstd = mean
        var dgamma = [Float](repeating: 1, count: width), dbeta = dgamma
        ak_residual_norm(
          x, width, nil, 0, gamma, beta, 1e-5, isRMS, rows, width, &sum, &y, &mean, &rstd)
        ak_norm_backward(sum, mean, rstd, gamma, dy, isRMS, rows, width, &dx, &dgamma, &dbeta)
        return dx + dgamma + dbeta
      }
      expectAsReference(atol: 2e-5, rtol: 1e-4) { backward() }
      guard width >= 7 else { return }
      func loss(_ x: [Float]) -> Double {
        with(Int(AK_ISA_REFERENCE)) {
          var y = x
          ak_residual_norm(
            x, width, nil, 0, gamma, beta, 1e-5, isRMS, rows, width, nil, &y, nil, nil)
          return zip(y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
      }
      let dx = backward()
      for index in [0, width / 2, rows * width - 1] {
        var above = x, below = x
        above[index] += 0.01
        below[index] -= 0.01
        let difference = Float((loss(above) - loss(below)) / Double(above[index] - below[index]))
        expectClose([dx[index]], [difference], atol: 2e-3, rtol: 1e-2)
      }
    }
  }

  @Suite struct `A rotation` {
    @Test(arguments: [(1, 1), (4, 2), (5, 2), (64, 32), (64, 16), (33, 16)], [false, true])
    func `is what its reference is, and is undone by its gradient`(
      size: (width: Int, pairs: Int), isInterleaved: Bool
    ) {
      let (width, pairs) = (size.width, size.width == 1 ? 0 : size.pairs)
      let (rows, heads, gap) = (3, 2, 5)
      let angles = numbers(rows * pairs, range: 3)
      let (cosines, sines) = (angles.map { cosine($0) }, angles.map { cosine($0 - .pi / 2) })
      let ldx = heads * width + gap
      let x = numbers(rows * ldx)
      expectAsReference {
        var y = [Float](repeating: 9, count: rows * heads * width), back = x
        ak_rotate(
          x, ldx, &y, heads * width, rows, heads, width, pairs, cosines, sines, isInterleaved,
          false)
        ak_rotate(
          y, heads * width, &back, ldx, rows, heads, width, pairs, cosines, sines, isInterleaved,
          true)
        expectClose(back, x, atol: 1e-6, rtol: 1e-5)
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer {
          let row = $0.baseAddress
          ak_rotate(
            row, ldx, row, ldx, rows, heads, width, pairs, cosines, sines, isInterleaved, false)
        }
        for row in 0..<rows {
          expectClose(
            Array(inPlace[row * ldx..<row * ldx + heads * width]),
            Array(y[row * heads * width..<(row + 1) * heads * width]), atol: 0, rtol: 0)
        }
        return y
      }
    }

    private func cosine(_ x: Float) -> Float {
      let tables = Rotary(frequencies: [x]).angles(at: [1])
      return tables.cosines.scalar
    }
  }
}
