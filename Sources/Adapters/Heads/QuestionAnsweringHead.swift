/// The head that says of every token how well an answer begins there, and how well it ends.
public import BaseModels
public import Datasets
public import Files
internal import Tensors

public struct QuestionAnsweringHead: Head {
  public static let types = ["question_answering"]

  public let labels: LabelSet
  let layers: HeadLayers

  public init(_ configuration: Field) throws {
    layers = try HeadLayers(configuration)
    guard layers.outputs == 2 else {
      throw configuration.failure(
        "num_labels is \(layers.outputs), and a question's head has 2: beginning and end")
    }
    labels = try LabelSet(headConfiguration: configuration, count: layers.outputs)
  }

  public var configuration: JSON.Object {
    [
      "activation_function": layers.activationName,
      "dropout_prob": layers.dropout.map { .number(Double($0)) } ?? .null,
      "head_type": .string("question_answering"), "label2id": labels.configuration,
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
