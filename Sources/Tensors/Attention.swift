/// Attention over packed sequences: each attends to itself alone, and no square matrix is in memory.
internal import CAdapterKernels

/// Where the sequences of packed rows begin and end.
public struct Layout: Sendable, Hashable {
  /// One more than there are sequences: sequence `i` is `offsets[i] ..< offsets[i + 1]`.
  public let offsets: [Int]

  public init(offsets: [Int]) { self.offsets = offsets }

  public init(lengths: [Int]) {
    var offsets = [0]
    offsets.reserveCapacity(lengths.count + 1)
    var end = 0
    for length in lengths {
      end += length
      offsets.append(end)
    }
    self.offsets = offsets
  }

  public var sequences: Int { offsets.count - 1 }
  public var rows: Int { offsets.last ?? 0 }
  public subscript(sequence: Int) -> Range<Int> { offsets[sequence]..<offsets[sequence + 1] }

  /// The rows of a run of sequences.
  public func rows(of sequences: Range<Int>) -> Range<Int> {
    offsets[sequences.lowerBound]..<offsets[sequences.upperBound]
  }
}

/// `softmax(q·kᵀ·scale)·v` per sequence and head (Vaswani et al., 2017), tile by tile as in
/// FlashAttention (Dao et al., 2022): memory grows with the tokens, not with their square.
///
/// - Parameters:
///   - query: `[queries.rows, heads · headWidth]`
///   - key: `[keys.rows, heads · headWidth]`
///   - value: the same.
///   - queries: the sequences of the query rows; as many as of the key rows.
///   - keys: the sequences of the key and value rows.
///   - heads: how many heads lie side by side in a row.
///   - scale: what the products `q·kᵀ` are multiplied by, mostly `1/√headWidth`.
/// - Returns: `[queries.rows, heads · headWidth]`
public func attention(
  query: Tensor, key: Tensor, value: Tensor, queries: Layout, keys: Layout, heads: Int,
  scale: Float
) -> Tensor {
  let width = query.width
  let headWidth = width / heads
  precondition(
    query.rows == queries.rows && key.rows == keys.rows && value.rows == keys.rows
      && queries.sequences == keys.sequences,
    "attention of \(query.shape) over \(key.shape) with \(queries.sequences) sequences")
  let operands = [query, key, value]
  let differentiated = operands.contains(where: \.isDifferentiated)
  let logSums = differentiated ? Storage(count: query.rows * heads) : nil
  let output = Storage(count: query.count)
  func attend(_ sequence: Int, _ part: Range<Int>) {
    let (q, k) = (queries[sequence], keys[sequence])
    ak_attention(
      query.pointer + q.lowerBound * width, width, key.pointer + k.lowerBound * width, width,
      value.pointer + k.lowerBound * width, width, output.base + q.lowerBound * width, width,
      q.count, k.count, headWidth, part.lowerBound, part.upperBound, scale, false,
      logSums.map { $0.base + q.lowerBound * heads })
  }
  let parts = pieces(of: heads, atLeast: 1)
  parallel(queries.sequences * parts.count) { i in
    attend(i / parts.count, parts[i % parts.count])
  }
  let result = Tensor(shape: query.shape, storage: output)
  guard differentiated, let logSums else { return result }
  return Tensor(
    shape: query.shape, storage: output,
    node: Node(inputs: operands) { [q = query.detached, k = key.detached, v = value.detached] g in
      let (dq, dk, dv) = (
        Storage(count: q.count), Storage(count: k.count), Storage(count: v.count)
      )
      for sequence in 0..<queries.sequences {
        let (a, b) = (queries[sequence], keys[sequence])
        let (from, to) = (a.lowerBound * width, b.lowerBound * width)
        ak_attention_backward(
          q.pointer + from, width, k.pointer + to, width, v.pointer + to, width,
          result.pointer + from, width, logSums.base + a.lowerBound * heads, g.pointer + from,
          dq.base + from, dk.base + to, dv.base + to, a.count, b.count, headWidth, 0, heads, scale,
          false)
      }
      return [
        Tensor(shape: q.shape, storage: dq), Tensor(shape: k.shape, storage: dk),
        Tensor(shape: v.shape, storage: dv),
      ]
    })
}
