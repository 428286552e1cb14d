/// The head that a checkpoint was saved with, by a class of the Transformers library.
public import BaseModels
internal import Files
internal import Tensors

extension BoundAdapter {
  /// The head of a checkpoint, as an adapter that acts nowhere: for setups whose adapters bring none.
  ///
  /// Nil for a checkpoint without such a head.
  ///
  /// The head of a language model is the model's own, and none of these.
  ///
  /// - Parameters:
  ///   - folder: the model's.
  ///   - base: the model of this folder.
  /// - Throws: ``FileFailure`` for a head that its configuration does not describe.
  public init?(headOf folder: String, _ base: BaseModel) throws {
    let path = folder + "/config.json"
    let root = Field(try JSON(contentsOf: path), file: path)
    guard let name = try root["architectures"]?.array().first?.string(),
      let saved = type(of: base.architecture).savedHeads[name],
      !VocabularyHead.types.contains(saved.type)
    else { return nil }
    // As the library counts labels where a configuration does not say how many there are.
    let labels = try (root["id2label"] ?? root["label2id"])?.object().count
    let count = try root["num_labels"]?.integer(in: 1...1_000_000) ?? labels ?? 2
    let description = root.replacing(
      .object([
        "model_class": .string(name), "num_labels": .integer(count),
        "label2id": root["label2id"]?.json ?? .null,
      ]))
    guard let class_ = try StaticHead(description) else { return nil }
    let head = try AdapterHeads.head(class_.configuration(description))
    // Of a name that no adapter can have.
    let file = "the head of \(folder)"
    let plan = try AdapterPlan("", [], on: base.shape, file)
    let expected = Dictionary(
      uniqueKeysWithValues: head.parameters(base.traits).map { ($0.key(of: ""), $0) })
    var tensors: [String: Tensor] = [:]
    for (key, stored) in try Checkpoint(folder: folder).tensors {
      guard let name = class_.name(of: key, in: ""), let parameter = expected[name] else {
        continue
      }
      guard stored.shape == parameter.shape else {
        throw FileFailure(
          folder, at: "tensor \(key)", "has shape \(stored.shape), expected \(parameter.shape)",
          hint: "config.json and the weights do not belong together")
      }
      tensors[name] = try Tensor(copying: stored)
    }
    guard tensors.count == expected.count else { return nil }
    self.init(Adapter(plan: plan, tensors: [:], head: head, headTensors: tensors), to: base)
  }
}
