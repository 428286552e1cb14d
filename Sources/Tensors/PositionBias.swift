/// What attention adds to scores by the distance from the query to the key.
internal import CAdapterKernels

/// A bias of each head by bucket, and a bucket of each distance.
///
/// The bias of query `i` and key `j` is `byQuery[i][h][b] + byKey[j][h][b]` with the bucket `b` of
/// the distance `j − i`. T5 and MPNet have one row for all queries; DeBERTa has a row per query
/// (`c2p`) and a row per key (`p2c`).
public struct PositionBias: Sendable {
  /// The buckets of the distances `least`, `least + 1`, …; beyond either end the end's.
  public let buckets: [Int16]
  public let least: Int
  /// How many buckets a head has.
  public let bucketCount: Int
  /// The biases that queries bring: `[1 or query rows, heads · bucketCount]`.
  public let byQuery: Tensor?
  /// The biases that keys bring: `[1 or key rows, heads · bucketCount]`.
  ///
  /// Of the keys of the one ``KeyValues`` that is biased.
  public let byKey: Tensor?
  /// Whether the scale of the products multiplies the bias as well.
  public let isScaled: Bool

  public init(
    buckets: [Int16], least: Int, bucketCount: Int, byQuery: Tensor? = nil, byKey: Tensor? = nil,
    isScaled: Bool = false
  ) {
    precondition(
      !buckets.isEmpty && buckets.allSatisfy { $0 >= 0 && $0 < bucketCount },
      "buckets outside 0 ..< \(bucketCount)")
    self.buckets = buckets
    self.least = least
    self.bucketCount = bucketCount
    self.byQuery = byQuery
    self.byKey = byKey
    self.isScaled = isScaled
  }
}
