/// Reading an adapter's folder: the configuration, every tensor it must have and no other, the head.
public import BaseModels
public import Files
internal import Tensors

extension Adapter {
  /// Loads an adapter for a base model.
  ///
  /// - Parameters:
  ///   - folder: as the Python library `adapters` or this one saves it.
  ///   - base: the sizes, sites and fingerprint it must fit.
  ///   - newName: what to call it here; nil is the name in the file.
  ///   - ignoringBase: load it although its fingerprint is of another base model.
  /// - Throws: ``FileFailure`` naming what is missing, unexpected, misshapen or not finite.
  public init(
    folder: String, for base: BaseShape, name newName: String? = nil, ignoringBase: Bool = false
  ) throws {
    let file = try AdapterConfiguration(folder: folder)
    let path = folder + "/adapter_config.json"
    let d = base.traits
    if let type = file.modelType, type != d.modelType, !d.relatives.contains(type) {
      throw FileFailure(
        path, at: "$.model_type", "the adapter is for \(type), the base model is \(d.modelType)",
        hint: "use the base model it was trained on: \(file.modelName ?? "unknown")")
    }
    if let size = file.hiddenSize, size != d.width {
      throw FileFailure(
        path, at: "$.hidden_size",
        "the adapter is for a hidden size of \(size), the base model has \(d.width)",
        hint: "use the base model it was trained on: \(file.modelName ?? "unknown")")
    }
    if !ignoringBase, let trainedOn = file.fingerprint, let here = base.fingerprint,
      !trainedOn.matches(here)
    {
      throw FileFailure(
        path, at: "$.\(AdapterConfiguration.fingerprintKey)",
        "the adapter was trained on another base model (\(file.modelName ?? "unknown"), "
          + "\(trainedOn.short)) than \(base.name) (\(here.short))",
        hint: "use that base model, or --force to try it all the same")
    }
    let name = newName ?? file.name
    try checkAdapterName(name, in: "adapter \(name)")
    let plan = try AdapterPlan(name, file.methods, on: base, path)
    let stored = try TensorFile(adapterIn: folder)
    let tensors = try stored.tensors(
      plan.parameters,
      { key in
        AdapterMethods.isRepetition(key)
          ? nil : currentName(of: key, file.name, name, prefix: d.prefix)
      })
    let read = try readHead(folder, file.name, name, base)
    self.init(
      plan: plan, tensors: tensors, head: read.head, headTensors: read.tensors,
      metadata: file.metadata)
    unsupportedHead = read.unsupported
  }
}

/// What the containers of older files are called now.
private let currentContainers = [
  "attention_text_task_adapters": "adapters", "attention_text_lang_adapters": "adapters",
  "layer_text_task_adapters": "adapters", "layer_text_lang_adapters": "adapters",
  "invertible_lang_adapters": "invertible_adapters",
]

/// The one adapter's name that the keys of a folder's tensors have behind their containers.
///
/// - Returns: nil where there is no file of tensors, or no such key.
/// - Throws: ``FileFailure`` for keys of several adapters.
func adapterNameInTensors(of folder: String) throws -> String? {
  guard TensorFile.adapterNames.contains(where: { fileExists("\(folder)/\($0)") }) else {
    return nil
  }
  let file = try TensorFile(adapterIn: folder)
  let containers = AdapterMethods.containers
  let names = Set(
    file.names.compactMap { key -> String? in
      let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let container = parts.firstIndex { containers.contains(currentContainers[$0] ?? $0) }
      guard let name = container.map({ $0 + 1 }), name < parts.count else { return nil }
      return parts[name]
    })
  guard names.count < 2 else {
    throw FileFailure(
      file.path, "has tensors of several adapters: \(listed(names.sorted()))",
      hint: "say in adapter_config.json which: \"name\": \"…\"")
  }
  return names.first
}

/// What a key of an older file, of a model without prefix, or of another name is called here.
private func currentName(
  of key: String, _ oldName: String, _ newName: String, prefix: String
) -> String {
  var parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  for i in parts.indices {
    parts[i] = currentContainers[parts[i]] ?? parts[i]
    let isContainer = i > 0 && AdapterMethods.containers.contains(parts[i - 1])
    if isContainer, parts[i] == oldName { parts[i] = newName }
  }
  if parts.first != prefix { parts.insert(prefix, at: 0) }
  return parts.joined(separator: ".")
}

/// A head that lies beside an adapter and that nothing here computes; the adapter works without it.
public struct UnsupportedHead: Error, Sendable {
  /// What is said where the head is needed.
  public let failure: FileFailure
}

/// The configuration of the head that lies beside an adapter, if one does.
///
/// - Throws: ``UnsupportedHead`` for one of a kind that is not known.
func readHeadConfiguration(_ folder: String) throws -> (any Head, root: Field, StaticHead?)? {
  let path = folder + "/head_config.json"
  guard fileExists(path) else { return nil }
  let root = Field(try JSON(contentsOf: path), file: path)
  let static_ = try StaticHead(root)
  let configuration = try static_?.configuration(root) ?? root.required("config")
  return (try AdapterHeads.head(configuration), root, static_)
}

/// A head as it was read.
private struct ReadHead {
  var head: (any Head)?
  var tensors: [String: Tensor] = [:]
  var unsupported: UnsupportedHead?
}

/// The head that lies beside an adapter, if one does.
private func readHead(
  _ folder: String, _ oldName: String, _ newName: String, _ base: BaseShape
) throws -> ReadHead {
  let found: (any Head, root: Field, StaticHead?)?
  do {
    found = try readHeadConfiguration(folder)
  } catch let unsupported as UnsupportedHead {
    return ReadHead(unsupported: unsupported)
  }
  guard let (head, root, static_) = found else { return ReadHead() }
  let headName = try root["name"]?.string() ?? oldName
  let expected = Dictionary(
    uniqueKeysWithValues: head.parameters(base.traits).map { ($0.key(of: newName), $0) })
  let stored = try TensorFile(headIn: folder)
  let tensors = try stored.tensors(expected) { key in
    if type(of: head).isRepetition(key) { return nil }
    if let static_ { return static_.name(of: key, in: newName) }
    // The Python library also writes heads whose names begin with this one's.
    guard key.hasPrefix("heads.\(headName).") else { return nil }
    return "heads.\(newName).\(key.dropFirst("heads.\(headName).".count))"
  }
  return ReadHead(head: head, tensors: tensors)
}

extension TensorFile {
  /// The names that the adapter's tensors may have in a folder, the preferred first.
  static let adapterNames = ["adapter.safetensors", "pytorch_adapter.bin"]

  /// The same of its head's.
  static let headNames = ["model_head.safetensors", "pytorch_model_head.bin"]

  /// The tensors of the adapter in a folder.
  init(adapterIn folder: String) throws {
    try self.init(firstOf: Self.adapterNames, in: folder)
  }

  /// The tensors of the head in an adapter's folder.
  init(headIn folder: String) throws {
    try self.init(firstOf: Self.headNames, in: folder)
  }

  /// The first file of some names that a folder has.
  private init(firstOf names: [String], in folder: String) throws {
    guard let name = names.first(where: { fileExists(folder + "/" + $0) }) else {
      throw FileFailure(
        folder, "there is neither \(names.joined(separator: " nor "))",
        hint: "was the folder downloaded whole?")
    }
    try self.init(folder + "/" + name)
  }

  /// The tensors a configuration asks for: each there, of its shape, finite, and no other.
  ///
  /// - Parameters:
  ///   - expected: what must be there, by its name here.
  ///   - rename: what a key of the file is called here; nil leaves it out.
  /// - Returns: the tensors by their names here.
  /// - Throws: ``FileFailure`` naming what is missing, unexpected, twice there, misshapen or not
  ///   finite.
  fileprivate func tensors(
    _ expected: [String: Parameter], _ rename: (String) -> String?
  ) throws -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    var unexpected: [String] = []
    for key in names {
      guard let stored = tensors[key], let name = rename(key) else { continue }
      guard let parameter = expected[name] else {
        unexpected.append(key)
        continue
      }
      guard found[name] == nil else {
        throw FileFailure(path, at: "tensor \(key)", "the file has this tensor twice")
      }
      guard stored.shape == parameter.shape else {
        throw FileFailure(
          path, at: "tensor \(key)",
          "has shape \(stored.shape), expected \(parameter.shape)",
          hint: "the configuration or the base model is not the one it was trained with")
      }
      // Copied: a file that is written over while the adapter is at work changes nothing.
      let tensor = try Tensor(copying: stored)
      guard tensor.isFinite else {
        throw FileFailure(
          path, at: "tensor \(key)", "holds NaN or infinity",
          hint: "the training that wrote it diverged, or the file is damaged")
      }
      found[name] = tensor
    }
    let missing = expected.keys.filter { found[$0] == nil }.sorted()
    guard missing.isEmpty else {
      throw FileFailure(
        path, "misses \(listed(missing))",
        hint: unexpected.isEmpty
          ? "the file is not whole, or its configuration is another's"
          : "it has instead \(listed(unexpected))")
    }
    guard unexpected.isEmpty else {
      throw FileFailure(
        path, "has \(listed(unexpected)), which its configuration does not ask for",
        hint: "the base model has fewer layers, or the configuration is another's")
    }
    return found
  }
}

/// A few names, and how many more.
private func listed(_ names: [String]) -> String {
  let few = names.prefix(3).map { escaped($0, limit: 200) }.joined(separator: ", ")
  return names.count > 3 ? "\(few) and \(names.count - 3) more tensors" : few
}
