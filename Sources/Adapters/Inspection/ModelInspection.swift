/// What a base model's folder holds, for people and programs.
public import BaseModels
public import Files

/// A model's folder, whose weights are examined where they lie.
public struct ModelInspection: Sendable {
  public let path: String
  public let shape: BaseShape
  /// Of the checkpoint, its own heads included.
  public let parameterCount: Int
  public let byteCount: Int
  public let tensors: [StoredTensor]
  /// The tensors of the model that the checkpoint lacks, and those that the model does not read.
  public let missing, extra: [String]

  /// Reads a folder, whatever its checkpoint lacks.
  public init(folder: String) throws {
    let folder = withoutTrailingSlashes(folder)
    path = folder
    let checkpoint = try CheckpointInspection(folder: folder)
    shape = checkpoint.shape
    tensors = checkpoint.tensors
    missing = checkpoint.missing
    extra = checkpoint.extra
    parameterCount = tensors.reduce(0) { $0 + $1.count }
    byteCount = tensors.reduce(0) { $0 + $1.byteCount }
  }

  /// As `Documentation/inspect.schema.json` describes it.
  public func json(withTensors: Bool) -> JSON {
    let d = shape.traits
    var object: JSON.Object = [
      "kind": "model", "path": .string(path), "name": .string(shape.name),
      "type": .string(d.modelType), "hidden_size": .integer(d.width), "layers": .integer(d.layers),
      "heads": .integer(d.heads), "intermediate_size": .integer(d.intermediate),
      "vocabulary": .integer(d.vocabulary), "positions": .integer(d.positions),
      "parameters": .integer(parameterCount), "bytes": .integer(byteCount),
      "fingerprint": shape.fingerprint.map { .string($0.text) } ?? .null,
      "missing": .array(missing.map { .string($0) }), "extra": .array(extra.map { .string($0) }),
    ]
    if withTensors { object["tensors"] = .array(tensors.map { TensorSummary($0).json }) }
    return .object(object)
  }
}

/// A file of tensors, each in a line.
public struct TensorFileInspection: Sendable {
  public let path: String
  public let byteCount: Int
  public let metadata: [String: String]
  public let tensors: [TensorSummary]

  /// Reads a safetensors or torch file.
  public init(_ path: String) throws {
    let file = try TensorFile(path)
    self.path = path
    byteCount = try MappedFile(path).bytes.count
    metadata = file.metadata
    tensors = file.names.compactMap { file.tensors[$0] }.map { TensorSummary($0) }
  }

  public var parameterCount: Int { tensors.reduce(0) { $0 + $1.count } }

  /// As `Documentation/inspect.schema.json` describes it.
  public var json: JSON {
    [
      "kind": "tensors", "path": .string(path), "parameters": .integer(parameterCount),
      "bytes": .integer(byteCount),
      "metadata": .object(
        JSON.Object(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      "tensors": .array(tensors.map(\.json)),
    ]
  }
}
