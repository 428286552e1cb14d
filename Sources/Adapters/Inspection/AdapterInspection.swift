/// What an adapter's folder holds, for people and programs.
public import BaseModels
internal import Datasets
public import Files

/// An adapter's folder, read with or without its base model.
public struct AdapterInspection: Sendable {
  public let path: String
  public let configuration: AdapterConfiguration
  /// The string that makes the same methods.
  public let method: String
  /// The Python library's hash of the settings.
  public let hash: String
  public let tensors: [TensorSummary]
  /// How many numbers the adapter consists of, without its head.
  public let parameterCount: Int
  /// Of the files of tensors, the head's too.
  public let byteCount: Int
  public let head: (any Head)?
  /// The head that lies beside it, where it is of a kind that nothing here computes.
  public let unsupportedHead: UnsupportedHead?
  public let headTensors: [TensorSummary]
  public let base: BaseShape?

  /// Reads a folder.
  ///
  /// - Parameters:
  ///   - folder: as the Python library `adapters` or this one saves it
  ///   - base: where it is given, every tensor is checked against it
  /// - Throws: ``FileFailure`` naming what is wrong, where.
  public init(folder: String, base: BaseShape? = nil) throws {
    let folder = withoutTrailingSlashes(folder)
    path = folder
    configuration = try AdapterConfiguration(folder: folder)
    if let base { _ = try Adapter(folder: folder, for: base, ignoringBase: true) }
    let methods = configuration.methods
    method = describe(methods)
    hash = configurationHash(methodConfiguration(methods))
    let file = try TensorFile(adapterIn: folder)
    tensors = summaries(file)
    parameterCount = tensors.reduce(0) {
      $0 + (AdapterMethods.isRepetition($1.name) ? 0 : $1.count)
    }
    var byteCount = try MappedFile(file.path).bytes.count
    var read: (any Head)?
    do {
      read = try readHeadConfiguration(folder)?.0
      unsupportedHead = nil
    } catch let unsupported as UnsupportedHead {
      unsupportedHead = unsupported
    }
    if let head = read {
      self.head = head
      let headFile = try TensorFile(headIn: folder)
      headTensors = summaries(headFile)
      byteCount += try MappedFile(headFile.path).bytes.count
    } else {
      head = nil
      headTensors = []
    }
    self.byteCount = byteCount
    self.base = base
  }

  /// The adapter's size as a part of the base model's, where that is known.
  public var share: Double? {
    guard let count = base?.parameterCount, count > 0 else { return nil }
    return Double(parameterCount) / Double(count)
  }

  /// Whether it was trained on the given base; nil where either's fingerprint is unknown.
  public var matchesBase: Bool? {
    guard let here = base?.fingerprint, let trainedOn = configuration.fingerprint else {
      return nil
    }
    return here.matches(trainedOn)
  }

  /// The tensors that hold NaN or infinity, which no loader takes.
  public var broken: [TensorSummary] {
    (tensors + headTensors).filter { $0.values?.notFinite ?? 0 > 0 }
  }

  /// As `Documentation/inspect.schema.json` describes it.
  public func json(withTensors: Bool) -> JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    var object: JSON.Object = [
      "kind": "adapter", "path": .string(path), "name": .string(configuration.name),
      "method": .string(method),
      "settings": .array(
        configuration.methods.map { method in
          let (name, settings) = method.differences
          return ["name": .string(name), "differences": .object(settings)]
        }),
      "configuration_hash": .string(hash), "version": configuration.metadata["version"] ?? .null,
      "base": [
        "name": text(configuration.modelName), "type": text(configuration.modelType),
        "hidden_size": configuration.hiddenSize.map { .integer($0) } ?? .null,
        "fingerprint": text(configuration.fingerprint?.text),
      ],
      "matches_base": matchesBase.map { .bool($0) } ?? .null,
      "parameters": .integer(parameterCount), "bytes": .integer(byteCount),
      "share": share.map { .number($0) } ?? .null, "head": headJSON,
      "finite": .bool(broken.isEmpty),
    ]
    if withTensors { object["tensors"] = .array((tensors + headTensors).map(\.json)) }
    return .object(object)
  }

  private var headJSON: JSON {
    guard let head else { return .null }
    return [
      "task": AdapterTasks.name(of: head).map { .string($0) } ?? .null,
      "layers": .integer(head.layerCount),
      "labels": .array(head.labels.names.map { .string($0) }),
      "parameters": .integer(headTensors.reduce(0) { $0 + $1.count }),
    ]
  }
}

/// Each tensor of a file in a line.
private func summaries(_ file: TensorFile) -> [TensorSummary] {
  file.names.compactMap { file.tensors[$0] }.map { TensorSummary($0) }
}
