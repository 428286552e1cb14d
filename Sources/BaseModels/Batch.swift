/// Sequences of token ids, packed end to end.
public import Tensors

/// What a model reads at once: tokens of all sequences end to end, nothing between them.
///
///   ids:     [CLS] play jazz [SEP] [CLS] how cold is it [SEP]
///   typeIds: 0     0    0    0     0     0   0    0  0  0
///   places:  0     1    2    3     0     1   2    3  4  5
///   layout:  0                     4                       10
public struct Batch: Sendable {
  /// The tokens that one stack of a model reads.
  public struct Tokens: Sendable {
    public let ids, typeIds, places: [Int32]
    public let layout: Layout
  }

  /// One sequence of a batch.
  public struct Sequence: Sendable, Equatable {
    public var ids: [Int32]
    /// Which of two texts a token belongs to; empty means the first.
    public var typeIds: [Int32]
    /// What the decoder of an encoder-decoder reads; empty for other models.
    public var decoderIds: [Int32]

    public init(ids: [Int32], typeIds: [Int32] = [], decoderIds: [Int32] = []) {
      self.ids = ids
      self.typeIds = typeIds
      self.decoderIds = decoderIds
    }

    /// The tokens whose hidden states a pass gives.
    public var answeredIds: [Int32] { decoderIds.isEmpty ? ids : decoderIds }
  }

  /// What the first stack reads, and what the second does where there are two.
  public let first, second: Tokens
  /// The number of each sequence in the step of a training, from which its random numbers follow.
  let numbers: [Int]

  /// - Parameters:
  ///   - sequences: what is read.
  ///   - firstNumber: the number of the first sequence, where these are a part of a larger batch.
  public init(_ sequences: some Collection<Sequence>, firstNumber: Int = 0) {
    first = Tokens(sequences.map { ($0.ids, $0.typeIds) })
    second = Tokens(sequences.map { ($0.decoderIds, []) })
    numbers = sequences.indices.enumerated().map { firstNumber + $0.offset }
  }

  public var sequences: Int { numbers.count }
}

extension Batch.Tokens {
  fileprivate init(_ sequences: [(ids: [Int32], typeIds: [Int32])]) {
    let layout = Layout(lengths: sequences.map(\.ids.count))
    var (ids, typeIds, places): ([Int32], [Int32], [Int32]) = ([], [], [])
    ids.reserveCapacity(layout.rows)
    typeIds.reserveCapacity(layout.rows)
    places.reserveCapacity(layout.rows)
    for sequence in sequences {
      ids += sequence.ids
      if sequence.typeIds.isEmpty {
        typeIds.append(contentsOf: repeatElement(0, count: sequence.ids.count))
      } else {
        typeIds.append(contentsOf: sequence.typeIds)
      }
      places.append(contentsOf: 0..<Int32(clamping: sequence.ids.count))
    }
    self.init(ids: ids, typeIds: typeIds, places: places, layout: layout)
  }
}

extension Batch {
  /// Sequences in another order, some of them several times.
  public func gathered(_ order: [Int]) -> Batch {
    Batch(
      first: first.gathered(order), second: second.gathered(order),
      numbers: order.map { numbers[$0] })
  }

  private init(first: Tokens, second: Tokens, numbers: [Int]) {
    (self.first, self.second, self.numbers) = (first, second, numbers)
  }
}

extension Batch.Tokens {
  fileprivate func gathered(_ order: [Int]) -> Batch.Tokens {
    Batch.Tokens(
      order.map { (ids: Array(ids[layout[$0]]), typeIds: Array(typeIds[layout[$0]])) })
  }
}
