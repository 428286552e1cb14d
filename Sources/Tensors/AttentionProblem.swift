/// Attention as the kernels are asked for it: one sequence and some heads at a time.
internal import CAdapterKernels

/// Everything a pass over the kernels needs, forward and backward.
struct AttentionProblem: Sendable {
  let query: Tensor
  let queries: Layout
  let places: [Int32]
  let keyValues: [KeyValues]
  let shape: AttentionShape
  let bias: PositionBias?
  let dropout: AttentionDropout?
  let numbers: [UInt64]

  init(
    _ query: Tensor, _ queries: Layout, _ positions: [Int32]?, _ keyValues: [KeyValues],
    _ shape: AttentionShape, _ bias: PositionBias?, _ dropout: AttentionDropout?
  ) {
    self.query = query.detached
    self.queries = queries
    self.keyValues = keyValues.map {
      KeyValues(
        key: $0.key.detached, value: $0.value.detached, rows: $0.rows, positions: $0.positions,
        biasOffset: $0.biasOffset)
    }
    self.shape = shape
    self.bias = bias.map {
      PositionBias(
        buckets: $0.buckets, least: $0.least, bucketCount: $0.bucketCount,
        byQuery: $0.byQuery?.detached, byKey: $0.byKey?.detached, isScaled: $0.isScaled)
    }
    self.dropout = dropout.flatMap { $0.probability > 0 ? $0 : nil }
    numbers = self.dropout.map { $0.rows ?? (0..<UInt64(query.rows)).map(\.self) } ?? []
    precondition(
      self.dropout == nil || numbers.count == query.rows,
      "\(numbers.count) numbers for \(query.rows) rows")
    // Nobody else asks where a query is.
    let needsPlaces = shape.isLimited || bias != nil
    places = needsPlaces ? positions ?? Self.lastPlaces(queries, keyValues) : []
    precondition(
      !needsPlaces || places.count == query.rows, "\(places.count) positions, \(query.rows) rows")
    if let bias { check(bias) }
  }

  private func check(_ bias: PositionBias) {
    let width = shape.heads * bias.bucketCount
    let biased = keyValues.filter { $0.biasOffset != nil }
    precondition(
      bias.byQuery.map { $0.width == width && [1, query.rows].contains($0.rows) } ?? true,
      "a bias of \(bias.byQuery?.shape ?? []) for \(query.rows) queries")
    precondition(
      bias.byKey.map { table in
        table.width == width
          && (table.rows == 1 || biased.count == 1 && table.rows == biased.first?.key.rows)
      } ?? true, "a bias of \(bias.byKey?.shape ?? []) for the keys")
  }

  /// Queries that are the last rows of their sequences.
  private static func lastPlaces(_ queries: Layout, _ keyValues: [KeyValues]) -> [Int32] {
    (0..<queries.sequences).flatMap { sequence in
      let end = keyValues.map { $0.positions[sequence] + $0.rows[sequence].count }.max() ?? 0
      return (end - queries[sequence].count..<end).map { Int32($0) }
    }
  }

  /// One sequence's queries and segments as the kernels read them.
  private func withSequence(
    _ sequence: Int,
    _ body: (
      UnsafePointer<ak_attention_shape>, UnsafePointer<ak_queries>, UnsafePointer<ak_segment>?
    ) -> Void
  ) {
    places.withUnsafeBufferPointer { places in
      numbers.withUnsafeBufferPointer { numbers in
        (bias?.buckets ?? []).withUnsafeBufferPointer { buckets in
          var kernelShape = shape.kernelShape
          if let bias {
            kernelShape.bias = ak_position_bias(
              buckets: bias.bucketCount, bucket_of: buckets.baseAddress,
              distances: bias.buckets.count, least: bias.least, is_scaled: bias.isScaled)
          }
          if let dropout {
            kernelShape.dropout = ak_attention_dropout(
              seed: dropout.source.random.seed, stream: dropout.source.number,
              drop: dropout.probability)
          }
          var kernelQueries = ak_queries()
          let first = queries[sequence].lowerBound
          kernelQueries.q = query.pointer + first * shape.width
          kernelQueries.ldq = shape.width
          kernelQueries.count = queries[sequence].count
          kernelQueries.places = places.baseAddress.map { $0 + first }
          kernelQueries.numbers = numbers.baseAddress.map { $0 + first }
          (kernelQueries.bias, kernelQueries.ld_bias) = rows(of: bias?.byQuery, from: first)
          let segments = keyValues.map { segment($0, sequence) }
          withExtendedLifetime(self) { body(&kernelShape, &kernelQueries, segments) }
        }
      }
    }
  }

  private func segment(_ part: KeyValues, _ sequence: Int) -> ak_segment {
    let first = part.rows[sequence].lowerBound
    var segment = ak_segment()
    segment.k = part.key.pointer + first * shape.keyWidth
    segment.v = part.value.pointer + first * shape.keyWidth
    segment.ldk = shape.keyWidth
    segment.ldv = shape.keyWidth
    segment.count = part.rows[sequence].count
    segment.place = part.positions[sequence]
    guard let bias, let offset = part.biasOffset else { return segment }
    segment.is_biased = true
    segment.bias_shift = offset
    (segment.bias, segment.ld_bias) = rows(of: bias.byKey, from: first)
    return segment
  }

  /// The biases of rows from one on, and how far apart those lie: one row is everybody's.
  private func rows(of table: Tensor?, from first: Int) -> (UnsafePointer<Float>?, Int) {
    guard let table else { return (nil, 0) }
    let stride = table.rows == 1 ? 0 : table.width
    return (table.pointer + first * stride, stride)
  }

  /// Heads in shares for the threads: heads that read the same keys stay together.
  private var shares: [Range<Int>] {
    let group = shape.heads / shape.keyHeads
    return pieces(of: shape.keyHeads, atLeast: 1).map {
      $0.lowerBound * group..<$0.upperBound * group
    }
  }

  func forward(_ out: UnsafeMutablePointer<Float>, _ logSums: Storage?) {
    let shares = shares
    parallel(queries.sequences * shares.count) { i in
      let (sequence, heads) = (i / shares.count, shares[i % shares.count])
      let first = queries[sequence].lowerBound
      withSequence(sequence) { kernelShape, kernelQueries, segments in
        ak_attention(
          kernelShape, kernelQueries, segments, keyValues.count, out + first * shape.width,
          shape.width, heads.lowerBound, heads.upperBound,
          logSums.map { $0.base + first * shape.heads })
      }
    }
  }

  /// The operands' gradients, in the order of the operands, of those that are `wanted`.
  func backward(_ g: Tensor, _ result: Tensor, _ logSums: Storage, wanted: [Bool]) -> [Tensor?] {
    let operands = [
      [query], keyValues.flatMap { [$0.key, $0.value] },
      [bias?.byQuery, bias?.byKey].compactMap(\.self),
    ].flatMap(\.self)
    let gradients = zip(operands, wanted).map { $1 ? Tensor.zeros($0.shape) : nil }
    let afterKeys = 1 + 2 * keyValues.count
    let byQuery = bias?.byQuery == nil ? nil : gradients[afterKeys]
    let byKey = bias?.byKey == nil ? nil : gradients.last ?? nil
    let shares = shares
    // By heads alone: sequences may share the keys of a prefix, or a bias.
    parallel(shares.count) { share in
      for sequence in 0..<queries.sequences {
        let first = queries[sequence].lowerBound
        var queryGradient = ak_query_gradient()
        queryGradient.q = gradients[0].map { $0.storage.base + first * shape.width }
        queryGradient.bias = place(of: first, in: byQuery)
        let segmentGradients = keyValues.enumerated().map { index, part in
          let row = part.rows[sequence].lowerBound
          return ak_segment_gradient(
            k: gradients[1 + 2 * index].map { $0.storage.base + row * shape.keyWidth },
            v: gradients[2 + 2 * index].map { $0.storage.base + row * shape.keyWidth },
            bias: part.biasOffset == nil ? nil : place(of: row, in: byKey))
        }
        withSequence(sequence) { kernelShape, kernelQueries, segments in
          ak_attention_backward(
            kernelShape, kernelQueries, segments, keyValues.count,
            result.pointer + first * shape.width, shape.width,
            logSums.base + first * shape.heads, g.pointer + first * shape.width, &queryGradient,
            segmentGradients, shares[share].lowerBound, shares[share].upperBound)
        }
      }
    }
    return gradients
  }

  private func place(of row: Int, in gradient: Tensor?) -> UnsafeMutablePointer<Float>? {
    gradient.map { $0.storage.base + ($0.rows == 1 ? 0 : row * $0.width) }
  }
}
