/// `adapter_config.json`, of this library, of the Python library, and of its predecessors.
public import Files
public import BaseModels

/// What an adapter's configuration file says.
public struct AdapterConfiguration: Sendable {
  public let name: String
  public let methods: [any Method]
  public let modelType: String?
  public let modelName: String?
  public let hiddenSize: Int?
  /// The fingerprint of the base model it was trained on, where this library wrote the file.
  public let fingerprint: Fingerprint?
  /// Every top-level key but `config` and `name`.
  public let metadata: JSON.Object

  /// The key under which the base model's fingerprint is stored; the Python library keeps it.
  static let fingerprintKey = "base_fingerprint"

  /// Reads `adapter_config.json` of a folder.
  ///
  /// - Throws: ``FileFailure`` for a method that is unknown or makes no sense.
  public init(folder: String) throws {
    let path = folder + "/adapter_config.json"
    let root = Field(try JSON(contentsOf: path), file: path)
    guard case .object(var rest) = root.json else {
      throw root.failure("expected an object")
    }
    if rest["peft_type"] != nil {
      throw FileFailure(
        path, at: "$.peft_type", "this is an adapter of PEFT, which this version does not read")
    }
    let nameField = root["name"]
    // Old files have none: the keys of the tensors know it, or else nothing but the folder does.
    name =
      try nameField?.string() ?? adapterNameInTensors(of: folder) ?? lastPathComponent(folder)
    try checkAdapterName(name, in: path, at: nameField?.place)
    modelType = try root["model_type"]?.string()
    modelName = try root["model_name"]?.string()
    hiddenSize = try root["hidden_size"]?.integer(in: 1...1_048_576)
    fingerprint = try root[Self.fingerprintKey].map { field in
      guard let fingerprint = Fingerprint(try field.string()) else {
        throw field.failure("is no fingerprint of a base model")
      }
      return fingerprint
    }
    let config = try root.required("config")
    let version = try root["version"]?.string()
    if case .string(let text) = config.json {
      do {
        methods = try parseMethods(text)
      } catch let failure as FileFailure {
        throw config.failure("\(failure.path): \(failure.problem)", hint: failure.hint)
      }
    } else {
      methods = try Self.methods(config, version: version)
    }
    rest["config"] = nil
    rest["name"] = nil
    metadata = rest
  }

  private static func methods(_ config: Field, version: String?) throws -> [any Method] {
    let architecture = try config["architecture"]?.string()
    if architecture == "union" {
      return try config.required("configs").array().flatMap { child in
        guard try child["architecture"]?.string() != "union" else {
          throw child.failure("a union within a union")
        }
        return try methods(child, version: version)
      }
    }
    let modern = try config.modernised(version: version)
    guard let type = AdapterMethods.all.first(where: { $0.recognises(modern) }) else {
      throw config.failure(
        "adapters of architecture \(architecture ?? "?") are not supported",
        hint:
          "supported: \(AdapterMethods.all.flatMap { $0.identifiers.map(\.name) }.joined(separator: ", "))"
      )
    }
    return [try type.init(modern)]
  }
}

extension Field {
  /// A method's settings with the meaning that they had for the library that wrote them.
  fileprivate func modernised(version: String?) throws -> Field {
    guard case .object(var object) = json else { throw failure("expected an object") }
    // Before the file had a version, "gelu" was the tanh approximation.
    if version == nil, case .string(let activation) = object["non_linearity"] {
      let renamed = ["gelu": "gelu_new", "gelu_orig": "gelu"][activation]
      if let renamed { object["non_linearity"] = .string(renamed) }
    }
    // Before 1.1.0 the library did not divide by the rank: those files are scaled by 1.
    if case .string("lora") = object["architecture"], let rank = object["r"],
      let version, version.hasPrefix("adapters."),
      version.dropFirst("adapters.".count).isVersion(below: [1, 1, 0])
    {
      object["alpha"] = rank
    }
    if let invertible = self["invertible_adapter"] {
      object["inv_adapter"] = .string(try invertible["block_type"]?.string() ?? "nice")
    }
    return replacing(.object(object))
  }
}

extension Substring {
  /// Whether a version's numbers come before others; what is no number counts as 0.
  fileprivate func isVersion(below other: [Int]) -> Bool {
    let numbers = split(separator: ".").map { Int($0.prefix(while: \.isNumber)) ?? 0 }
    for (i, limit) in other.enumerated() {
      let number = i < numbers.count ? numbers[i] : 0
      if number != limit { return number < limit }
    }
    return false
  }
}
