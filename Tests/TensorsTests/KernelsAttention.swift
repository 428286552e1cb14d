/// Attention and its gradient.

import CAdapterKernels
import Testing

extension `The kernels` {
  @Suite struct `Attention` {
    struct Shape: CustomStringConvertible, Sendable {
      var queries: Int, keys: Int, width: Int, causal = false, heads = 3, gap = 0
      var description: String {
        "\(queries) queries, \(keys) keys, \(heads) × \(width)\(causal ? ", causal" : "")"
      }
      var ldq: Int { heads * width + gap }
      var ldk: Int { heads * width + 2 * gap }
      var scale: Float { 1 / Float(max(width, 1)).squareRoot() }
    }

    static let shapes: [Shape] =
      [0, 1, 7, 17, 33].flatMap { queries in
        [0, 1, 16, 31, 100].flatMap { keys in
          [1, 7, 32, 64].flatMap { width in
            [false, true].map {
              Shape(queries: queries, keys: keys, width: width, causal: $0, gap: width % 5)
            }
          }
        }
      } + [
        Shape(queries: 100, keys: 257, width: 20, causal: true),
        Shape(queries: 260, keys: 260, width: 64, causal: true, heads: 1),
        Shape(queries: 50, keys: 300, width: 256, heads: 1),
        Shape(queries: 9, keys: 2000, width: 32, heads: 2),
        Shape(queries: 1100, keys: 300, width: 16, causal: true, heads: 1),
      ]

    /// Results and logarithms of sums, for all heads but the first of three.
    static func forward(_ s: Shape, range: Float = 3) -> (out: [Float], logSumExp: [Float]) {
      var out = [Float](repeating: 9, count: s.queries * s.ldq)
      var logSumExp = [Float](repeating: 9, count: s.heads * s.queries)
      ak_attention(
        numbers(s.queries * s.ldq, seed: 1, range: range), s.ldq,
        numbers(s.keys * s.ldk, seed: 2), s.ldk, numbers(s.keys * s.ldk, seed: 3), s.ldk, &out,
        s.ldq, s.queries, s.keys, s.width, s.heads / 3, s.heads, s.scale, s.causal, &logSumExp)
      return (out, logSumExp)
    }

    @Test(arguments: shapes) func `is what its reference is`(shape: Shape) {
      expectAsReference(atol: 5e-6, rtol: 1e-5, "\(shape)") {
        let (out, logSumExp) = Self.forward(shape)
        return out + logSumExp
      }
    }

    @Test func `bears scores far beyond the range of exponentials`() {
      expectAsReference(atol: 1e-3, rtol: 1e-3) {
        Self.forward(Shape(queries: 20, keys: 300, width: 32), range: 3e3).out
      }
    }

    @Test func `passes NaN on in its query and head only`() {
      let (queries, keys, width) = (9, 40, 16)
      var q = numbers(queries * 2 * width)
      q[4 * 2 * width + width] = .nan
      let k = numbers(keys * 2 * width, seed: 2)
      expectAsReference(atol: 1e-5) {
        var out = q
        let stride = 2 * width
        ak_attention(
          q, stride, k, stride, k, stride, &out, stride, queries, keys, width, 0, 2, 1, false, nil)
        let affected = out.indices.filter { out[$0].isNaN }
        #expect(affected == Array((9 * width)..<(10 * width)))
        return out
      }
    }

    static func backward(_ s: Shape) -> [Float] {
      let q = numbers(s.queries * s.ldq, seed: 1, range: 3)
      let k = numbers(s.keys * s.ldk, seed: 2), v = numbers(s.keys * s.ldk, seed: 3)
      let dOut = numbers(s.queries * s.ldq, seed: 4)
      let (out, logSumExp) = forward(s)
      var dq = [Float](repeating: 9, count: q.count)
      var dk = [Float](repeating: 9, count: k.count), dv = dk
      ak_attention_backward(
        q, s.ldq, k, s.ldk, v, s.ldk, out, s.ldq, logSumExp, dOut, &dq, &dk, &dv, s.queries,
        s.keys, s.width, s.heads / 3, s.heads, s.scale, s.causal)
      return dq + dk + dv
    }

    @Test(arguments: shapes) func `has the gradient that its reference has`(shape: Shape) {
      expectAsReference(atol: 1e-4, rtol: 1e-3, "\(shape)") { Self.backward(shape) }
    }

    /// With everything in double precision but the kernel itself.
    @Test(arguments: [false, true]) func `has the gradient of its differences`(causal: Bool) {
      let s = Shape(queries: 6, keys: 9, width: 5, causal: causal, heads: 1)
      let inputs = [
        numbers(s.queries * s.ldq, seed: 1, range: 3), numbers(s.keys * s.ldk, seed: 2),
        numbers(s.keys * s.ldk, seed: 3),
      ]
      let dOut = numbers(s.queries * s.ldq, seed: 4)
      func loss(_ inputs: [[Float]]) -> Double {
        var out = dOut
        ak_attention(
          inputs[0], s.ldq, inputs[1], s.ldk, inputs[2], s.ldk, &out, s.ldq, s.queries, s.keys,
          s.width, 0, 1, s.scale, causal, nil)
        return zip(out, dOut).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      var differences: [Float] = []
      for (input, values) in inputs.enumerated() {
        for index in values.indices {
          var above = inputs, below = inputs
          above[input][index] += 0.005
          below[input][index] -= 0.005
          differences.append(Float((loss(above) - loss(below)) / 0.01))
        }
      }
      expectClose(Self.backward(s), differences, atol: 2e-3, rtol: 1e-2)
    }
  }
}
