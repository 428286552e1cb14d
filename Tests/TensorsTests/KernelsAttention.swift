/// Attention and its gradient on every instruction set, with everything that can be asked of it.

import CAdapterKernels
import Testing

extension `The kernels` {
  @Suite struct `Attention` {
    /// What one call is asked for.
    struct Shape: CustomStringConvertible, Sendable {
      var queries: Int
      /// How many keys lie together, and where the first of each is in its sequence.
      var segments: [(count: Int, place: Int)]
      var width: Int
      var heads = 3, group = 1, gap = 0
      var behind = AK_UNLIMITED, ahead = AK_UNLIMITED
      var softcap: Float = 0, drop: Float = 0
      /// Rows of biases: 0 for none, 1 for one that all share, 2 for one each.
      var byQuery = 0, byKey = 0
      /// How far apart the queries are; the last is at the last key.
      var step = 1

      init(_ queries: Int, _ keys: Int, width: Int) {
        self.queries = queries
        segments = [(keys, 0)]
        self.width = width
      }

      func with(_ change: (inout Shape) -> Void) -> Shape {
        var shape = self
        change(&shape)
        return shape
      }

      var description: String {
        """
        \(queries) queries, keys \(segments.map { "\($0.count) from \($0.place)" }), \
        \(heads) × \(width) in groups of \(group), limits \(behind < 1 << 40 ? behind : -1) and \
        \(ahead < 1 << 40 ? ahead : -1), cap \(softcap), bias \(byQuery) and \(byKey), drop \(drop)
        """
      }
      var ldq: Int { heads * width + gap }
      var ldk: Int { heads / group * width + 2 * gap }
      var buckets: Int { 7 }
      var ldb: Int { heads * buckets + gap }
      var keys: Int { segments.reduce(0) { $0 + $1.count } }
      var places: [Int32] {
        let end = segments.map { $0.place + $0.count }.max() ?? 0
        return (0..<queries).map { Int32(end - 1 - (queries - 1 - $0) * step) }
      }
    }

    static let plain: [Shape] =
      [0, 1, 7, 17, 33].flatMap { queries in
        [0, 1, 16, 31, 100].flatMap { keys in
          [1, 7, 32, 64].flatMap { width in
            [false, true].map { causal in
              Shape(queries, keys, width: width).with {
                $0.gap = width % 5
                if causal { $0.ahead = 0 }
              }
            }
          }
        }
      }

    static let long: [Shape] = [
      Shape(100, 257, width: 20).with { $0.ahead = 0 },
      Shape(260, 260, width: 64).with { ($0.ahead, $0.heads) = (0, 1) },
      Shape(50, 300, width: 256).with { $0.heads = 1 },
      Shape(9, 2000, width: 32).with { $0.heads = 2 },
      Shape(1100, 300, width: 16).with { ($0.ahead, $0.heads) = (0, 1) },
    ]

    /// Everything beyond heads and causality, one at a time and together.
    static let special: [Shape] = [
      Shape(17, 33, width: 20).with { ($0.heads, $0.group) = (6, 3) },
      Shape(1, 33, width: 20).with { ($0.heads, $0.group) = (10, 5) },
      Shape(1, 300, width: 7).with { ($0.heads, $0.group, $0.ahead) = (4, 2, 0) },
      Shape(2, 40, width: 16).with { ($0.heads, $0.group, $0.ahead) = (4, 4, 0) },
      Shape(33, 33, width: 16).with { ($0.behind, $0.ahead) = (6, 0) },
      Shape(33, 33, width: 16).with { ($0.behind, $0.ahead) = (5, 5) },
      Shape(600, 600, width: 8).with { ($0.behind, $0.ahead, $0.heads) = (40, 0, 1) },
      Shape(40, 600, width: 8).with { ($0.behind, $0.ahead, $0.step) = (30, 30, 13) },
      Shape(1, 600, width: 8).with { ($0.behind, $0.ahead) = (30, 0) },
      Shape(17, 33, width: 20).with { $0.softcap = 1.5 },
      Shape(2, 33, width: 20).with { ($0.softcap, $0.ahead) = (1.5, 0) },
      Shape(17, 33, width: 20).with { $0.byQuery = 1 },
      Shape(17, 33, width: 20).with { $0.byQuery = 2 },
      Shape(17, 33, width: 20).with { $0.byKey = 2 },
      Shape(50, 300, width: 16).with { ($0.byQuery, $0.byKey) = (2, 2) },
      Shape(1, 33, width: 20).with { ($0.byQuery, $0.byKey, $0.group) = (1, 2, 3) },
      Shape(7, 31, width: 5).with { ($0.byQuery, $0.byKey, $0.softcap, $0.gap) = (2, 1, 2, 3) },
      Shape(17, 0, width: 20).with { $0.segments = [(5, -5), (0, 0), (33, 0)] },
      Shape(17, 0, width: 20).with {
        $0.segments = [(5, -5), (16, 0), (1, 16), (15, 17)]
        ($0.ahead, $0.behind) = (0, 9)
      },
      Shape(1, 0, width: 64).with {
        $0.segments = [(30, -30), (256, 0), (256, 256), (3, 512)]
        ($0.ahead, $0.heads, $0.group) = (0, 8, 4)
      },
      Shape(60, 0, width: 16).with {
        $0.segments = [(3, -3), (256, 0), (100, 256)]
        ($0.byQuery, $0.byKey) = (1, 2)
      },
      Shape(17, 33, width: 20).with { $0.drop = 0.3 },
      Shape(1, 300, width: 16).with { ($0.drop, $0.group) = (0.3, 3) },
      Shape(40, 0, width: 16).with {
        $0.segments = [(3, -3), (20, 0), (20, 20)]
        ($0.drop, $0.ahead, $0.softcap, $0.byQuery) = (0.4, 0, 3, 2)
      },
    ]

    /// All arrays of one call, held while the kernels read them.
    final class Call {
      let shape: Shape
      let range: Float
      private var held: [UnsafeMutablePointer<Float>] = []

      init(_ shape: Shape, range: Float = 3) {
        self.shape = shape
        self.range = range
      }

      deinit { held.forEach { $0.deallocate() } }

      private func hold(_ values: [Float]) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: values.count + 1)
        for (index, value) in values.enumerated() { memory[index] = value }
        held.append(memory)
        return memory
      }

      /// The operands in a row: q, k, v, biases of queries, biases of keys.
      var inputs: [[Float]] {
        let s = shape
        return [
          numbers(s.queries * s.ldq, seed: 1, range: range), numbers(s.keys * s.ldk, seed: 2),
          numbers(s.keys * s.ldk, seed: 3),
          s.byQuery == 0 ? [] : numbers((s.byQuery == 1 ? 1 : s.queries) * s.ldb, seed: 5),
          s.byKey == 0 ? [] : numbers((s.byKey == 1 ? 1 : s.keys) * s.ldb, seed: 6),
        ]
      }

      func run<Result>(
        _ inputs: [[Float]],
        _ body: (UnsafePointer<ak_attention_shape>, UnsafePointer<ak_queries>, [ak_segment]) ->
          Result
      ) -> Result {
        let s = shape
        let memory = inputs.map { hold($0) }
        let bucketOf: [Int16] = [6, 2, 0, 1, 3, 3, 4, 5, 5]
        let numbered = (0..<s.queries).map { UInt64($0) + 3 << 20 }
        return s.places.withUnsafeBufferPointer { places in
          bucketOf.withUnsafeBufferPointer { bucketOf in
            numbered.withUnsafeBufferPointer { numbered in
              var shape = ak_attention_shape()
              (shape.heads, shape.key_heads) = (s.heads, s.heads / s.group)
              (shape.head_width, shape.scale) = (s.width, 1 / Float(max(s.width, 1)).squareRoot())
              (shape.softcap, shape.behind, shape.ahead) = (s.softcap, s.behind, s.ahead)
              shape.bias = ak_position_bias(
                buckets: s.byQuery + s.byKey == 0 ? 0 : s.buckets, bucket_of: bucketOf.baseAddress,
                distances: bucketOf.count, least: -4, is_scaled: s.byKey == 2)
              shape.dropout = ak_attention_dropout(seed: 5, stream: 6, drop: s.drop)
              var queries = ak_queries()
              (queries.q, queries.ldq, queries.count) = (UnsafePointer(memory[0]), s.ldq, s.queries)
              queries.places = places.baseAddress
              queries.numbers = numbered.baseAddress
              if s.byQuery > 0 {
                (queries.bias, queries.ld_bias) = (
                  UnsafePointer(memory[3]), s.byQuery == 1 ? 0 : s.ldb
                )
              }
              var first = 0
              let segments = s.segments.map { count, place in
                defer { first += count }
                var segment = ak_segment()
                segment.k = UnsafePointer(memory[1] + first * s.ldk)
                segment.v = UnsafePointer(memory[2] + first * s.ldk)
                (segment.ldk, segment.ldv) = (s.ldk, s.ldk)
                (segment.count, segment.place) = (count, place)
                // A prefix without a bias, as DeBERTa's.
                (segment.is_biased, segment.bias_shift) = (place >= 0 || s.byKey == 0, 2)
                if s.byKey > 0 {
                  let stride = s.byKey == 1 ? 0 : s.ldb
                  (segment.bias, segment.ld_bias) = (
                    UnsafePointer(memory[4] + first * stride), stride
                  )
                }
                return segment
              }
              return body(&shape, &queries, segments)
            }
          }
        }
      }

      /// Results and logarithms of sums, for all heads but the first of three groups.
      func forward(_ inputs: [[Float]]) -> (out: [Float], logSumExp: [Float]) {
        let s = shape
        var out = [Float](repeating: 9, count: s.queries * s.ldq)
        var logSumExp = [Float](repeating: 9, count: s.heads * s.queries)
        run(inputs) { shape, queries, segments in
          ak_attention(
            shape, queries, segments, segments.count, &out, s.ldq, firstHead, s.heads, &logSumExp)
        }
        return (out, logSumExp)
      }

      private var firstHead: Int { shape.heads / shape.group / 3 * shape.group }

      /// The gradients of `inputs`, each the sum of 1 and what is added.
      func backward(_ inputs: [[Float]], _ dOut: [Float]) -> [[Float]] {
        let s = shape
        let (out, logSumExp) = forward(inputs)
        let gradients = inputs.map { hold($0.map { _ in 1 }) }
        run(inputs) { shape, queries, segments in
          var query = ak_query_gradient(q: gradients[0], bias: s.byQuery > 0 ? gradients[3] : nil)
          var first = 0
          let wanted = s.segments.map { count, _ in
            defer { first += count }
            return ak_segment_gradient(
              k: gradients[1] + first * s.ldk, v: gradients[2] + first * s.ldk,
              bias: s.byKey == 0 ? nil : gradients[4] + (s.byKey == 1 ? 0 : first * s.ldb))
          }
          ak_attention_backward(
            shape, queries, segments, segments.count, out, s.ldq, logSumExp, dOut, &query, wanted,
            firstHead, s.heads)
        }
        return zip(inputs, gradients).map {
          Array(UnsafeBufferPointer(start: $1, count: $0.count))
        }
      }
    }

    @Test(arguments: plain + long + special) func `is what its reference is`(shape: Shape) {
      expectAsReference(atol: 5e-6, rtol: 1e-5, "\(shape)") {
        let call = Call(shape)
        let (out, logSumExp) = call.forward(call.inputs)
        return out + logSumExp
      }
    }

    @Test func `bears scores far beyond the range of exponentials`() {
      expectAsReference(atol: 1e-3, rtol: 1e-3) {
        let call = Call(Shape(20, 300, width: 32), range: 3e3)
        return call.forward(call.inputs).out
      }
    }

    @Test func `passes NaN on in its query and head only`() {
      let call = Call(Shape(9, 40, width: 16).with { $0.heads = 2 })
      var inputs = call.inputs
      inputs[0][4 * 32 + 16] = .nan
      expectAsReference(atol: 1e-5) {
        let out = call.forward(inputs).out
        let affected = out.indices.filter { out[$0].isNaN }
        #expect(affected == Array((9 * 16)..<(10 * 16)))
        return out
      }
    }

    @Test(arguments: plain + long + special)
    func `has the gradient that its reference has`(shape: Shape) {
      expectAsReference(atol: 1e-4, rtol: 1e-3, "\(shape)") {
        let call = Call(shape)
        let dOut = numbers(shape.queries * shape.ldq, seed: 4)
        return call.backward(call.inputs, dOut).flatMap { $0 }
      }
    }

    @Test func `gives no gradient to whom nobody asks it for`() {
      let call = Call(Self.special[11])
      let s = call.shape
      let dOut = numbers(s.queries * s.ldq, seed: 4)
      for isa in instructionSets + [Int(AK_ISA_REFERENCE)] {
        with(isa) {
          let (out, logSumExp) = call.forward(call.inputs)
          call.run(call.inputs) { shape, queries, segments in
            var query = ak_query_gradient()
            let wanted = segments.map { _ in ak_segment_gradient() }
            ak_attention_backward(
              shape, queries, segments, segments.count, out, s.ldq, logSumExp, dOut, &query, wanted,
              0, s.heads)
          }
        }
      }
    }

    static let small: [Shape] = [
      Shape(6, 9, width: 5).with { $0.heads = 1 },
      Shape(6, 9, width: 5).with { ($0.heads, $0.ahead) = (1, 0) },
      Shape(6, 0, width: 5).with {
        $0.segments = [(2, -2), (4, 0), (5, 4)]
        ($0.heads, $0.group, $0.ahead, $0.behind) = (2, 2, 0, 4)
        ($0.softcap, $0.byQuery, $0.byKey, $0.drop) = (2, 2, 2, 0.2)
      },
      Shape(6, 9, width: 5).with { ($0.heads, $0.byQuery, $0.byKey) = (1, 1, 1) },
    ]

    /// With everything in double precision but the kernel itself.
    @Test(arguments: small) func `has the gradient of its differences`(shape: Shape) {
      let call = Call(shape)
      let inputs = call.inputs
      let dOut = numbers(shape.queries * shape.ldq, seed: 4)
      func loss(_ inputs: [[Float]]) -> Double {
        zip(call.forward(inputs).out, dOut).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      var differences: [Float] = []
      for (input, values) in inputs.enumerated() {
        for index in values.indices {
          var above = inputs, below = inputs
          above[input][index] += 0.005
          below[input][index] -= 0.005
          differences.append(Float((loss(above) - loss(below)) / 0.01) + 1)
        }
      }
      expectClose(
        call.backward(inputs, dOut).flatMap { $0 }, differences, atol: 2e-3, rtol: 1e-2, "\(shape)")
    }
  }
}
