/// What an adapter's file must agree with, known from `config.json` alone.
internal import Files

/// The sizes and places of a base model, with or without its weights.
public struct BaseShape: Sendable {
  public let dimensions: Dimensions
  public let sites: [Site]
  /// Where the paths begin: `bert`.
  public let prefix: String
  /// What the Python library calls the model with its heads: `BertAdapterModel`.
  public let className: String
  public let name: String
  /// Nil where the weights are not at hand.
  public let fingerprint: String?

  init(
    dimensions: Dimensions, sites: [Site], prefix: String, className: String, name: String,
    fingerprint: String?
  ) {
    self.dimensions = dimensions
    self.sites = sites
    self.prefix = prefix
    self.className = className
    self.name = name
    self.fingerprint = fingerprint
  }

  /// Reads a `config.json`.
  ///
  /// - Throws: ``FileFailure`` for a configuration that makes no sense.
  public init(configuration path: String) throws {
    let root = Field(try JSON(contentsOf: path), file: path)
    let type = try architectureType(of: root)
    let dimensions = try type.check(root)
    self.init(
      dimensions: dimensions, sites: type.sites(of: dimensions), prefix: type.prefix,
      className: type.className,
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
    let path = folder + "/config.json"
    let root = Field(try JSON(contentsOf: path), file: path)
    let type = try architectureType(of: root)
    let dimensions = try type.check(root)
    let tensors = try Checkpoint(folder: folder).tensors
    let given = try root["_name_or_path"]?.string() ?? ""
    self.init(
      dimensions: dimensions, sites: type.sites(of: dimensions), prefix: type.prefix,
      className: type.className, name: given.isEmpty ? folder.modelName : given,
      fingerprint: try BaseModels.fingerprint(
        dimensions, .checkpoint(tensors, folder: folder), prefix: type.prefix))
  }

  /// How many numbers such a model consists of, without a head.
  public var parameterCount: Int {
    let type = architectures.first { $0.modelTypes.contains(dimensions.modelType) }
    return type?.parameterCount(of: dimensions) ?? 0
  }
}

extension BaseModel {
  /// This model's sizes and places.
  public var shape: BaseShape {
    BaseShape(
      dimensions: dimensions, sites: sites, prefix: prefix,
      className: type(of: architecture).className, name: name, fingerprint: fingerprint)
  }
}
