/// The head that tags every token.
internal import BaseModels
public import Datasets
public import Files

public struct TaggingHead: TokenHead {
  public static let types = ["tagging"]

  public let labels: LabelSet
  let layers: HeadLayers

  public init(_ configuration: Field) throws {
    layers = try HeadLayers(configuration)
    labels = try LabelSet(headConfiguration: configuration, count: layers.outputs)
  }
}
