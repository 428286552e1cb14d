/// An adapter: the difference between a base model and a model for a task.
public import BaseModels
public import Files
public import Tensors

/// What an adapter's folder holds: methods, their tensors, and where there is one the head.
///
/// A value: to train is to make a new one, and any number act on one base model at once.
public struct Adapter: Sendable {
  /// What it consists of on its base model.
  public let plan: AdapterPlan
  /// By the names that the files have: `bert.encoder.layer.0.output.adapters.sst2.adapter_up.bias`.
  public var tensors: [String: Tensor]
  public var head: (any Head)?
  /// The head that lies beside it, where it is of a kind that nothing here computes.
  public internal(set) var unsupportedHead: UnsupportedHead?
  /// The head's, by the names that the files have: `heads.sst2.1.weight`.
  public var headTensors: [String: Tensor]
  /// Everything else that `adapter_config.json` says: where it comes from, what made it.
  public var metadata: JSON.Object

  init(
    plan: AdapterPlan, tensors: [String: Tensor], head: (any Head)? = nil,
    headTensors: [String: Tensor] = [:], metadata: JSON.Object = [:]
  ) {
    self.plan = plan
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
    let file = "adapter \(name)"
    try checkAdapterName(name, in: file)
    for method in methods {
      try method.checkFresh(file)
      if let layer = method.leftOut.sorted().first(where: { $0 >= base.traits.layers }) {
        throw FileFailure(
          file, at: "leave_out",
          "there is no layer \(layer): the model has \(base.traits.layers), counted from 0")
      }
      if case .string(let type) = method.configuration["dtype"], !type.hasSuffix("float32") {
        throw FileFailure(
          file, at: "dtype", "adapters are trained in float32, not in \(type)",
          hint: "--precision bf16 speeds up the base model alone")
      }
    }
    let plan = try AdapterPlan(name, methods, on: base.shape, file)
    try checkSize(plan, base)
    guard !plan.parameters.isEmpty else {
      throw FileFailure(
        file, "its method acts nowhere in this model",
        hint: "every place is switched off, or left out")
    }
    self.init(
      plan: plan, tensors: plan.initialTensors(seed: seed), head: head,
      headTensors: Dictionary(
        uniqueKeysWithValues: (head?.parameters(base.traits) ?? []).map { parameter in
          let key = parameter.key(of: name)
          return (
            key, parameter.initializer.tensor(parameter.shape, Random(seed: seed), stream: key)
          )
        }))
  }

  /// Used in every tensor's name.
  ///
  /// Letters, digits and a few signs; no dots, no slashes.
  public var name: String { plan.adapter }

  /// One method, or several that act at different sites.
  public var methods: [any Method] { plan.methods }

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
private func checkSize(_ plan: AdapterPlan, _ base: BaseModel) throws {
  // A tiny model's may be larger than it: there is no harm in that.
  let limit = max(base.parameterCount, 1_000_000)
  guard plan.parameterCount <= limit else {
    throw FileFailure(
      "adapter \(plan.adapter)",
      "it would have \(plan.parameterCount) numbers, more than its base model, which has "
        + "\(base.parameterCount)", hint: "a larger reduction_factor, or a smaller r")
  }
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
