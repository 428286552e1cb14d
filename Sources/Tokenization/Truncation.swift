/// Which text gives way when two are too long together.
public enum TruncationStrategy: String, Sendable, CaseIterable {
  case longestFirst = "longest_first"
  case onlyFirst = "only_first"
  case onlySecond = "only_second"
}

/// Why an encoding cannot be cut to a length.
public struct TruncationFailure: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String
}

extension Encoding {
  /// Cuts the end of the text, or of the two, so that no more than `length` tokens remain;
  /// special tokens of the template stay.
  ///
  /// - Throws: `TruncationFailure` where the sequence to cut has not enough tokens to give.
  public func truncated(
    to length: Int, strategy: TruncationStrategy = .longestFirst
  ) throws -> Encoding {
    let lengths = try truncatedLengths(to: length, strategy: strategy)
    guard lengths != sequenceLengths else { return self }
    return rebuilt { sequence, range in range.prefix(sequence == 0 ? lengths.0 : lengths.1) }
  }

  /// All of a long text, as overlapping encodings of at most `length` tokens.
  ///
  /// Each has the special tokens of the template. Of two texts one is cut and the other repeated.
  ///
  /// - Parameters:
  ///   - length: the most tokens in a window, special ones included
  ///   - stride: how many tokens of the cut text a window shares with the one before it
  ///   - strategy: which of two texts is cut, `onlyFirst` or `onlySecond`
  /// - Returns: the windows in order; the encoding itself where it is short enough
  /// - Throws: `TruncationFailure` where a window has no room, or the stride leaves none
  public func windows(
    length: Int, stride: Int, strategy: TruncationStrategy? = nil
  ) throws -> [Encoding] {
    guard count > length else { return [self] }
    let (first, second) = sequenceLengths
    if strategy ?? .longestFirst == .longestFirst, second > 0 {
      throw TruncationFailure(description: "windows over two texts need only_first or only_second")
    }
    let cutsSecond = strategy == .onlySecond
    let lengths = try truncatedLengths(to: length, strategy: cutsSecond ? .onlySecond : .onlyFirst)
    let (kept, cut) = cutsSecond ? lengths : (lengths.1, lengths.0)
    guard (0..<cut).contains(stride) else {
      throw TruncationFailure(
        description: "stride is \(stride), expected 0..<\(cut), the tokens of text in a window")
    }
    let total = cutsSecond ? second : first
    var windows: [Encoding] = []
    var start = 0
    while true {
      let end = min(start + cut, total)
      windows.append(
        rebuilt { sequence, range in
          (sequence == 1) == cutsSecond
            ? range.dropFirst(start).prefix(end - start) : range.prefix(kept)
        })
      if end == total { return windows }
      start += cut - stride
    }
  }

  private var sequenceLengths: (Int, Int) {
    segments.reduce(into: (0, 0)) { lengths, segment in
      if segment.sequence == 0 { lengths.0 += segment.count }
      if segment.sequence == 1 { lengths.1 += segment.count }
    }
  }

  /// How many tokens of each text stay; the Rust library's rules.
  private func truncatedLengths(
    to length: Int, strategy: TruncationStrategy
  ) throws -> (Int, Int) {
    let (first, second) = sequenceLengths
    let specialCount = count - first - second
    let room = length - specialCount
    guard room >= 0 else {
      throw TruncationFailure(
        description: "\(length) tokens are too few: \(specialCount) are special ones")
    }
    let excess = first + second - room
    guard excess > 0, room > 0 else { return excess > 0 ? (0, 0) : (first, second) }
    switch strategy {
    case .longestFirst:
      guard second > 0 else { return (room, 0) }
      // The longer gives way until both are equal; an odd token goes to the longer.
      let shorter = min(first, second)
      let longer = max(shorter, room - shorter)
      let kept =
        shorter + longer > room ? (room / 2, room / 2 + room % 2) : (shorter, longer)
      return first > second ? (kept.1, kept.0) : kept
    case .onlyFirst:
      guard first > excess else { throw tooShort(first, excess) }
      return (first - excess, second)
    case .onlySecond:
      guard second > excess else { throw tooShort(second, excess) }
      return (first, second - excess)
    }
  }

  private func tooShort(_ count: Int, _ excess: Int) -> TruncationFailure {
    TruncationFailure(
      description: "the sequence to truncate has \(count) tokens, and \(excess) should go")
  }

  /// The same template around a part of each sequence.
  private func rebuilt(_ part: (Int, Range<Int>) -> Range<Int>) -> Encoding {
    var result = Encoding()
    var start = 0
    for segment in segments {
      let range = start..<start + segment.count
      start = range.upperBound
      let kept = segment.sequence.map { part($0, range) } ?? range
      result.append(self, kept, typeID: segment.typeID, sequence: segment.sequence)
    }
    return result
  }
}
