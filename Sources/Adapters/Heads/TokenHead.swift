/// What heads that read every token have in common.
internal import BaseModels
internal import Files
internal import Tensors

/// A head whose layers read every token.
protocol TokenHead: Head {
  var layers: HeadLayers { get }
}

extension TokenHead {
  public var configuration: JSON.Object {
    [
      "activation_function": layers.activationName,
      "dropout_prob": layers.dropout.map { .number(Double($0)) } ?? .null,
      "head_type": .string(Self.types[0]), "label2id": labels.configuration,
      "layers": .integer(layers.count), "num_labels": .integer(layers.outputs),
    ]
  }

  public var layerCount: Int { layers.count }
  public var readsPooler: Bool { layers.usesPooler }

  public func parameters(_ model: Traits) -> [Parameter] { layers.parameters(model) }

  public func bound(_ tensors: ModuleTensors, on base: BaseModel) -> any BoundHead {
    layers.bound(tensors, on: base, reading: nil)
  }
}
