/// Token classification: named entities, slots, parts of speech.
public import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

public struct TokenClassification: AdapterTask {
  public static let name = "token-classification"

  /// A tag for each token, the special ones too; nil where none counts.
  public typealias Target = [Int?]

  let labels: LabelSet
  public let head: any Head

  public init?(_ head: any Head) {
    guard let head = head as? TaggingHead else { return nil }
    self.init(head)
  }

  private init(_ head: TaggingHead) {
    self.head = head
    labels = head.labels
  }

  // MARK: Data

  public static func read(_ path: String, _ settings: TaskSettings) throws -> Dataset<TaggedTokens>
  {
    try .tokenClassification(path, skipBadRows: settings.skipBadRows)
  }

  public init(learning data: Dataset<TaggedTokens>, _ settings: TaskSettings) throws {
    let labels = LabelSet(of: data)
    guard labels.count > 1 else {
      throw FileFailure(
        data.path, "every token has the tag \(labels.names.first ?? ""): there is nothing to learn")
    }
    self.init(
      try TaggingHead(
        Field(
          .object([
            "activation_function": .string("tanh"), "dropout_prob": .null,
            "head_type": .string("tagging"), "label2id": labels.configuration,
            "layers": .integer(settings.layers ?? 1), "num_labels": .integer(labels.count),
          ]), file: "the head of \(data.path)")))
  }

  public func check(_ data: Dataset<TaggedTokens>) throws {
    try labels.check(data)
    if let row = data.rows.first(where: { $0.tags?.count != $0.tokens.count }) {
      throw FileFailure(
        data.path, at: "line \(row.line)",
        "\(row.tags?.count ?? 0) tags for \(row.tokens.count) tokens")
    }
  }

  /// The first token of a word carries its tag; the others, and special tokens, count for nothing.
  public func encoded(_ row: TaggedTokens, _ tokenizer: Tokenizer, limit: Int) throws
    -> [EncodedExample<Target>]
  {
    let (encoding, isCut) = try tokenizer.encode(words: row.tokens).cut(to: limit)
    let tags = (row.tags ?? []).map { labels.index(of: $0) }
    var previous: Int?
    let target = encoding.wordIds.map { word -> Int? in
      defer { previous = word }
      guard let word, word != previous, word < tags.count else { return nil }
      return tags[word]
    }
    return [
      EncodedExample(
        sequence: encoding.sequence, target: target, isCut: isCut, isEmpty: encoding.holdsNoText)
    ]
  }

  // MARK: Learning and measuring

  public func loss(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) -> Tensor {
    let places = rows.tokenPlaces
    return outputs.crossEntropy(
      targets.enumerated().flatMap { sequence, tags in
        rows.layout[sequence].map { tags[places[$0]] }
      })
  }

  public func terms(of target: Target) -> Int { target.count { $0 != nil } }

  public func identity(of target: Target) -> [Int] { target.map { $0 ?? -1 } }

  public var meter: Score { Score(labels: labels) }

  /// Counts entities.
  public struct Score: Meter {
    let labels: LabelSet
    private var score = EntityScore()

    init(labels: LabelSet) { self.labels = labels }

    public mutating func add(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) {
      let scores = outputs.rowsOfScalars
      let places = rows.tokenPlaces
      for (sequence, tags) in targets.enumerated() {
        let counted = rows.layout[sequence].compactMap { row in
          tags[places[row]].map { (scores[row].indexOfLargest, $0) }
        }
        score.add(
          counted.map { labels.names[$0.0] }, label: counted.map { labels.names[$0.1] })
      }
    }

    public var metrics: [(name: String, value: Double)] {
      let overall = score.overall
      return [
        ("f1", overall.f1), ("precision", overall.precision), ("recall", overall.recall),
        ("accuracy", score.accuracy),
      ]
    }
  }

  // MARK: Answering

  /// Entities in the order of the text, or tagged tokens.
  public struct Answer: TaskAnswer {
    public let entities: [Entity]
    public let aggregation: Aggregation

    public var json: JSON { .array(entities.map { $0.json(aggregation) }) }

    public var line: String {
      answerLine(entities.map { ("\($0.word) = \($0.label)", $0.score) })
    }
  }

  public func prepared(
    _ input: TextInput, _ encoding: Encoding, _ tokenizer: Tokenizer, limit: Int,
    options: PredictionOptions
  ) throws -> PreparedInput<Answer> {
    guard input.pair == nil else {
      throw FileFailure(
        input.place, "token classification reads one text, and this one has a pair")
    }
    // A quarter of a window is shared with its neighbour, so that no entity lacks context.
    let windows = try cutting {
      try encoding.windows(length: limit, stride: max(0, (limit - 2) / 4))
    }
    return PreparedInput(sequences: windows.map(\.sequence), isEmpty: encoding.holdsNoText) {
      outputs in
      Answer(
        entities: entities(of: input.text, windows, outputs, tokenizer, options.aggregation),
        aggregation: options.aggregation)
    }
  }

  private func entities(
    of text: String, _ windows: [Encoding], _ outputs: [Tensor], _ tokenizer: Tokenizer,
    _ aggregation: Aggregation
  ) -> [Entity] {
    // Where windows overlap, the token's scores are those of the window it is deepest in.
    var best: [TokenPlace: (depth: Int, token: ScoredToken)] = [:]
    var shift = 0
    let scalars = Array(text.unicodeScalars)
    for (encoding, outputs) in zip(windows, outputs) {
      let scores = outputs.softmax().rowsOfScalars
      let (offsets, special, ids) = (encoding.offsets, encoding.isSpecial, encoding.ids)
      var place = TokenPlace(start: -1, end: -1, occurrence: 0)
      for index in ids.indices where !special[index] {
        let token = tokenizer.token(of: ids[index]) ?? ""
        let range = offsets[index]
        let isUnknown = ids[index] == tokenizer.unknownID
        let scored = ScoredToken(
          text: isUnknown ? String(String.UnicodeScalarView(scalars[range])) : token,
          scores: scores[index], range: range, index: index + shift,
          isSubword: ScoredToken.isSubword(token, range: range, isUnknown: isUnknown))
        let depth = min(index, ids.count - 1 - index)
        place = place.next(range)
        if best[place].map({ $0.depth < depth }) ?? true { best[place] = (depth, scored) }
      }
      shift += ids.count
    }
    let tokens = best.sorted { $0.key < $1.key }.map(\.value.token)
    return aggregation.entities(of: tokens, labels: labels.names) { tokenizer.text(of: $0) }
  }
}

/// Where a token comes from.
///
/// One character may become several tokens, which share its range.
private struct TokenPlace: Hashable, Comparable {
  var start, end, occurrence: Int

  func next(_ range: Range<Int>) -> TokenPlace {
    let isSame = start == range.lowerBound && end == range.upperBound
    return TokenPlace(
      start: range.lowerBound, end: range.upperBound, occurrence: isSame ? occurrence + 1 : 0)
  }

  static func < (a: TokenPlace, b: TokenPlace) -> Bool {
    (a.start, a.end, a.occurrence) < (b.start, b.end, b.occurrence)
  }
}

extension TokenClassification.Entity {
  fileprivate func json(_ aggregation: Aggregation) -> JSON {
    let isSingle = aggregation == .none
    var object: JSON.Object = [
      isSingle ? "entity" : "entity_group": .string(label), "score": .number(Double(score)),
      "word": .string(word), "start": .integer(range.lowerBound), "end": .integer(range.upperBound),
    ]
    if let index { object["index"] = .integer(index) }
    return .object(object)
  }
}
