/// How well the entities of tagged sentences were found: the default mode of seqeval 1.2.2, which
/// is that of conlleval.
///
/// An entity counts as found when its type and both ends are right.
public struct EntityScore: Sendable, Equatable {
  public private(set) var byType: [String: Counts] = [:]
  private var right = 0
  private var tokens = 0

  /// Entities counted, and what follows from the counts.
  public struct Counts: Sendable, Equatable {
    public var found = 0
    public var predicted = 0
    public var actual = 0

    public var precision: Double { ratio(found, predicted) }
    public var recall: Double { ratio(found, actual) }
    public var f1: Double { ratio(2 * found, predicted + actual) }
  }

  public init() {}

  public init(predictions: [[String]], labels: [[String]]) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) sentences")
    for (prediction, label) in zip(predictions, labels) { add(prediction, label: label) }
  }

  /// Counts a sentence: a tag for each of its tokens.
  public mutating func add(_ prediction: [String], label: [String]) {
    precondition(
      prediction.count == label.count, "\(prediction.count) predictions for \(label.count) tokens")
    let found = Set(EntitySpan.all(in: prediction))
    let wanted = Set(EntitySpan.all(in: label))
    for span in found { byType[span.type, default: Counts()].predicted += 1 }
    for span in wanted { byType[span.type, default: Counts()].actual += 1 }
    for span in found.intersection(wanted) { byType[span.type, default: Counts()].found += 1 }
    right += zip(prediction, label).count { $0 == $1 }
    tokens += label.count
  }

  public var overall: Counts {
    byType.values.reduce(into: Counts()) { sum, counts in
      sum.found += counts.found
      sum.predicted += counts.predicted
      sum.actual += counts.actual
    }
  }

  /// The share of tokens with the right tag.
  public var accuracy: Double { ratio(right, tokens) }
}

/// An entity in a tagged sentence.
public struct EntitySpan: Sendable, Hashable {
  public let type: String
  /// The tokens it spans.
  public let tokens: Range<Int>

  /// The entities that tags describe, forgiving of every scheme: IOB1, IOB2, IOBES and mistakes
  /// such as `I-` after nothing.
  public static func all(in tags: [String]) -> [EntitySpan] {
    var spans: [EntitySpan] = []
    var previous = Tag("O")
    var start = 0
    for (index, tag) in (tags.map(Tag.init) + [Tag("O")]).enumerated() {
      if previous.ends(before: tag) {
        spans.append(EntitySpan(type: previous.type, tokens: start..<index))
      }
      if tag.starts(after: previous) { start = index }
      previous = tag
    }
    return spans
  }
}

/// A tag cut into place and type as seqeval does: `B-PER` is `B` and `PER`, a missing type is `_`.
private struct Tag {
  let place: Unicode.Scalar
  let type: String

  init(_ text: String) {
    let scalars = text.unicodeScalars
    place = scalars.first ?? "O"
    let rest = scalars.dropFirst()
    let type = rest.firstIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
    self.type = type.isEmpty ? "_" : String(type)
  }

  /// seqeval treats a full stop as it treats `O`.
  private var isOutside: Bool { place == "O" || place == "." }

  func ends(before next: Tag) -> Bool {
    switch (place, next.place) {
    case ("E", _), ("S", _): true
    case ("B", "B"), ("B", "S"), ("B", "O"), ("I", "B"), ("I", "S"), ("I", "O"): true
    default: !isOutside && type != next.type
    }
  }

  func starts(after previous: Tag) -> Bool {
    switch (previous.place, place) {
    case (_, "B"), (_, "S"): true
    case ("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I"): true
    default: !isOutside && previous.type != type
    }
  }
}
