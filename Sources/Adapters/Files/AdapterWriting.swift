/// Writing an adapter's folder, as the Python library `adapters` loads it.
public import BaseModels
internal import Files
internal import Tensors

extension Adapter {
  /// The form of a folder's tensor files.
  public enum Format: String, Sendable, CaseIterable {
    /// `pytorch_adapter.bin`: what the Python library looks for by default.
    case torch = "bin"
    case safetensors
    /// Both.
    case both
  }

  /// Saves the adapter; a folder that is there is replaced whole, or not at all.
  ///
  /// - Parameters:
  ///   - folder: where to; its files are written beside it first.
  ///   - base: the model it was trained on, whose name and fingerprint are stored with it.
  ///   - format: the tensor files to write.
  /// - Throws: ``FileFailure`` when a tensor is not finite, or the folder cannot be written.
  public func save(to folder: String, base: BaseShape, format: Format = .both) throws {
    try checkReplaceable(folder)
    try writeFolderAtomically(folder) { try write(into: $0, base: base, format: format) }
  }

  /// Writes the files of the adapter into a folder that is there.
  func write(into folder: String, base: BaseShape, format: Format) throws {
    for (key, tensor) in tensors.merging(headTensors, uniquingKeysWith: { $1 })
    where !tensor.isFinite {
      throw FileFailure(
        folder, at: "tensor \(key)", "holds NaN or infinity, and is not saved",
        hint: "a lower learning rate often keeps a training from diverging")
    }
    var common: JSON.Object = [
      "hidden_size": .integer(base.traits.width), "model_class": .string(base.traits.className),
      "model_name": .string(base.name), "model_type": .string(base.traits.modelType),
      "name": .string(name), "version": .string("adapters.1.3.0"),
    ]
    var file = metadata
    for (key, value) in common.members { file[key] = value }
    file["config"] = .object(configuration)
    if let fingerprint = base.fingerprint {
      file[AdapterConfiguration.fingerprintKey] = .string(fingerprint.text)
    }
    try writeAtomically(
      JSON.object(file).text(.indentedSorted), to: folder + "/adapter_config.json")
    try writeTensors(
      withAliases, folder, "adapter.safetensors", "pytorch_adapter.bin", format)
    guard let head else { return }
    common["config"] = .object(head.configuration)
    try writeAtomically(
      JSON.object(common).text(.indentedSorted), to: folder + "/head_config.json")
    try writeTensors(
      headTensors, folder, "model_head.safetensors", "pytorch_model_head.bin", format)
  }
}

extension Adapter {
  /// The tensors, those that the Python library has twice a second time: it looks for both names.
  private var withAliases: [String: Tensor] {
    var all = tensors
    for (key, parameter) in plan.parameters {
      if let alias = parameter.aliasKey(of: name) { all[alias] = tensors[key] }
    }
    return all
  }
}

/// The files that this library writes into an adapter's folder.
private let ownFiles: Set<String> = [
  "adapter_config.json", "adapter.safetensors", "pytorch_adapter.bin", "head_config.json",
  "model_head.safetensors", "pytorch_model_head.bin", "training.jsonl", "training.svg",
]

/// Refuses to replace anything but an adapter's folder: what else lies there would be lost.
///
/// - Throws: ``FileFailure`` when a file is there, or a folder with other files than an adapter's.
public func checkReplaceable(_ folder: String) throws {
  guard fileExists(folder) else { return }
  let others = try namesInFolder(folder).filter { !ownFiles.contains($0) }
  guard let other = others.sorted().first else { return }
  throw FileFailure(
    folder, "is there already and holds \(other), which is no file of an adapter",
    hint: "choose another folder: this one would be replaced")
}

private func writeTensors(
  _ tensors: [String: Tensor], _ folder: String, _ safetensors: String, _ torch: String,
  _ format: Adapter.Format
) throws {
  let named = tensors.sorted { $0.key < $1.key }.map {
    NamedTensor(name: $0.key, shape: $0.value.shape, floats: $0.value.scalars)
  }
  if format != .torch { try writeSafetensors(named, to: folder + "/" + safetensors) }
  if format != .safetensors { try writeTorch(named, to: folder + "/" + torch) }
}
