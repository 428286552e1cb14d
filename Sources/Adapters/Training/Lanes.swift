/// How the batch of a training step is cut, and how its parts are added: the same on any number of
/// threads.

/// The lanes of a step: parts of its batch that may be computed side by side.
///
/// Their number is a setting of the training. Each goes through its pieces one after the other, so that
/// its memory is bounded; the sums of the lanes are added in a binary tree, whose branches may as well
/// be computed by other machines.
///
///     batch   0 1 2 3 4 5 6 7 8 9      sequences
///     lanes   0 1 2|3 4|5 6 7|8 9      about as many tokens each
///     sum       (0 + 1) + (2 + 3)
struct Lanes: Sendable, Equatable {
  /// Of each lane its pieces: runs of sequences.
  let pieces: [[Range<Int>]]

  /// - Parameters:
  ///   - lengths: the sequences' tokens.
  ///   - most: how many lanes there may be, a power of two; with little to do there are fewer.
  init(_ lengths: [Int], most: Int) {
    var count = 1
    let worthwhile = min(most, lengths.count, lengths.reduce(0, +) / Lanes.fewestTokens)
    while count * 2 <= worthwhile { count *= 2 }
    pieces = evenCuts(lengths, into: count).map { lane in
      Adapters.pieces(of: Array(lengths[lane]), threads: 1).map { piece in
        lane.lowerBound + piece.lowerBound..<lane.lowerBound + piece.upperBound
      }
    }
  }

  /// Fewer tokens are not worth a lane of their own: the weights would be read for too little.
  static let fewestTokens = 64
}

/// The sum of parts in a binary tree, ((0 + 1) + (2 + 3)) + …; nil of none.
func treeSum<Part>(_ parts: [Part], _ add: (Part, Part) throws -> Part) rethrows -> Part? {
  var parts = parts
  while parts.count > 1 {
    parts = try stride(from: 0, to: parts.count, by: 2).map { index in
      index + 1 < parts.count ? try add(parts[index], parts[index + 1]) : parts[index]
    }
  }
  return parts.first
}
