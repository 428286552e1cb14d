/// Heads of the Transformers library's own classes, as they lie beside old adapters.
internal import BaseModels
internal import Files

/// A head that a class of the Transformers library saved, and how it becomes one of ours.
struct StaticHead: Sendable {
  private let saved: SavedHead

  /// Finds the class that a head was saved from; nil for a head with a configuration of its own.
  ///
  /// - Parameter root: the root of `head_config.json`.
  /// - Throws: ``FileFailure`` when the class is not named, ``UnsupportedHead`` when its heads are not
  ///   understood.
  init?(_ root: Field) throws {
    guard root["config"] == nil else { return nil }
    let name = try root.required("model_class").string()
    let classes = ModelFamilies.all.map { $0.savedHeads }
    guard let saved = classes.lazy.compactMap({ $0[name] }).first else {
      throw UnsupportedHead(
        failure: root.failure(
          "heads of \(escaped(name, limit: 80)) are not supported yet",
          hint: "supported: \(classes.flatMap(\.keys).sorted().joined(separator: ", "))"))
    }
    self.saved = saved
  }

  /// The configuration that one of our heads reads.
  func configuration(_ root: Field) throws -> Field {
    root.replacing(
      .object([
        "head_type": .string(saved.type), "layers": .integer(saved.layers),
        "activation_function": saved.activation.map { .string($0) } ?? .null,
        "bias": .bool(saved.hasBias),
        "num_labels": .integer(try root.required("num_labels").integer(in: 1...1_000_000)),
        "label2id": root["label2id"]?.json ?? .null, "use_pooler": .bool(saved.usesPooler),
      ]))
  }

  /// What a tensor of the class is called among a head's.
  func name(of key: String, in head: String) -> String? {
    for (position, source) in saved.names where key.hasPrefix(source + ".") {
      return "heads.\(head).\(position).\(key.dropFirst(source.utf8.count + 1))"
    }
    return nil
  }
}
