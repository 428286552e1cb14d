/// What an adapter's file must agree with, known from `config.json` alone.
internal import Files
internal import Tensors

/// The sizes and places of a base model, with or without its weights.
public struct BaseShape: Sendable {
  /// Every tensor and site.
  public let blueprint: Blueprint
  /// What the adapters' files call it: the folder's name, or `_name_or_path` of its configuration.
  public let name: String
  /// Tells its weights from others of the same shape; nil where they are not at hand.
  public let fingerprint: Fingerprint?

  init(blueprint: Blueprint, name: String, fingerprint: Fingerprint?) {
    self.blueprint = blueprint
    self.name = name
    self.fingerprint = fingerprint
  }

  public var traits: Traits { blueprint.traits }
  /// The places where adapters may act, in the order a pass meets them.
  public var sites: [Site] { blueprint.sites }
  /// How many numbers such a model consists of, without a head.
  public var parameterCount: Int { blueprint.parameterCount }

  /// Reads a `config.json`.
  ///
  /// - Throws: ``FileFailure`` for a configuration that makes no sense.
  public init(configuration path: String) throws {
    let root = Field(try JSON(contentsOf: path), file: path)
    self.init(
      blueprint: try Blueprint(ModelFamilies.family(of: root), root, nil),
      name: try root["_name_or_path"]?.string() ?? path, fingerprint: nil)
  }

  /// Reads a model's folder, or its `config.json` alone, which has no fingerprint.
  ///
  /// Weights are mapped and only a sample of them is read: milliseconds for any model.
  ///
  /// - Throws: ``FileFailure`` for a configuration that makes no sense, or weights of other shapes.
  public init(folderOrConfiguration path: String) throws {
    if path.hasSuffix(".json") {
      try self.init(configuration: path)
    } else {
      try self.init(folder: path)
    }
  }

  /// Reads a model's folder without loading its weights.
  public init(folder: String) throws {
    try self.init(ModelFolder(folder))
  }

  init(_ folder: ModelFolder) throws {
    let blueprint = try Blueprint(folder.family, folder.configuration, folder.checkpoint)
    try folder.check(blueprint)
    self.init(
      blueprint: blueprint, name: folder.name,
      fingerprint: try Fingerprint(of: folder.checkpoint, blueprint, in: folder.path))
  }
}

/// A model's folder, opened: its configuration read, its weights mapped.
struct ModelFolder {
  let path: String
  let configuration: Field
  let family: any Architecture.Type
  let checkpoint: Checkpoint
  let name: String

  init(_ path: String) throws {
    self.path = path
    let file = path + "/config.json"
    configuration = Field(try JSON(contentsOf: file), file: file)
    family = try ModelFamilies.family(of: configuration)
    checkpoint = try Checkpoint(folder: path)
    let given = try configuration["_name_or_path"]?.string() ?? ""
    name = given.isEmpty ? modelName(path) : given
  }

  /// Refuses a model that this process has no memory for: it would end without a word.
  func checkMemory(_ blueprint: Blueprint, _ precision: Precision) throws {
    // The packed weights, and the largest matrix beside them while it is packed.
    let largest = blueprint.entries.reduce(0) { max($0, $1.shape.reduce(1, *)) }
    let bytes = blueprint.parameterCount * precision.bytesPerWeight + largest * 4
    // A limit of addresses counts the mapped weights, and what every process has, too.
    let mapped = checkpoint.tensors.values.reduce(100 << 20) { $0 + $1.byteCount }
    guard bytes <= memoryLimit, bytes + mapped <= addressLimit else {
      throw FileFailure(
        path, "needs some \(bytes >> 20) MB of memory, and there are \(memoryLimit >> 20) in all",
        hint: "a smaller model, or --precision bf16")
    }
  }

  /// Refuses weights that lack tensors, or have them of other shapes.
  func check(_ blueprint: Blueprint) throws {
    let missing = blueprint.missing(from: checkpoint)
    guard let first = missing.first else { return }
    let others = missing.count - 1
    let extra = blueprint.extra(in: checkpoint).prefix(3).map { escaped($0, limit: 80) }
    throw FileFailure(
      path, at: "tensor \(first)",
      "the checkpoint has no tensor of this name"
        + (others > 0 ? ", nor \(others) more of the model's" : ""),
      hint: "is this the model that config.json describes?"
        + (extra.isEmpty ? "" : " It has instead \(extra.joined(separator: ", "))"))
  }
}

/// What a model in a folder is called: the folder's name, or in a cache of a hub the id there.
///
/// `…/models--owner--name/snapshots/<commit>` is `owner/name`.
private func modelName(_ folder: String) -> String {
  let parts = folder.split(separator: "/")
  guard parts.count >= 3, parts[parts.count - 2] == "snapshots",
    parts[parts.count - 3].hasPrefix("models--")
  else { return lastPathComponent(folder) }
  return String(parts[parts.count - 3].dropFirst("models--".count)).replacing("--", with: "/")
}
