/// Trainings against the Python library's: losses, gradients, and weights after some steps.
import BaseModels
import Datasets
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `A training step` {
  @Test(arguments: TrainingGolden.all)
  func `goes where the Python library goes`(_ golden: TrainingGolden) throws {
    let base = try Goldens.base(golden.base)
    var adapter = try Adapter(folder: Goldens.folder + "/" + golden.folder, for: base.shape)
    let head = try #require(adapter.head)
    var optimizer = AdamW(weightDecay: golden.weightDecay)
    for step in golden.learningRates.indices {
      let examples = try golden.examples(step, head)
      let sums = try base.lossAndGradient(
        of: adapter, at: adapter.parameters, on: examples, rows: examples.all, lanes: 8,
        dropout: nil)
      let terms = Float(sums.terms)
      let gradient = sums.gradient.mapValues { $0 * (1 / terms) }
      expectClose(
        [Float(sums.loss) / terms], [golden.losses[step]], absolute: 2e-4, "loss of step \(step)")
      let norm = gradientNorm(gradient)
      expectClose(
        [Float(norm)], [golden.gradientNorms[step]], absolute: 1e-3, relative: 1e-3,
        "gradient norm of step \(step)")
      if step == 0 {
        #expect(Set(gradient.keys) == golden.trained)
        for (name, part) in gradient {
          let expected = try #require(golden.tensor("gradient/\(name)")).floats()
          expectClose(part.scalars, expected, absolute: 2e-4, relative: 2e-3, "gradient of \(name)")
        }
      }
      var parameters = adapter.parameters
      optimizer.update(
        &parameters, gradient: gradient, learningRate: golden.learningRates[step],
        gradientScale: Float(min(1, 1 / (norm + 1e-6))), decays: adapter.decays)
      adapter = adapter.with(parameters)
    }
    for (name, tensor) in adapter.parameters {
      let expected = try #require(golden.tensor("after/\(name)")).floats()
      // Adam divides by the gradient's size: where that is nearly 0, its sign is chance.
      expectClose(tensor.scalars, expected, absolute: 2e-3, relative: 1e-3, name)
    }
  }

  @Test(arguments: TrainingGolden.all)
  func `decays what the Python library's trainer decays`(_ golden: TrainingGolden) throws {
    let base = try Goldens.base(golden.base)
    let adapter = try Adapter(folder: Goldens.folder + "/" + golden.folder, for: base.shape)
    let decayed = adapter.parameters.filter { adapter.decays($0.key) }
    #expect(Set(decayed.keys) == golden.decayed)
  }
}

struct TrainingGolden: Sendable, CustomTestStringConvertible {
  let name, base, folder: String
  let losses, gradientNorms, learningRates: [Float]
  let trained, decayed: Set<String>
  let weightDecay: Float
  private let batches: [Field]

  var testDescription: String { name }

  static let tensors: [String: StoredTensor] =
    (try? TensorFile(Goldens.folder + "/training.safetensors").tensors) ?? [:]

  static let all: [TrainingGolden] = (try? read()) ?? []

  static func read() throws -> [TrainingGolden] {
    let path = Goldens.folder + "/training.json"
    let root = try Field(JSON(contentsOf: path), file: path)
    return try root.required("cases").array().map { try TrainingGolden($0, root) }
  }

  private init(_ field: Field, _ root: Field) throws {
    func strings(_ key: String) throws -> Set<String> {
      Set(try field.required(key).array().map { try $0.string() })
    }
    func floats(_ key: String) throws -> [Float] {
      try field.required(key).array().map { Float(try $0.number()) }
    }
    name = try field.required("name").string()
    base = try field.required("base").string()
    folder = try field.required("folder").string()
    losses = try floats("losses")
    gradientNorms = try floats("gradient_norms")
    learningRates = try floats("learning_rates")
    // PyTorch counts a tensor that two modules hold under the name of the first.
    func asInFiles(_ names: Set<String>) -> Set<String> {
      Set(names.map { $0.replacing(".adapter_norm_before.", with: ".adapter_down.0.") })
    }
    trained = asInFiles(try strings("trained"))
    decayed = asInFiles(try strings("decayed"))
    batches = try field.required("batches").array()
    weightDecay = Float(try root.required("recipe").required("weight_decay").number())
  }

  func tensor(_ key: String) -> StoredTensor? {
    let asInModule = key.replacing(".adapter_down.0.", with: ".adapter_norm_before.")
    return Self.tensors["\(name)/\(asInModule)"] ?? Self.tensors["\(name)/\(key)"]
  }

  /// The batches take turns.
  func examples(_ step: Int, _ head: any Head) throws -> any ExampleSet {
    let batch = batches[step % batches.count]
    let rows = try batch.required("rows").array()
    let labels = try batch.required("labels").array()
    func examples<Task: AdapterTask>(_ task: Task, _ target: (Field) throws -> Task.Target) throws
      -> any ExampleSet
    {
      EncodedExamples(
        task,
        try zip(rows, labels).map { row, label in
          func numbers(_ field: Field) throws -> [Int32] {
            try field.array().map { Int32(try $0.integer()) }
          }
          return EncodedExample(
            sequence: Batch.Sequence(
              ids: try numbers(row.required("input_ids")),
              typeIds: try row["token_type_ids"].map(numbers) ?? []),
            target: try target(label))
        })
    }
    func numbers(_ label: Field) throws -> [Double] { try label.array().map { try $0.number() } }
    if let task = TokenClassification(head) {
      return try examples(task) { try numbers($0).map { $0 < 0 ? nil : Int($0) } }
    }
    return try examples(try #require(TextClassification(head))) { label in
      if case .array = label.json {
        let values = try numbers(label)
        return .labels(Set(values.indices.filter { values[$0] > 0.5 }))
      }
      return head.labels.count == 1
        ? .number(Float(try label.number())) : .label(try label.integer())
    }
  }
}

extension ExampleSet {
  /// Every example, as a batch names them.
  var all: ArraySlice<Int> { Array(examples.indices)[...] }
}
