/// What a text became: token ids, each with the place in the text that it came from.
///
/// Ids and places are stored flat; what is constant over a sequence is stored once per sequence.
public struct Encoding: Sendable, Equatable {
  /// Where a token came from: scalars of the text, and the word there.
  struct Place: Sendable, Equatable {
    var start: Int32
    var end: Int32
    /// −1 where there is none.
    var word: Int32
  }

  /// A run of tokens of one sequence, or special tokens of the template.
  struct Segment: Sendable, Equatable {
    var count: Int
    var typeID: Int32
    /// 0 for the text, 1 for its pair, `nil` for special tokens of the template.
    var sequence: Int?
  }

  public private(set) var ids: [Int32] = []
  var places: [Place] = []
  private(set) var segments: [Segment] = []

  public var count: Int { ids.count }

  /// 0 for the first text and 1 for the second, as the template says.
  public var typeIds: [Int32] { perToken(\.typeID) }

  /// Which text a token belongs to; `nil` for special tokens of the template.
  public var sequenceIds: [Int?] { perToken(\.sequence) }

  /// Whether the template put the token there.
  public var isSpecial: [Bool] { perToken(\.isSpecial) }

  /// Ranges of Unicode scalars in the text that the tokens came from, as Python counts.
  ///
  /// Where words were given, they count from the beginning of the word. Special tokens have `0..<0`.
  public var offsets: [Range<Int>] {
    places.map { Int($0.start)..<Int($0.end) }
  }

  /// Whether all tokens are special ones, so that nothing is left of the text.
  public var holdsNoText: Bool { places.allSatisfy { $0.word < 0 } }

  /// The word of its text that a token belongs to; `nil` for special tokens of the template.
  public var wordIds: [Int?] {
    places.map { $0.word < 0 ? nil : Int($0.word) }
  }

  private func perToken<Value>(_ value: (Segment) -> Value) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for segment in segments {
      values.append(contentsOf: repeatElement(value(segment), count: segment.count))
    }
    return values
  }

  // MARK: Building

  init() {}

  /// One sequence without a template.
  init(ids: [Int32], places: [Place], typeID: Int32, sequence: Int) {
    self.ids = ids
    self.places = places
    segments = ids.isEmpty ? [] : [Segment(count: ids.count, typeID: typeID, sequence: sequence)]
  }

  /// Appends a part of another encoding's sequence.
  mutating func append(
    _ other: Encoding, _ range: Range<Int>, typeID: Int32, sequence: Int?
  ) {
    guard !range.isEmpty else { return }
    if ids.isEmpty { reserve(other.count + 8) }
    ids.append(contentsOf: other.ids[range])
    places.append(contentsOf: other.places[range])
    extend(Segment(count: range.count, typeID: typeID, sequence: sequence))
  }

  mutating func appendSpecial(_ special: [Int32], typeID: Int32) {
    guard !special.isEmpty else { return }
    ids.append(contentsOf: special)
    for _ in special { places.append(Place(start: 0, end: 0, word: -1)) }
    extend(Segment(count: special.count, typeID: typeID, sequence: nil))
  }

  private mutating func reserve(_ count: Int) {
    ids.reserveCapacity(count)
    places.reserveCapacity(count)
  }

  private mutating func extend(_ segment: Segment) {
    if let last = segments.last, last.typeID == segment.typeID, last.sequence == segment.sequence {
      segments[segments.count - 1].count += segment.count
    } else {
      segments.append(segment)
    }
  }
}

extension Encoding.Segment {
  var isSpecial: Bool { sequence == nil }
}
