/// The head that is the model's own output embedding: logits over the vocabulary.
public import BaseModels
public import Datasets
public import Files
internal import Tensors

/// A language model's head of one layer, which is tied to the model's embeddings.
///
/// What a file has of it is a copy of the model's, and is not read.
public struct VocabularyHead: Head {
  public static let types = ["causal_lm", "seq2seq_lm"]

  public let configuration: JSON.Object
  public let labels = LabelSet([])

  public init(_ configuration: Field) throws {
    let layers = try configuration["layers"]?.integer(in: 1...16) ?? 1
    guard layers == 1 else {
      throw configuration.failure(
        "a language model's head of \(layers) layers is not supported yet")
    }
    self.configuration = try configuration.objectValue()
  }

  public var layerCount: Int { 1 }
  public var readsPooler: Bool { false }
  public var readsVocabulary: Bool { true }

  public static func isRepetition(_ key: String) -> Bool { true }

  public func parameters(_ model: Traits) -> [Parameter] { [] }

  public func bound(_ tensors: ModuleTensors, on base: BaseModel) -> any BoundHead {
    Self.bound(to: base)
  }

  /// The model's own head, without an adapter's.
  static func bound(to base: BaseModel) -> any BoundHead {
    Bound(architecture: base.architecture)
  }

  private struct Bound: BoundHead {
    let architecture: any Architecture

    func reading(_ sequence: Batch.Sequence) -> Reading { .all }

    func callAsFunction(
      _ hidden: Tensor, _ rows: TokenRows, unembedding: (Tensor) -> Tensor
    ) -> Tensor {
      guard let logits = architecture.vocabularyLogits(hidden, unembedding: unembedding) else {
        preconditionFailure("a head reads the output embedding of a model without one")
      }
      return logits
    }
  }
}

extension Field {
  fileprivate func objectValue() throws -> JSON.Object {
    guard case .object(let object) = json else { throw failure("expected an object") }
    return object
  }
}
