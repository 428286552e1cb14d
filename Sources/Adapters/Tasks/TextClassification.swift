/// Text classification: one label of several, any number of them, or a number.
public import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

public struct TextClassification: AdapterTask {
  public static let name = "text-classification"

  enum Kind: Sendable {
    case single, multiple, regression
  }

  /// What a text should be classified as.
  public enum Target: Sendable, Equatable {
    case label(Int)
    case labels(Set<Int>)
    case number(Float)
  }

  let kind: Kind
  let labels: LabelSet
  public let head: any Head

  public init?(_ head: any Head) {
    guard let head = head as? ClassificationHead else { return nil }
    self.init(head)
  }

  private init(_ head: ClassificationHead) {
    self.head = head
    labels = head.labels
    kind = head.isMultiple ? .multiple : head.labels.count == 1 ? .regression : .single
  }

  // MARK: Data

  public static func read(_ path: String, _ settings: TaskSettings) throws -> Dataset<LabelledText>
  {
    try .textClassification(
      path, numbers: settings.isRegression, skipBadRows: settings.skipBadRows)
  }

  public func read(_ path: String, skipBadRows: Int) throws -> Dataset<LabelledText> {
    try .textClassification(path, numbers: kind == .regression, skipBadRows: skipBadRows)
  }

  public init(learning data: Dataset<LabelledText>, _ settings: TaskSettings) throws {
    let labels = settings.isRegression ? LabelSet(["LABEL_0"]) : LabelSet(of: data)
    let isMultiple = data.rows.contains { row in
      if case .names = row.label { return true }
      return false
    }
    guard settings.isRegression || isMultiple || labels.count > 1 else {
      throw FileFailure(
        data.path, "every row has the label \(labels.names.first ?? ""): there is nothing to learn",
        hint: "labels that are numbers are learned with --regression")
    }
    self.init(
      try ClassificationHead(
        Field(
          .object([
            "activation_function": .string("tanh"), "bias": .bool(true), "dropout_prob": .null,
            "head_type": .string(isMultiple ? "multilabel_classification" : "classification"),
            "label2id": labels.configuration, "layers": .integer(settings.layers ?? 2),
            "num_labels": .integer(labels.count), "use_pooler": .bool(settings.usesPooler),
          ]), file: "the head of \(data.path)")))
  }

  public func check(_ data: Dataset<LabelledText>) throws {
    if kind != .regression { try labels.check(data) }
    if let row = data.rows.first(where: { target(of: $0) == nil }) {
      throw otherKind(row, data.path)
    }
  }

  private func otherKind(_ row: LabelledText, _ path: String) -> FileFailure {
    FileFailure(
      path, at: "line \(row.line)", "the row's label is of another kind than the head's",
      hint: kind == .single ? "one label per row" : nil)
  }

  /// Nil where a row's label is of another kind than the head's.
  private func target(of row: LabelledText) -> Target? {
    switch (kind, row.label) {
    case (.single, .name(let name)): labels.index(of: name).map { .label($0) }
    case (.multiple, .name(let name)): labels.index(of: name).map { .labels([$0]) }
    case (.multiple, .names(let names)): .labels(Set(names.compactMap { labels.index(of: $0) }))
    case (.regression, .number(let value)): .number(Float(value))
    default: nil
    }
  }

  public func encoded(_ row: LabelledText, _ tokenizer: Tokenizer, limit: Int) throws
    -> [EncodedExample<Target>]
  {
    guard let target = target(of: row) else { throw otherKind(row, "the data") }
    let (encoding, isCut) = try tokenizer.encode(row.text, pair: row.pair).cut(to: limit)
    return [
      EncodedExample(
        sequence: encoding.sequence, target: target, isCut: isCut, isEmpty: encoding.holdsNoText)
    ]
  }

  // MARK: Learning and measuring

  public func loss(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) -> Tensor {
    switch kind {
    case .single: outputs.crossEntropy(targets.map(\.label))
    case .multiple:
      outputs.binaryCrossEntropy(
        targets.flatMap { target in
          labels.names.indices.map { target.labels.contains($0) ? 1 : 0 }
        })
    case .regression: outputs.squaredError(targets.map(\.number))
    }
  }

  public func terms(of target: Target) -> Int { kind == .multiple ? labels.count : 1 }

  public func identity(of target: Target) -> [Int] {
    switch target {
    case .label(let label): [label]
    case .labels(let labels): labels.sorted()
    case .number(let number): [Int(number.bitPattern)]
    }
  }

  public var meter: Score { Score(kind: kind) }

  /// Counts right and wrong labels; of numbers it keeps them, because ranks are of all.
  public struct Score: Meter {
    let kind: Kind
    private var single = ClassificationScore()
    private var multiple = MultiLabelScore()
    private var numbers: [(prediction: Double, label: Double)] = []

    init(kind: Kind) { self.kind = kind }

    public mutating func add(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) {
      for (scores, target) in zip(outputs.rowsOfScalars, targets) {
        switch kind {
        case .single: single.add(scores.indexOfLargest, label: target.label)
        case .multiple:
          multiple.add(Set(scores.indices.filter { scores[$0] > 0 }), label: target.labels)
        case .regression: numbers.append((Double(scores[0]), Double(target.number)))
        }
      }
    }

    public var metrics: [(name: String, value: Double)] {
      switch kind {
      case .single:
        return [
          ("accuracy", single.accuracy), ("macro_f1", single.macroF1),
          ("matthews", single.matthews),
        ]
      case .multiple:
        return [("f1", multiple.microF1), ("subset_accuracy", multiple.subsetAccuracy)]
      case .regression:
        let score = RegressionScore(
          predictions: numbers.map(\.prediction), labels: numbers.map(\.label))
        return [
          ("pearson", score.pearson ?? 0), ("spearman", score.spearman ?? 0),
          ("mean_squared_error", score.meanSquaredError),
        ]
      }
    }
  }

  // MARK: Answering

  /// Labels with their scores, the best first.
  public struct Answer: TaskAnswer {
    public struct ScoredLabel: Sendable, Equatable {
      public let label: String
      public let score: Float
    }

    public let labels: [ScoredLabel]

    public var json: JSON {
      .array(
        labels.map {
          .object(["label": .string($0.label), "score": .number(Double($0.score))])
        })
    }

    public var line: String { answerLine(labels.map { ($0.label, $0.score) }) }
  }

  public func prepared(
    _ input: TextInput, _ encoding: Encoding, _ tokenizer: Tokenizer, limit: Int,
    options: PredictionOptions
  ) throws -> PreparedInput<Answer> {
    let fitted = try input.fitted(encoding, limit: limit, truncates: options.truncates)
    return PreparedInput(sequences: [fitted.sequence], isEmpty: encoding.holdsNoText) { outputs in
      outputs.first.map { answer($0, options) } ?? Answer(labels: [])
    }
  }

  private func answer(_ outputs: Tensor, _ options: PredictionOptions) -> Answer {
    let scores =
      switch kind {
      case .single: outputs.softmax().scalars
      case .multiple: outputs.activated(.sigmoid).scalars
      case .regression: outputs.scalars
      }
    // The name breaks ties, so that the order says nothing that the scores do not.
    let ranked = zip(labels.names, scores).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    return Answer(
      labels: ranked.prefix(options.top ?? ranked.count).map { .init(label: $0, score: $1) })
  }
}

extension TextClassification.Target {
  // A task encodes its own rows, so another kind than its head's is our own mistake.

  fileprivate var label: Int {
    guard case .label(let label) = self else { preconditionFailure("\(self) is no label") }
    return label
  }

  fileprivate var labels: Set<Int> {
    guard case .labels(let labels) = self else { preconditionFailure("\(self) is no set") }
    return labels
  }

  fileprivate var number: Float {
    guard case .number(let number) = self else { preconditionFailure("\(self) is no number") }
    return number
  }
}
