/// A base model: frozen, loaded once, shared by everyone.
public import Files
public import Tensors

/// A pre-trained transformer from a folder.
///
/// A value: nothing is ever patched into it, so any number of adapters and threads use it at once.
public struct BaseModel: Sendable {
  public let architecture: any Architecture
  /// What the adapters' files call it: the folder's name, or `_name_or_path` of its configuration.
  public let name: String
  /// Tells this model's weights from those of another of the same shape.
  public let fingerprint: String
  public let precision: Precision
  /// Where the adapters' keys begin: `bert`.
  public let prefix: String

  public var dimensions: Dimensions { architecture.dimensions }
  /// How many numbers the model consists of.
  public var parameterCount: Int { type(of: architecture).parameterCount(of: dimensions) }
  public var sites: [Site] { type(of: architecture).sites(of: dimensions) }

  /// Loads a Hugging Face model folder: `config.json` and its weights.
  ///
  /// - Throws: ``FileFailure`` naming the file, the place and the likely cure.
  public init(folder: String, precision: Precision = .f32) throws {
    let configuration = Field(
      try JSON(contentsOf: folder + "/config.json"), file: folder + "/config.json")
    let tensors = try Checkpoint(folder: folder).tensors
    let given = try configuration["_name_or_path"]?.string() ?? ""
    try self.init(
      configuration, .checkpoint(tensors, folder: folder), precision: precision,
      name: given.isEmpty ? folder.modelName : given)
    // The products have packed copies; embeddings are read again, row by row.
    for tensor in tensors.values { tensor.releasePages() }
  }

  /// A model of the configuration's shape with weights from a source.
  public init(
    _ configuration: Field, _ source: Weights.Source, precision: Precision = .f32, name: String
  ) throws {
    let type = try architectureType(of: configuration)
    architecture = try type.init(configuration, source, precision: precision)
    prefix = type.prefix
    fingerprint = try BaseModels.fingerprint(architecture.dimensions, source, prefix: type.prefix)
    self.name = name
    self.precision = precision
  }

  /// Checks sequences before they are packed.
  ///
  /// - Throws: ``InputFailure`` for no tokens, too many, or ids outside the vocabulary.
  public func check(_ sequence: Batch.Sequence) throws(InputFailure) {
    let d = dimensions
    guard !sequence.ids.isEmpty else { throw .empty }
    guard sequence.ids.count <= d.positions else {
      throw .tooLong(tokens: sequence.ids.count, limit: d.positions)
    }
    if let id = sequence.ids.first(where: { $0 < 0 || $0 >= Int32(clamping: d.vocabulary) }) {
      throw .unknownToken(id: id, vocabulary: d.vocabulary)
    }
    let types = sequence.typeIds
    guard types.isEmpty || types.count == sequence.ids.count else {
      throw .typeCount(types.count, tokens: sequence.ids.count)
    }
    if let type = types.first(where: { $0 < 0 || $0 >= Int32(clamping: d.tokenTypes) }) {
      throw .unknownType(type, types: d.tokenTypes)
    }
  }
}

/// Why a sequence cannot be given to a model.
public enum InputFailure: Error, Equatable, CustomStringConvertible, Sendable {
  case empty
  case tooLong(tokens: Int, limit: Int)
  case unknownToken(id: Int32, vocabulary: Int)
  case typeCount(Int, tokens: Int)
  case unknownType(Int32, types: Int)

  public var description: String {
    switch self {
    case .empty: "there are no tokens"
    case .tooLong(let tokens, let limit):
      "\(tokens) tokens are more than the model's \(limit) positions"
    case .unknownToken(let id, let vocabulary):
      "token id \(id) is outside the vocabulary of \(vocabulary); is this the model's own tokenizer?"
    case .typeCount(let count, let tokens): "\(count) token types for \(tokens) tokens"
    case .unknownType(let type, let types): "token type \(type) of \(types)"
    }
  }
}

/// The family that reads a configuration.
public func architectureType(of configuration: Field) throws -> any Architecture.Type {
  let type = try configuration.required("model_type").string()
  guard let found = architectures.first(where: { $0.modelTypes.contains(type) }) else {
    let known = architectures.flatMap { $0.modelTypes }.joined(separator: ", ")
    throw FileFailure(
      configuration.file, at: "$.model_type", "models of type \(type) are not supported",
      hint: "known types: \(known)")
  }
  return found
}

extension String {
  /// What follows the last slash, ignoring slashes at the end.
  public var lastPathComponent: String {
    split(separator: "/").last.map(String.init) ?? self
  }

  /// What a model in a folder is called: the folder's name, or in a cache of a hub the id there.
  ///
  /// `…/models--owner--name/snapshots/<commit>` is `owner/name`.
  var modelName: String {
    let parts = split(separator: "/")
    guard parts.count >= 3, parts[parts.count - 2] == "snapshots",
      parts[parts.count - 3].hasPrefix("models--")
    else { return lastPathComponent }
    return String(parts[parts.count - 3].dropFirst("models--".count)).replacing("--", with: "/")
  }
}
