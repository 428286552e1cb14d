/// Heads of the Transformers library's own classes, as they lie beside old adapters.
internal import Files

/// How a class's head becomes one of ours.
struct StaticHead: Sendable {
  let type: String
  let layers: Int
  let usesPooler: Bool
  /// The position of a linear layer by what the class calls it.
  let positions: [String: Int]

  /// The classes whose heads are understood.
  static let classes: [String: StaticHead] = [
    "BertForSequenceClassification": StaticHead(
      type: "classification", layers: 1, usesPooler: true, positions: ["classifier": 1]),
    "BertForQuestionAnswering": StaticHead(
      type: "question_answering", layers: 1, usesPooler: false, positions: ["qa_outputs": 1]),
    "BertForTokenClassification": StaticHead(
      type: "tagging", layers: 1, usesPooler: false, positions: ["classifier": 1]),
  ]

  private init(type: String, layers: Int, usesPooler: Bool, positions: [String: Int]) {
    self.type = type
    self.layers = layers
    self.usesPooler = usesPooler
    self.positions = positions
  }

  /// Finds the class that a head was saved from; nil for a head with a configuration of its own.
  ///
  /// - Parameter root: the root of `head_config.json`.
  /// - Throws: ``FileFailure`` when the class is not named, or its heads are not understood.
  init?(_ root: Field) throws {
    guard root["config"] == nil else { return nil }
    let name = try root.required("model_class").string()
    guard let known = Self.classes[name] else {
      throw root.failure(
        "heads of \(name) are not supported",
        hint: "known: \(Self.classes.keys.sorted().joined(separator: ", "))")
    }
    self = known
  }

  /// The configuration that one of our heads reads.
  func configuration(_ root: Field) throws -> Field {
    root.replacing(
      .object([
        "head_type": .string(type), "layers": .integer(layers),
        "num_labels": .integer(try root.required("num_labels").integer(in: 1...1_000_000)),
        "label2id": root["label2id"]?.json ?? .null, "use_pooler": .bool(usesPooler),
      ]))
  }

  /// What a tensor of the class is called among a head's.
  func name(of key: String, in head: String) -> String? {
    for (source, position) in positions where key.hasPrefix(source + ".") {
      return "heads.\(head).\(position).\(key.dropFirst(source.count + 1))"
    }
    return nil
  }
}
