/// What a head is: tensors in a folder, and what they compute of a model's last hidden state.
public import BaseModels
public import Datasets
public import Files
public import Tensors

/// A prediction head of one kind.
///
/// It knows nothing of data, losses and answers: what asks a head is an ``AdapterTask``.
public protocol Head: Sendable {
  /// The `head_type` values of `head_config.json` that it reads.
  static var types: [String] { get }

  /// - Parameter configuration: the `config` dictionary of `head_config.json`.
  /// - Throws: ``FileFailure`` for values that make no sense.
  init(_ configuration: Field) throws

  /// The `config` dictionary, as the Python library writes it.
  var configuration: JSON.Object { get }

  /// What its outputs are called; empty where they have no names.
  var labels: LabelSet { get }

  /// How many linear layers it has.
  var layerCount: Int { get }

  /// Whether it reads the model's pooler, which not every checkpoint has.
  var readsPooler: Bool { get }

  /// Whether it reads the model's output embedding, which not every checkpoint has.
  var readsVocabulary: Bool { get }

  /// Whether a file's tensor is the model's own, which a reader passes over.
  static func isRepetition(_ key: String) -> Bool

  /// Its tensors, each by the end of its name in the file: what follows the name of the adapter.
  func parameters(_ model: Traits) -> [Parameter]

  /// Brings the head together with its tensors and a base model.
  func bound(_ tensors: ModuleTensors, on base: BaseModel) -> any BoundHead
}

/// A head with its tensors: packed, or tracked for a gradient.
public protocol BoundHead: Sendable {
  /// The tokens of a sequence whose hidden states it reads.
  func reading(_ sequence: Batch.Sequence) -> Reading

  /// - Parameters:
  ///   - hidden: `[rows read, width]`
  ///   - rows: whose the rows are.
  ///   - unembedding: what adapters do right before an output embedding.
  /// - Returns: `[rows read, outputs]`
  func callAsFunction(
    _ hidden: Tensor, _ rows: TokenRows, unembedding: (Tensor) -> Tensor
  ) -> Tensor
}

extension Head {
  public var readsVocabulary: Bool { false }
  public static func isRepetition(_ key: String) -> Bool { false }
}

/// The kinds of heads there are.
///
/// To add one is a file and a word here.
public enum AdapterHeads {
  public static let all: [any Head.Type] = [
    ClassificationHead.self, TaggingHead.self, QuestionAnsweringHead.self, VocabularyHead.self,
  ]

  /// Reads a head's configuration.
  ///
  /// - Throws: ``UnsupportedHead`` for a `head_type` that no head has, ``FileFailure`` for values that make
  ///   no sense.
  static func head(_ configuration: Field) throws -> any Head {
    let type = try configuration.required("head_type").string()
    guard let kind = all.first(where: { $0.types.contains(type) }) else {
      throw UnsupportedHead(
        failure: configuration.failure(
          "heads of type \(escaped(type, limit: 80)) are not supported yet",
          hint: "supported types: \(all.flatMap { $0.types }.joined(separator: ", "))"))
    }
    return try kind.init(configuration)
  }
}

extension LabelSet {
  /// The `label2id` of a head's configuration, in the order of its numbers; `LABEL_i` where there is
  /// none.
  ///
  /// - Throws: ``FileFailure`` when the numbers are not `0 ..< count`, each once.
  init(headConfiguration: Field, count: Int) throws {
    guard let field = headConfiguration["label2id"] else {
      self.init((0..<count).map { "LABEL_\($0)" })
      return
    }
    var names = [String?](repeating: nil, count: count)
    for (name, value) in try field.object() {
      let index = try value.integer(in: 0...count - 1)
      guard names[index] == nil else { throw value.failure("\(index) is the number of two labels") }
      names[index] = name
    }
    let known = names.compactMap(\.self)
    guard known.count == count else {
      throw field.failure("\(known.count) labels for num_labels \(count)")
    }
    self.init(known)
  }

  /// The dictionary `label2id`: each label's number.
  var configuration: JSON {
    .object(JSON.Object(names.enumerated().map { ($1, .integer($0)) }))
  }
}
