/// Every family of models, number for number as the Python libraries compute it.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

/// The goldens that `Scripts/make-family-goldens.py` and `Scripts/make-method-goldens.py` wrote.
enum FamilyGoldens {
  static let expected: [String: StoredTensor] = ["families", "methods"].reduce(into: [:]) {
    let file = try? TensorFile("\(Goldens.folder)/\($1)/\($1).safetensors")
    $0.merge(file?.tensors ?? [:]) { $1 }
  }

  static let types = Set(ModelFamilies.all.flatMap { $0.modelTypes })

  /// Those of families that there are, with settings that are supported.
  static let cases = all.filter {
    types.contains($0.modelType) && !$0.name.hasPrefix("bert_relative")
  }

  static let all: [Case] = (try? readCases()) ?? []

  /// Those of methods, on these bases and on BERT's.
  static let methods: [Case] = (try? readCases(of: "methods")) ?? []

  static func readCases(of kind: String = "families") throws -> [Case] {
    let path = "\(Goldens.folder)/\(kind)/\(kind).json"
    return try Field(JSON(contentsOf: path), file: path).required("cases").array().map(Case.init)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name, folder, modelType: String
    let layers: Int
    let hasPooler, hasVocabulary: Bool
    let rows: [Batch.Sequence]
    let runs: [Run]

    var testDescription: String { name }

    init(_ field: Field) throws {
      name = try field.required("name").string()
      folder = try field.required("folder").string()
      modelType = try field.required("model_type").string()
      layers =
        try field["decoder_layers"]?.integer() ?? field.required("layers").integer()
      hasPooler = try field["has_pooler"]?.bool() ?? false
      hasVocabulary = try field["has_lm_logits"]?.bool() ?? false
      rows = try sequences(field.required("rows"))
      let rows = rows
      // T5's bias by distance is lost by the library in layers that a prefix leaves out; it is kept here.
      runs = try field.required("runs").array().map { try Run($0, rows) }.filter {
        $0.folder != "methods/adapters/t5/prefix_leave_out"
      }
    }
  }

  struct Run: Sendable {
    let name, folder, adapter: String
    let hasHead, hasGradient: Bool
    let rows: [Batch.Sequence]

    init(_ field: Field, _ rows: [Batch.Sequence]) throws {
      name = try field.required("name").string()
      folder = try field.required("folder").string()
      adapter = try field.required("adapter").string()
      hasHead = try field["head_type"]?.string() != nil
      hasGradient = try field["has_gradient"]?.bool() ?? false
      self.rows = try field["rows"].map(sequences) ?? rows
    }
  }

  /// A case's base model.
  static func base(_ golden: Case) throws -> BaseModel { try Goldens.base(golden.folder) }

  static func floats(_ key: String) throws -> [Float] {
    try #require(expected[key], "no golden \(key)").floats()
  }
}

private func sequences(_ field: Field) throws -> [Batch.Sequence] {
  func ids(_ field: Field?) throws -> [Int32] {
    try field?.array().map { Int32(try $0.integer()) } ?? []
  }
  return try field.array().map { row in
    Batch.Sequence(
      ids: try ids(row.required("input_ids")), typeIds: try ids(row["token_type_ids"]),
      decoderIds: try ids(row["decoder_input_ids"]))
  }
}

@Suite struct `A family of models` {
  @Test func `has goldens to be compared with`() throws {
    #expect(try FamilyGoldens.readCases().count > 15)
    for family in ModelFamilies.all where family != BERT.self {
      #expect(FamilyGoldens.cases.contains { family.modelTypes.contains($0.modelType) })
    }
  }

  @Test(arguments: FamilyGoldens.cases)
  func `gives every hidden state that the Python library gives`(_ golden: FamilyGoldens.Case) throws
  {
    let base = try FamilyGoldens.base(golden)
    let outputs = try base.forward(golden.rows.map { ModelInput($0) }, hiddenStates: .all)
    for (row, output) in outputs.enumerated() {
      #expect(output.layers.count == golden.layers + 1)
      for (layer, state) in output.layers.enumerated() {
        let key = "\(golden.name)/\(row).hidden.\(layer)"
        expectClose(state.scalars, try FamilyGoldens.floats(key), absolute: 1e-4, key)
      }
      if golden.hasPooler {
        let pooled = try #require(base.architecture.pooled(output.hidden.rows(0..<1)))
        expectClose(
          pooled.scalars, try FamilyGoldens.floats("\(golden.name)/\(row).pooled"), "pooled")
      }
    }
  }

  @Test(arguments: FamilyGoldens.cases + FamilyGoldens.methods)
  func `with an adapter gives what the Python library gives`(_ golden: FamilyGoldens.Case) throws {
    let base = try FamilyGoldens.base(golden)
    for run in golden.runs where run.name != "lora_of_lm" || base.traits.hasVocabularyHead {
      let adapter = try Adapter(folder: Goldens.folder + "/" + run.folder, for: base.shape)
      let bound = BoundAdapter(adapter, to: base)
      let inputs = run.rows.map { ModelInput($0, bound) }
      let outputs = try base.forward(inputs, hiddenStates: .last)
      let sparing = try base.forward(inputs)
      for (row, output) in outputs.enumerated() {
        let key = "\(golden.name)/\(run.name)/\(row)"
        expectClose(
          output.hidden.scalars,
          try withoutPrompt(
            FamilyGoldens.floats("\(key).last_hidden_state"), output.hidden, adapter),
          absolute: 3e-4, key)
        guard run.hasHead, run.name != "lora_of_lm", let logits = output.logits else { continue }
        let expected = try withoutPrompt(FamilyGoldens.floats("\(key).logits"), logits, adapter)
        expectClose(logits.scalars, expected, absolute: 3e-4, "\(key) logits")
        expectClose(
          sparing[row].logits?.scalars ?? [], expected, absolute: 3e-4, "\(key) logits alone")
      }
    }
  }

  /// The library gives the rows of a prompt too.
  private func withoutPrompt(_ values: [Float], _ ours: Tensor, _ adapter: Adapter) throws
    -> [Float]
  {
    guard let prompt = adapter.methods.lazy.compactMap({ $0 as? PromptTuning }).first,
      values.count > ours.count
    else { return values }
    let place = (prompt.comesAfterFirst ? 1 : 0) * ours.width
    return Array(values[..<place]) + Array(values[(place + prompt.length * ours.width)...])
  }

  @Test(arguments: FamilyGoldens.cases.filter { $0.hasVocabulary })
  func `gives the logits over the vocabulary that the Python library gives`(
    _ golden: FamilyGoldens.Case
  ) throws {
    let base = try FamilyGoldens.base(golden)
    guard base.traits.hasVocabularyHead else { return }
    let outputs = try base.forward(golden.rows.map { ModelInput($0) }, wantsVocabulary: true)
    for (row, output) in outputs.enumerated() {
      let key = "\(golden.name)/\(row).lm_logits"
      expectClose(output.logits?.scalars ?? [], try FamilyGoldens.floats(key), key)
    }
  }

  @Test(arguments: FamilyGoldens.cases + FamilyGoldens.methods)
  func `passes back the gradient that the Python library passes`(_ golden: FamilyGoldens.Case)
    throws
  {
    let base = try FamilyGoldens.base(golden)
    for run in golden.runs where run.hasGradient {
      let adapter = try Adapter(folder: Goldens.folder + "/" + run.folder, for: base.shape)
      let trained = adapter.parameters.filter { adapter.tensors[$0.key] != nil }
      let (_, gradient) = try valueAndGradient(at: trained) { tracked in
        let bound = BoundAdapter(
          adapter, to: base, tensors: adapter.tensors.merging(tracked) { $1 },
          headTensors: adapter.headTensors, isTrained: true, dropout: nil)
        return try run.rows.enumerated().reduce(Tensor(0)) { total, row in
          let hooks = AdapterHooks(
            ranges: [SetupRange(sequences: 0..<1, setup: .adapter(bound))])
          let batch = Batch([row.element])
          var hidden = Tensor(0)
          _ = try base.finish(base.begin(batch, hooks), hooks, reading: [[.all]]) {
            // All rows, those of a prompt too.
            hidden = $1
            _ = ($0, $2)
          }
          let own = "\(golden.name)/\(run.name)/\(row.offset).projection"
          let key =
            FamilyGoldens.expected[own] == nil ? "\(golden.name)/\(row.offset).projection" : own
          let weights = Tensor(try FamilyGoldens.floats(key), shape: hidden.shape)
          return total + (hidden * weights).sum()
        }
      }
      for (name, part) in gradient {
        // A class without a prefix of its own has none in its files.
        let place = "\(golden.name)/\(run.name)/gradient/"
        let bare = place + name.dropFirst(base.traits.prefix.count + 1)
        let key = FamilyGoldens.expected[bare] == nil ? place + name : bare
        let expected = try FamilyGoldens.floats(key)
        let largest = expected.map(abs).max() ?? 0
        // What lies on and before the diagonal of a matrix of reflections is read by nobody.
        guard !name.hasSuffix("weight.original") else {
          expectClose(
            part.scalars, expected, absolute: 2e-3 * max(largest, 1e-2), relative: 2e-3, key)
          continue
        }
        expectClose(
          part.scalars, expected, absolute: 1e-3 * max(largest, 1e-2), relative: 1e-3, key)
      }
    }
  }

  @Test(arguments: FamilyGoldens.cases)
  func `is described without its weights as it is with them`(_ golden: FamilyGoldens.Case) throws {
    let base = try FamilyGoldens.base(golden)
    let shape = try BaseShape(
      configuration: Goldens.folder + "/" + golden.folder + "/config.json")
    #expect(shape.sites == base.sites)
    #expect(shape.traits == base.traits)
    #expect(shape.parameterCount >= base.parameterCount)
  }

  @Test(arguments: FamilyGoldens.cases)
  func `runs in parts as it runs whole, bit for bit`(_ golden: FamilyGoldens.Case) throws {
    let base = try FamilyGoldens.base(golden)
    let batch = Batch(golden.rows)
    let readings = golden.rows.map { _ in [Reading.all] }
    let whole = try base.finish(base.begin(batch, NoHooks()), NoHooks(), reading: readings)
    for layer in 0..<base.traits.layers {
      let first = try base.run(base.begin(batch, NoHooks()), to: layer, NoHooks())
      let parts = try base.finish(first, NoHooks(), reading: readings)
      #expect(parts.last.scalars == whole.last.scalars, "cut in front of layer \(layer)")
    }
  }
}
