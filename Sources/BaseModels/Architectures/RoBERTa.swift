/// RoBERTa (Liu et al., 2019) and its kin XLM-R and CamemBERT: BERT's layers under other names, with
/// positions that begin behind that of the padding token.
public import Files
public import Tensors

public struct RoBERTa: Architecture {
  public static let modelTypes = ["roberta", "xlm-roberta", "camembert"]

  public static let savedHeads: [String: SavedHead] = {
    let classes: [(String, SavedHead)] = ["Roberta", "XLMRoberta", "Camembert"].flatMap { name in
      [
        (
          "\(name)ForSequenceClassification",
          SavedHead(
            "classification", layers: 2, activation: "tanh",
            names: [1: "classifier.dense", 4: "classifier.out_proj"])
        ), ("\(name)ForTokenClassification", SavedHead("tagging", names: [1: "classifier"])),
        (
          "\(name)ForQuestionAnswering",
          SavedHead("question_answering", names: [1: "qa_outputs"])
        ),
      ]
    }
    return Dictionary(uniqueKeysWithValues: classes)
  }()

  private let encoder: BERT
  private let padding: Int32

  public init(_ configuration: Field, _ weights: Weights) throws {
    let c = try BERT.Configuration(configuration)
    guard let padding = c.padding, padding + 1 < c.positions else {
      throw FileFailure(
        configuration.file, at: "$.pad_token_id",
        "positions begin behind the padding token, and \(c.padding.map { "\($0)" } ?? "none") leaves "
          + "no room among \(c.positions)", hint: "1 is usual, with max_position_embeddings 514")
    }
    self.padding = Int32(clamping: padding)
    let names = [
      "xlm-roberta": "XLMRobertaAdapterModel",
      // The Python library has no class with adapters of this one.
      "camembert": "CamembertModel",
    ]
    var traits = c.traits(
      names[c.modelType] ?? "RobertaAdapterModel", prefix: "roberta", unusedPositions: padding + 1)
    traits.relatives = ["roberta"]
    encoder = try BERT(c, weights.model("roberta"), traits)
  }

  public var traits: Traits { encoder.traits }

  public func embedded(
    _ tokens: Batch.Tokens, _ stack: Site.Stack, _ pass: inout EmbeddingPass
  ) -> Tensor {
    encoder.embedded(tokens, positions: positions(tokens), &pass)
  }

  /// The place among the tokens that are no padding, counted from behind padding's own position,
  /// which a token of padding has.
  private func positions(_ tokens: Batch.Tokens) -> [Int32] {
    var positions: [Int32] = []
    positions.reserveCapacity(tokens.ids.count)
    for sequence in 0..<tokens.layout.sequences {
      var next = padding + 1
      for row in tokens.layout[sequence] {
        let isPadding = tokens.ids[row] == padding
        positions.append(isPadding ? padding : next)
        if !isPadding { next += 1 }
      }
    }
    return positions
  }

  public func layer(_ index: Int, _ x: Tensor, _ pass: Pass) -> Tensor {
    encoder.layer(index, x, pass)
  }

  public var hasPooler: Bool { encoder.hasPooler }

  public func pooled(_ first: Tensor) -> Tensor? { encoder.pooled(first) }
}
