/// The head that reads a text's first token: one label of several, any number of them, or a number.
public import BaseModels
public import Datasets
public import Files
internal import Tensors

public struct ClassificationHead: Head {
  public static let types = ["classification", "multilabel_classification"]

  public let labels: LabelSet
  /// Whether any number of labels may hold at once.
  public let isMultiple: Bool
  let layers: HeadLayers

  public init(_ configuration: Field) throws {
    layers = try HeadLayers(configuration)
    labels = try LabelSet(headConfiguration: configuration, count: layers.outputs)
    isMultiple =
      try configuration.required("head_type").string() == "multilabel_classification"
  }

  public var configuration: JSON.Object {
    [
      "activation_function": layers.activationName, "bias": .bool(layers.hasBias),
      "dropout_prob": layers.dropout.map { .number(Double($0)) } ?? .null,
      "head_type": .string(isMultiple ? "multilabel_classification" : "classification"),
      "label2id": labels.configuration, "layers": .integer(layers.count),
      "num_labels": .integer(layers.outputs), "use_pooler": .bool(layers.usesPooler),
    ]
  }

  public var layerCount: Int { layers.count }
  public var readsPooler: Bool { layers.usesPooler }

  public func parameters(_ model: Traits) -> [Parameter] { layers.parameters(model) }

  public func bound(_ tensors: ModuleTensors, on base: BaseModel) -> any BoundHead {
    layers.bound(tensors, on: base, reading: base.traits.classification)
  }
}
