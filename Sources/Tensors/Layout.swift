/// Where the sequences of packed rows begin and end.

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
