/// Sequences of token ids, packed end to end.
public import Tensors

/// What a model reads at once: tokens of all sequences end to end, nothing between them.
///
///   ids:       [CLS] play jazz [SEP] [CLS] how cold is it [SEP]
///   typeIds:   0     0    0    0     0     0   0    0  0  0
///   positions: 0     1    2    3     0     1   2    3  4  5
///   layout:    0                     4                       10
public struct Batch: Sendable {
  public let ids, typeIds, positions: [Int32]
  public let layout: Layout

  /// One sequence of a batch.
  public struct Sequence: Sendable, Equatable {
    public var ids: [Int32]
    /// Which of two texts a token belongs to; empty means the first.
    public var typeIds: [Int32]

    public init(ids: [Int32], typeIds: [Int32] = []) {
      self.ids = ids
      self.typeIds = typeIds
    }
  }

  public init(_ sequences: some Collection<Sequence>) {
    let layout = Layout(lengths: sequences.map(\.ids.count))
    var ids: [Int32] = []
    var typeIds: [Int32] = []
    var positions: [Int32] = []
    ids.reserveCapacity(layout.rows)
    typeIds.reserveCapacity(layout.rows)
    positions.reserveCapacity(layout.rows)
    for sequence in sequences {
      ids += sequence.ids
      if sequence.typeIds.isEmpty {
        typeIds.append(contentsOf: repeatElement(0, count: sequence.ids.count))
      } else {
        typeIds.append(contentsOf: sequence.typeIds)
      }
      positions.append(contentsOf: 0..<Int32(sequence.ids.count))
    }
    (self.ids, self.typeIds, self.positions, self.layout) = (ids, typeIds, positions, layout)
  }
}
