/// How the tags of tokens become entities: the aggregation strategies of the token classification
/// pipeline of `transformers` 4.57.
///
///     tokens   New     York   is     sun    ##ny
///     tags     B-LOC   I-LOC  O      O      B-LOC
///     none     New/B-LOC, York/I-LOC, ##ny/B-LOC
///     simple   New York/LOC, ##ny/LOC
///     first    New York/LOC                      a word has its first token's tag
public enum Aggregation: String, Sendable, CaseIterable {
  /// Each token by itself.
  case none
  /// Neighbours of one type together.
  case simple
  /// Words by their first token, then neighbours together.
  case first
  /// Words by the mean of their tokens' scores, then neighbours together.
  case average
  /// Words by their most certain token, then neighbours together.
  case max
}

/// A token with what a model says about it.
public struct ScoredToken: Sendable, Equatable {
  /// The token as the vocabulary has it: `##ny`.
  public var text: String
  /// A probability for each label.
  public var scores: [Float]
  /// The part of the text it is from, in characters as offsets count them.
  public var range: Range<Int>
  /// Its position among all tokens, special ones too.
  public var index: Int
  /// It goes on with the word of the token before it.
  public var isSubword: Bool

  public init(text: String, scores: [Float], range: Range<Int>, index: Int, isSubword: Bool) {
    self.text = text
    self.scores = scores
    self.range = range
    self.index = index
    self.isSubword = isSubword
  }

  /// Whether a WordPiece token goes on with a word, as the pipeline guesses it.
  ///
  /// Its text is longer or shorter than what it stands for. So a letter with a combining accent
  /// that the tokenizer strips counts as a part of a word, too. The unknown token is always a word
  /// of its own; its text is that of the range.
  public static func isSubword(_ text: String, range: Range<Int>, isUnknown: Bool) -> Bool {
    !isUnknown && text.unicodeScalars.count != range.count
  }
}

extension TokenClassification {
  /// A part of a text with its type.
  public struct Entity: Sendable, Equatable {
    /// A tag (`B-LOC`) without aggregation, else a type (`LOC`).
    public var label: String
    public var score: Float
    public var word: String
    /// Offsets into the text.
    public var range: Range<Int>
    /// The token's position, without aggregation alone.
    public var index: Int?

    public init(label: String, score: Float, word: String, range: Range<Int>, index: Int? = nil) {
      self.label = label
      self.score = score
      self.word = word
      self.range = range
      self.index = index
    }
  }
}

extension Aggregation {
  /// The entities of a text, from its tokens without the special ones.
  ///
  /// `labels` names each score, `ignored` are labels and types to leave out, and `join` makes the
  /// text of a run of tokens as the tokenizer's decoder does.
  public func entities(
    of tokens: [ScoredToken], labels: [String], ignoring ignored: Set<String> = ["O"],
    join: ([String]) -> String
  ) -> [TokenClassification.Entity] {
    for token in tokens {
      precondition(
        !labels.isEmpty && token.scores.count == labels.count,
        "token \(token.index) has \(token.scores.count) scores for \(labels.count) labels")
    }
    let tagged: [TokenClassification.Entity] =
      switch self {
      case .none, .simple:
        tokens.map { token in
          let best = token.scores.best
          return TokenClassification.Entity(
            label: labels[best], score: token.scores[best], word: token.text, range: token.range,
            index: token.index)
        }
      case .first, .average, .max:
        words(tokens).map { word in
          let scores = scores(of: word)
          let best = scores.best
          return TokenClassification.Entity(
            label: labels[best], score: scores[best], word: join(word.map(\.text)),
            range: span(word.map(\.range)))
        }
      }
    let entities = self == .none ? tagged : Self.grouped(tagged, join)
    return entities.filter { !ignored.contains($0.label) }
  }

  private func words(_ tokens: [ScoredToken]) -> [[ScoredToken]] {
    var words: [[ScoredToken]] = []
    for token in tokens {
      if token.isSubword, !words.isEmpty {
        words[words.count - 1].append(token)
      } else {
        words.append([token])
      }
    }
    return words
  }

  /// The scores that decide about a word.
  private func scores(of word: [ScoredToken]) -> [Float] {
    switch self {
    case .average:
      word[0].scores.indices.map { label in
        word.reduce(0) { $0 + $1.scores[label] } / Float(word.count)
      }
    case .max:
      // The first of equals, as Python's `max`.
      word.dropFirst().reduce(word[0]) { best, token in
        token.scores[token.scores.best] > best.scores[best.scores.best] ? token : best
      }.scores
    case .none, .simple, .first: word[0].scores
    }
  }

  /// Neighbours of one type together; `B-` begins a new entity.
  private static func grouped(_ tagged: [TokenClassification.Entity], _ join: ([String]) -> String)
    -> [TokenClassification.Entity]
  {
    var groups: [[TokenClassification.Entity]] = []
    for entity in tagged {
      let (isBeginning, type) = cut(entity.label)
      if let last = groups.last?.last, !isBeginning, cut(last.label).type == type {
        groups[groups.count - 1].append(entity)
      } else {
        groups.append([entity])
      }
    }
    return groups.map { group in
      // What follows the first hyphen, whatever is before it.
      let label = group[0].label
      let hyphen = label.firstIndex(of: "-")
      return TokenClassification.Entity(
        label: hyphen.map { String(label[label.index(after: $0)...]) } ?? label,
        score: group.reduce(0) { $0 + $1.score } / Float(group.count),
        word: join(group.map(\.word)), range: span(group.map(\.range)))
    }
  }

  /// A tag without `B-` or `I-` goes on with its like.
  private static func cut(_ tag: String) -> (isBeginning: Bool, type: Substring) {
    if tag.hasPrefix("B-") { return (true, tag.dropFirst(2)) }
    if tag.hasPrefix("I-") { return (false, tag.dropFirst(2)) }
    return (false, tag[...])
  }
}

/// From where the first begins to where the last ends.
private func span(_ ranges: [Range<Int>]) -> Range<Int> {
  guard let first = ranges.first, let last = ranges.last else { return 0..<0 }
  return first.lowerBound..<Swift.max(first.lowerBound, last.upperBound)
}

extension [Float] {
  /// The index of the largest, the first of equals; 0 where all are NaN.
  fileprivate var best: Int {
    indices.dropFirst().reduce(0) { self[$1] > self[$0] ? $1 : $0 }
  }
}
