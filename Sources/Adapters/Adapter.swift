/// An adapter: the difference between a base model and a model for a task.
public import BaseModels
public import Files
public import Tensors

/// What an adapter's folder holds: methods, their tensors, and where there is one the head.
///
/// A value: to train is to make a new one, and any number act on one base model at once.
public struct Adapter: Sendable {
  /// Used in every tensor's name.
  ///
  /// Letters, digits and a few signs; no dots, no slashes.
  public let name: String
  /// One method, or several that act at different sites.
  public let methods: [any Method]
  /// By the names that the files have: `bert.encoder.layer.0.output.adapters.sst2.adapter_up.bias`.
  public var tensors: [String: Tensor]
  public var head: (any Head)?
  /// The head's, by the names that the files have: `heads.sst2.1.weight`.
  public var headTensors: [String: Tensor]
  /// Everything else that `adapter_config.json` says: where it comes from, what made it.
  public var metadata: JSON.Object

  public init(
    name: String, methods: [any Method], tensors: [String: Tensor], head: (any Head)? = nil,
    headTensors: [String: Tensor] = [:], metadata: JSON.Object = [:]
  ) {
    self.name = name
    self.methods = methods
    self.tensors = tensors
    self.head = head
    self.headTensors = headTensors
    self.metadata = metadata
  }

  /// A fresh adapter for a base model, which leaves the model as it was until it is trained.
  ///
  /// - Throws: ``FileFailure`` when two methods act at one site, or nothing acts anywhere.
  public init(
    name: String, methods: [any Method], for base: BaseModel, head: (any Head)? = nil, seed: UInt64
  ) throws {
    try checkAdapterName(name, in: "adapter \(name)")
    for method in methods {
      try (method as? Bottleneck)?.check(layers: base.dimensions.layers, "adapter \(name)")
      if let layer = method.leftOut.sorted().first(where: { $0 >= base.dimensions.layers }) {
        throw FileFailure(
          "adapter \(name)", at: "leave_out",
          "there is no layer \(layer): the model has \(base.dimensions.layers), counted from 0")
      }
      if case .string(let type) = method.configuration["dtype"], !type.hasSuffix("float32") {
        throw FileFailure(
          "adapter \(name)", at: "dtype", "adapters are trained in float32, not in \(type)",
          hint: "--precision bf16 speeds up the base model alone")
      }
    }
    let parameters = try adapterParameters(name, methods, base.sites, base.dimensions)
    try checkSize(name, parameters, base)
    guard !parameters.isEmpty else {
      throw FileFailure(
        "adapter \(name)", "its method acts nowhere in this model",
        hint: "every place is switched off, or left out")
    }
    self.init(
      name: name, methods: methods,
      tensors: Dictionary(
        uniqueKeysWithValues: parameters.map { key, parameter in
          (
            key,
            parameter.initializer.tensor(
              parameter.shape, Random(seed: parameter.seed ?? seed), stream: key)
          )
        }),
      head: head,
      headTensors: Dictionary(
        uniqueKeysWithValues: (head?.parameters(base.dimensions) ?? []).map { parameter in
          let key = "heads.\(name).\(parameter.name)"
          return (
            key, parameter.initializer.tensor(parameter.shape, Random(seed: seed), stream: key)
          )
        }))
  }

  /// How many numbers the adapter consists of, without its head.
  public var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.count } }

  /// What its head is asked: of several tasks the one it was trained for.
  public var task: (any AdapterTask)? {
    var name: String?
    if case .string(let trained) = metadata["training"]?["task"] { name = trained }
    return head.flatMap { AdapterTasks.task(of: $0, named: name) }
  }

  /// The method as a file's `config`: one, or a union.
  public var configuration: JSON.Object { methodConfiguration(methods) }
}

/// Methods as a file's `config`: one, or a union.
func methodConfiguration(_ methods: [any Method]) -> JSON.Object {
  guard methods.count > 1 else { return methods.first?.configuration ?? [:] }
  return [
    "architecture": .string("union"),
    "configs": .array(methods.map { .object($0.configuration) }),
  ]
}

/// Refuses to make an adapter that is larger than its base model: a slip in a setting, mostly, and more
/// memory than the machine has.
private func checkSize(_ name: String, _ parameters: [String: Parameter], _ base: BaseModel) throws
{
  let count = parameters.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
  // A tiny model's may be larger than it: there is no harm in that.
  let limit = max(base.parameterCount, 1_000_000)
  guard count <= limit else {
    throw FileFailure(
      "adapter \(name)",
      "it would have \(count) numbers, more than its base model, which has \(base.parameterCount)",
      hint: "a larger reduction_factor, or a smaller r")
  }
}

/// The tensors an adapter of some methods has on a model, by their full names.
///
/// - Throws: ``FileFailure`` when two methods act at one site.
func adapterParameters(
  _ name: String, _ methods: [any Method], _ sites: [Site], _ model: Dimensions
) throws -> [String: Parameter] {
  var parameters: [String: Parameter] = [:]
  for site in sites {
    var acting: [String] = []
    for method in methods {
      let here = method.parameters(at: site, of: model)
      guard !here.isEmpty else { continue }
      let container = type(of: method).container
      guard !acting.contains(container) else {
        throw FileFailure(
          "adapter \(name)", at: site.path, "two methods of the union act here",
          hint: "give them different layers with leave_out, or different places")
      }
      acting.append(container)
      for var parameter in here {
        parameter.seed = method.initialSeed
        parameters["\(site.path).\(container).\(name).\(parameter.name)"] = parameter
      }
    }
  }
  return parameters
}

/// Refuses names that would not survive in a tensor's name or a folder's.
func checkAdapterName(_ name: String, in file: String, at place: String? = nil) throws {
  let refused: (Character) -> Bool = {
    $0 == "." || $0 == "/" || $0 == "\\" || $0 == "\0" || $0.isNewline
  }
  guard !name.isEmpty, name.utf8.count <= 200, !name.contains(where: refused) else {
    throw FileFailure(
      file, at: place, "\(JSON.string(name).text(.compact)) cannot be an adapter's name",
      hint: "1 to 200 characters without dots, slashes and line ends")
  }
}
