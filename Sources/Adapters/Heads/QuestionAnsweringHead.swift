/// The head that says of every token how well an answer begins there, and how well it ends.
internal import BaseModels
public import Datasets
public import Files

public struct QuestionAnsweringHead: TokenHead {
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
}
