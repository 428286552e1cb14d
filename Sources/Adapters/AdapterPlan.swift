/// What an adapter consists of on a model: worked out once, used by everyone.
internal import BaseModels
internal import Files
internal import Tensors

/// The tensors of an adapter of some methods on a model.
///
/// Fresh values, reading, writing, binding and training all go by it.
public struct AdapterPlan: Sendable {
  public let adapter: String
  public let methods: [any Method]
  /// By the tensors' names in the adapter's file.
  public let parameters: [String: Parameter]

  /// - Throws: ``FileFailure`` when a method cannot act on the model, or two act at one place.
  init(_ adapter: String, _ methods: [any Method], on model: BaseShape, _ file: String) throws {
    self.adapter = adapter
    self.methods = methods
    var parameters: [String: Parameter] = [:]
    var owners: [String: Int] = [:]
    for (index, method) in methods.enumerated() {
      try method.check(model, file)
      for var parameter in method.parameters(on: model) {
        let place = "\(parameter.place).\(parameter.container)"
        guard owners.updateValue(index, forKey: place) ?? index == index else {
          throw FileFailure(
            file, at: parameter.place, "two methods of the union act here",
            hint: "give them different layers with leave_out, or different places")
        }
        parameter.seed = method.initialSeed
        parameters[parameter.key(of: adapter)] = parameter
      }
    }
    self.parameters = parameters
  }

  /// How many numbers the adapter consists of.
  var parameterCount: Int { parameters.values.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// Fresh values, which leave the model as it was until they are trained.
  func initialTensors(seed: UInt64) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: parameters.map { key, parameter in
        (
          key,
          parameter.initializer.tensor(
            parameter.shape, Random(seed: parameter.seed ?? seed), stream: key)
        )
      })
  }
}
