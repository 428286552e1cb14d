/// Text classification: one label of several, any number of them, or a number.
internal import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

/// The head that reads a text's first token.
public struct TextClassification: Head {
  public static let task = "text-classification"
  public static let types = ["classification", "multilabel_classification"]

  enum Kind: Sendable {
    case single, multiple, regression
  }

  let kind: Kind
  public let labels: LabelSet
  public let layers: HeadLayers

  public init(_ configuration: Field) throws {
    layers = try HeadLayers(configuration)
    labels = try LabelSet(headConfiguration: configuration, count: layers.outputs)
    let type = try configuration.required("head_type").string()
    kind =
      type == "multilabel_classification"
      ? .multiple : layers.outputs == 1 ? .regression : .single
  }

  public var configuration: JSON.Object {
    [
      "activation_function": layers.activationName, "bias": .bool(layers.hasBias),
      "dropout_prob": layers.dropout.map { .number(Double($0)) } ?? .null,
      "head_type": .string(
        kind == .multiple ? "multilabel_classification" : "classification"),
      "label2id": labels.configuration, "layers": .integer(layers.count),
      "num_labels": .integer(layers.outputs), "use_pooler": .bool(layers.usesPooler),
    ]
  }

  public var readsEveryToken: Bool { false }

  public var mainMetric: String {
    switch kind {
    case .single: "accuracy"
    case .multiple: "f1"
    case .regression: "pearson"
    }
  }

  public static func forTraining(on path: String, _ settings: HeadSettings) throws -> (
    any Head, [Example]
  ) {
    let data = try Dataset.textClassification(
      path, numbers: settings.isRegression, skipBadRows: settings.skipBadRows)
    let labels = settings.isRegression ? LabelSet(["LABEL_0"]) : LabelSet(of: data)
    let isMultiple = data.rows.contains { row in
      if case .names = row.label { return true }
      return false
    }
    guard settings.isRegression || isMultiple || labels.count > 1 else {
      throw FileFailure(
        path, "every row has the label \(labels.names.first ?? ""): there is nothing to learn",
        hint: "labels that are numbers are learned with --regression")
    }
    let head = try TextClassification(
      Field(
        .object([
          "activation_function": .string("tanh"), "bias": .bool(true), "dropout_prob": .null,
          "head_type": .string(isMultiple ? "multilabel_classification" : "classification"),
          "label2id": labels.configuration, "layers": .integer(settings.layers ?? 2),
          "num_labels": .integer(labels.count), "use_pooler": .bool(settings.usesPooler),
        ]), file: "the head of \(path)"))
    return (head, try head.examples(data))
  }

  public func examples(in path: String, _ settings: HeadSettings) throws -> [Example] {
    try examples(
      Dataset.textClassification(
        path, numbers: kind == .regression, skipBadRows: settings.skipBadRows))
  }

  private func examples(_ data: Dataset<LabelledText>) throws -> [Example] {
    if kind != .regression { try labels.check(data) }
    return try data.rows.map { row in
      let target: Target? =
        switch (kind, row.label) {
        case (.single, .name(let name)): labels.index(of: name).map { .category($0) }
        case (.multiple, .name(let name)): labels.index(of: name).map { .categories([$0]) }
        case (.multiple, .names(let names)):
          .categories(names.compactMap { labels.index(of: $0) })
        case (.regression, .number(let value)): .number(Float(value))
        default: nil
        }
      guard let target else {
        throw FileFailure(
          data.path, at: "line \(row.line)", "the row's label is of another kind than the head's",
          hint: kind == .single ? "one label per row" : nil)
      }
      return Example(
        content: .text(row.text, pair: row.pair), target: target, line: row.line)
    }
  }

  public func encoded(_ example: Example, _ tokenizer: Tokenizer, limit: Int) throws
    -> EncodedExample
  {
    let (encoding, isCut) = try example.content.encoded(tokenizer, limit: limit)
    return EncodedExample(
      sequence: encoding.sequence, target: example.target, isCut: isCut,
      isEmpty: encoding.holdsNoText)
  }

  public func loss(_ logits: Tensor, _ targets: [Target]) -> Tensor {
    switch kind {
    case .single: logits.crossEntropy(targets.map(\.category))
    case .multiple: logits.binaryCrossEntropy(targets.flatMap { $0.indicator(labels.count) })
    case .regression: logits.squaredError(targets.map(\.value))
    }
  }

  public func lossTerms(_ targets: [Target]) -> Int {
    kind == .multiple ? targets.count * labels.count : targets.count
  }

  public func metrics(_ logits: [Tensor], _ targets: [Target]) -> [(name: String, value: Double)] {
    switch kind {
    case .single:
      let score = ClassificationScore(
        predictions: logits.map { $0.scalars.indexOfLargest },
        labels: targets.map { $0.category ?? 0 })
      return [
        ("accuracy", score.accuracy), ("macro_f1", score.macroF1), ("matthews", score.matthews),
      ]
    case .multiple:
      let score = MultiLabelScore(
        predictions: logits.map { row in
          Set(row.scalars.enumerated().filter { $0.element > 0 }.map(\.offset))
        }, labels: targets.map { Set($0.categories) })
      return [("f1", score.microF1), ("subset_accuracy", score.subsetAccuracy)]
    case .regression:
      let score = RegressionScore(
        predictions: logits.map { Double($0.scalars.first ?? 0) },
        labels: targets.map { Double($0.value) })
      return [
        ("pearson", score.pearson ?? 0), ("spearman", score.spearman ?? 0),
        ("mean_squared_error", score.meanSquaredError),
      ]
    }
  }

  public func prepared(
    _ input: TextInput, _ tokenizer: Tokenizer, limit: Int, options: PredictionOptions
  ) throws -> PreparedInput {
    let encoding = try input.encoded(tokenizer, limit: limit, truncates: options.truncates)
    return PreparedInput(
      sequences: [encoding.sequence], encodings: [encoding], text: input.text)
  }

  public func answer(
    _ input: PreparedInput, _ logits: [Tensor], _ tokenizer: Tokenizer, options: PredictionOptions
  ) -> JSON {
    guard let logits = logits.first else { return .array([]) }
    let scores =
      switch kind {
      case .single: logits.softmax().scalars
      case .multiple: logits.activated(.sigmoid).scalars
      case .regression: logits.scalars
      }
    // The name breaks ties, so that the order says nothing that the scores do not.
    let ranked = zip(labels.names, scores).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    return .array(
      ranked.prefix(options.top ?? ranked.count).map { label, score in
        .object(["label": .string(label), "score": .number(Double(score))])
      })
  }
}
