/// The weights of a model folder, in one file or in shards that an index lists.
public struct Checkpoint: Sendable {
  public let tensors: [String: StoredTensor]

  /// Opens what is there of, in this order: `model.safetensors`, `model.safetensors.index.json`,
  /// `pytorch_model.bin`, `pytorch_model.bin.index.json`.
  public init(folder: String) throws {
    for name in ["model.safetensors", "pytorch_model.bin"] {
      if fileExists("\(folder)/\(name)") {
        tensors = try TensorFile("\(folder)/\(name)").tensors
        return
      }
      if fileExists("\(folder)/\(name).index.json") {
        tensors = try Self.sharded(folder: folder, index: "\(folder)/\(name).index.json")
        return
      }
    }
    throw FileFailure(
      folder, "no weights: neither model.safetensors nor pytorch_model.bin, nor an index of either",
      hint: fileExists(folder) ? nil : "the folder does not exist")
  }

  private static func sharded(folder: String, index: String) throws -> [String: StoredTensor] {
    var shards: [String: TensorFile] = [:]
    var tensors: [String: StoredTensor] = [:]
    let map = try Field(try JSON(contentsOf: index), file: index).required("weight_map")
    for (name, field) in try map.object() {
      let file = try field.string()
      // A shard lies beside its index; an index must not open other files of the machine.
      guard !file.isEmpty, file != ".", file != "..", !file.utf8.contains(UInt8(ascii: "/")),
        !file.utf8.contains(UInt8(ascii: "\\")), !file.utf8.contains(0)
      else { throw field.failure("\(quoted(file)) is no plain file name") }
      if shards[file] == nil {
        guard fileExists("\(folder)/\(file)") else {
          throw field.failure("the shard \(quoted(file)) is missing", hint: "download it")
        }
        shards[file] = try TensorFile("\(folder)/\(file)")
      }
      guard let tensor = shards[file]?.tensors[name] else {
        throw field.failure("the shard \(quoted(file)) has no tensor \(quoted(name))")
      }
      tensors[name] = tensor
    }
    return tensors
  }
}
