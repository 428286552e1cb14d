/// Token classification: named entities, slots, parts of speech.
internal import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

/// The head that tags every token.
public struct TokenClassification: Head {
  public static let task = "token-classification"
  public static let types = ["tagging"]

  public let labels: LabelSet
  public let layers: HeadLayers

  public init(_ configuration: Field) throws {
    layers = try HeadLayers(configuration)
    labels = try LabelSet(headConfiguration: configuration, count: layers.outputs)
  }

  public var configuration: JSON.Object {
    [
      "activation_function": layers.activationName,
      "dropout_prob": layers.dropout.map { .number(Double($0)) } ?? .null,
      "head_type": .string("tagging"), "label2id": labels.configuration,
      "layers": .integer(layers.count), "num_labels": .integer(layers.outputs),
    ]
  }

  public var readsEveryToken: Bool { true }
  public var mainMetric: String { "f1" }

  public static func forTraining(on path: String, _ settings: HeadSettings) throws -> (
    any Head, [Example]
  ) {
    let data = try Dataset.tokenClassification(path, skipBadRows: settings.skipBadRows)
    let labels = LabelSet(of: data)
    guard labels.count > 1 else {
      throw FileFailure(
        path, "every token has the tag \(labels.names.first ?? ""): there is nothing to learn")
    }
    let head = try TokenClassification(
      Field(
        .object([
          "activation_function": .string("tanh"), "dropout_prob": .null,
          "head_type": .string("tagging"), "label2id": labels.configuration,
          "layers": .integer(settings.layers ?? 1), "num_labels": .integer(labels.count),
        ]), file: "the head of \(path)"))
    return (head, head.examples(data))
  }

  public func examples(in path: String, _ settings: HeadSettings) throws -> [Example] {
    let data = try Dataset.tokenClassification(path, skipBadRows: settings.skipBadRows)
    try labels.check(data)
    return examples(data)
  }

  private func examples(_ data: Dataset<TaggedTokens>) -> [Example] {
    data.rows.map { row in
      Example(
        content: .words(row.tokens),
        target: .tags((row.tags ?? []).map { labels.index(of: $0) }), line: row.line)
    }
  }

  /// The first token of a word carries its tag; the others, and special tokens, count for nothing.
  public func encoded(_ example: Example, _ tokenizer: Tokenizer, limit: Int) throws
    -> EncodedExample
  {
    let (encoding, isCut) = try example.content.encoded(tokenizer, limit: limit)
    guard case .tags(let tags) = example.target else {
      return EncodedExample(
        sequence: encoding.sequence, target: example.target, isCut: isCut,
        isEmpty: encoding.holdsNoText)
    }
    var previous: Int?
    let spread = encoding.wordIds.map { word -> Int? in
      defer { previous = word }
      guard let word, word != previous, word < tags.count else { return nil }
      return tags[word]
    }
    return EncodedExample(
      sequence: encoding.sequence, target: .tags(spread), isCut: isCut,
      isEmpty: encoding.holdsNoText)
  }

  public func loss(_ logits: Tensor, _ targets: [Target]) -> Tensor {
    logits.crossEntropy(targets.flatMap(\.tags))
  }

  public func lossTerms(_ targets: [Target]) -> Int {
    targets.reduce(0) { $0 + $1.tags.count { $0 != nil } }
  }

  public func metrics(_ logits: [Tensor], _ targets: [Target]) -> [(name: String, value: Double)] {
    var predicted: [[String]] = []
    var actual: [[String]] = []
    for (logits, target) in zip(logits, targets) {
      let best = logits.rowsOfScalars.map(\.indexOfLargest)
      let counted = zip(best, target.tags).compactMap { best, tag in tag.map { (best, $0) } }
      predicted.append(counted.map { labels.names[$0.0] })
      actual.append(counted.map { labels.names[$0.1] })
    }
    let score = EntityScore(predictions: predicted, labels: actual)
    return [
      ("f1", score.overall.f1), ("precision", score.overall.precision),
      ("recall", score.overall.recall), ("accuracy", score.accuracy),
    ]
  }

  public func prepared(
    _ input: TextInput, _ tokenizer: Tokenizer, limit: Int, options: PredictionOptions
  ) throws -> PreparedInput {
    guard input.pair == nil else {
      throw FileFailure(
        "the text \(JSON.string(String(input.text.prefix(40))).text(.compact))",
        "token classification reads one text, and this one has a pair")
    }
    let whole = try tokenizer.encode(input.text)
    // A quarter of a window is shared with its neighbour, so that no entity lacks context.
    let windows = try cutting {
      try whole.windows(length: limit, stride: max(0, (limit - 2) / 4))
    }
    return PreparedInput(
      sequences: windows.map(\.sequence), encodings: windows, text: input.text)
  }

  public func answer(
    _ input: PreparedInput, _ logits: [Tensor], _ tokenizer: Tokenizer, options: PredictionOptions
  ) -> JSON {
    // Where windows overlap, the token's scores are those of the window it is deepest in.
    var best: [TokenPlace: (depth: Int, token: ScoredToken)] = [:]
    var shift = 0
    let scalars = Array(input.text.unicodeScalars)
    for (encoding, logits) in zip(input.encodings, logits) {
      let scores = logits.softmax().rowsOfScalars
      let (offsets, special, ids) = (encoding.offsets, encoding.isSpecial, encoding.ids)
      var place = TokenPlace(start: -1, end: -1, occurrence: 0)
      for index in ids.indices where !special[index] {
        let text = tokenizer.token(of: ids[index]) ?? ""
        let range = offsets[index]
        let isUnknown = ids[index] == tokenizer.unknownID
        let token = ScoredToken(
          text: isUnknown ? String(String.UnicodeScalarView(scalars[range])) : text,
          scores: scores[index], range: range, index: index + shift,
          isSubword: ScoredToken.isSubword(text, range: range, isUnknown: isUnknown))
        let depth = min(index, ids.count - 1 - index)
        place = place.next(range)
        if best[place].map({ $0.depth < depth }) ?? true { best[place] = (depth, token) }
      }
      shift += ids.count
    }
    let tokens = best.sorted { $0.key < $1.key }.map(\.value.token)
    let entities = options.aggregation.entities(of: tokens, labels: labels.names) { pieces in
      tokenizer.text(of: pieces)
    }
    return .array(entities.map { $0.json(options.aggregation) })
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

extension Entity {
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
