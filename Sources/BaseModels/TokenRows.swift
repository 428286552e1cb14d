/// Which tokens the rows of a tensor are.
public import Tensors

/// The rows at hand: where each sequence's lie, and each row's place in its sequence.
///
/// In the last layer these may be only the rows that are read, and an adapter may have put rows of
/// its own among a sequence's tokens.
public struct TokenRows: Sendable {
  /// Where the sequences lie in the rows.
  public let layout: Layout
  /// Each row's place in its sequence, ascending within it.
  public let places: [Int32]
  /// How many rows each sequence has in all, whether they are at hand or not.
  public let lengths: [Int]
  /// The places of each sequence that no token has: an adapter put its own rows there.
  public let inserted: [Range<Int>]
  /// Each sequence's number in the step of a training.
  public let sequenceNumbers: [Int]

  init(
    layout: Layout, places: [Int32], lengths: [Int], inserted: [Range<Int>], sequenceNumbers: [Int]
  ) {
    self.layout = layout
    self.places = places
    self.lengths = lengths
    self.inserted = inserted
    self.sequenceNumbers = sequenceNumbers
  }

  /// All rows of sequences.
  ///
  /// - Parameters:
  ///   - layout: where they lie.
  ///   - numbers: each sequence's in the step of a training; nil counts from 0.
  public init(_ layout: Layout, numbers: [Int]? = nil) {
    let lengths = (0..<layout.sequences).map { layout[$0].count }
    self.init(
      layout: layout, places: lengths.flatMap { 0..<Int32(clamping: $0) }, lengths: lengths,
      inserted: lengths.map { _ in 0..<0 },
      sequenceNumbers: numbers ?? Array(0..<layout.sequences))
  }

  public var count: Int { layout.rows }

  /// Whether all rows of all sequences are at hand.
  public var isWhole: Bool { count == lengths.reduce(0, +) }

  /// The number of each row among all random numbers of a step: of its sequence and its place, so
  /// that it does not depend on how the batch was cut.
  var rowNumbers: [UInt64] {
    var all: [UInt64] = []
    all.reserveCapacity(count)
    for (sequence, number) in sequenceNumbers.enumerated() {
      for row in layout[sequence] {
        all.append(TokenRows.number(ofRow: Int(places[row]), in: number))
      }
    }
    return all
  }

  /// The number of a row by its place and the number of its sequence.
  public static func number(ofRow place: Int, in sequence: Int) -> UInt64 {
    UInt64(sequence) << 20 | UInt64(place)
  }

  /// The rows of a run of sequences.
  public func sequences(_ range: Range<Int>) -> TokenRows {
    guard range != 0..<layout.sequences else { return self }
    let rows = layout.rows(of: range)
    let offsets = layout.offsets[range.lowerBound...range.upperBound].map { $0 - rows.lowerBound }
    return TokenRows(
      layout: Layout(offsets: offsets), places: Array(places[rows]),
      lengths: Array(lengths[range]), inserted: Array(inserted[range]),
      sequenceNumbers: Array(sequenceNumbers[range]))
  }

  /// Some of the rows.
  ///
  /// - Parameter chosen: the indices of the rows of each sequence, ascending.
  /// - Returns: these rows alone.
  public func rows(_ chosen: [[Int]]) -> TokenRows {
    TokenRows(
      layout: Layout(lengths: chosen.map(\.count)),
      places: chosen.flatMap { $0.map { places[$0] } }, lengths: lengths, inserted: inserted,
      sequenceNumbers: sequenceNumbers)
  }

  /// Sequences in another order, some of them several times.
  func gathered(_ order: [Int]) -> TokenRows {
    TokenRows(
      layout: Layout(lengths: order.map { layout[$0].count }),
      places: order.flatMap { places[layout[$0]] }, lengths: order.map { lengths[$0] },
      inserted: order.map { inserted[$0] }, sequenceNumbers: order.map { sequenceNumbers[$0] })
  }

  /// The rows of several runs of sequences, end to end.
  public static func joined(_ parts: [TokenRows]) -> TokenRows {
    TokenRows(
      layout: Layout(
        lengths: parts.flatMap { part in
          (0..<part.layout.sequences).map { part.layout[$0].count }
        }),
      places: parts.flatMap(\.places), lengths: parts.flatMap(\.lengths),
      inserted: parts.flatMap(\.inserted), sequenceNumbers: parts.flatMap(\.sequenceNumbers))
  }

  /// The rows after rows of an adapter were put among them.
  ///
  /// - Parameters:
  ///   - counts: how many, for each sequence.
  ///   - places: before which of its tokens.
  /// - Returns: all rows, those of the adapter among the tokens.
  public func inserting(_ counts: [Int], at places: [Int]) -> TokenRows {
    let lengths = zip(lengths, counts).map { $0 + $1 }
    return TokenRows(
      layout: Layout(lengths: lengths), places: lengths.flatMap { 0..<Int32(clamping: $0) },
      lengths: lengths,
      inserted: zip(places, counts).map { place, count in place..<place + count },
      sequenceNumbers: sequenceNumbers)
  }

  /// The place of each row among the tokens of its sequence; the rows at hand are tokens all.
  public var tokenPlaces: [Int] {
    (0..<layout.sequences).flatMap { sequence in
      layout[sequence].map { tokenPlace(of: $0, sequence) }
    }
  }

  /// The place of a row, which is a token, among the tokens of its sequence.
  func tokenPlace(of row: Int, _ sequence: Int) -> Int {
    let (place, own) = (Int(places[row]), inserted[sequence])
    return place < own.upperBound ? place : place - own.count
  }

  /// The indices of the rows that are tokens of a sequence, and none of an adapter's own.
  public func tokens(of sequence: Int) -> [Int] {
    layout[sequence].filter { !inserted[sequence].contains(Int(places[$0])) }
  }
}
