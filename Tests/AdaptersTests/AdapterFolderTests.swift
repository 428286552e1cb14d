/// Adapters in folders: what is saved is what is loaded, and nothing else is.
import BaseModels
import Datasets
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `An adapter's folder` {
  let temporary: TemporaryFolder
  let base: BaseModel

  init() throws {
    temporary = try TemporaryFolder()
    base = try Goldens.base("base")
  }

  private func adapter(_ method: String, _ head: (any Head)? = nil) throws -> Adapter {
    try Adapter(
      name: "task", methods: try parseMethods(method), for: base, head: head, seed: 3
    ).randomised()
  }

  /// Saves an adapter, and gives the folder's path.
  private func saved(_ adapter: Adapter, _ format: Adapter.Format = .safetensors) throws -> String {
    let folder = "\(temporary.path)/saved"
    try adapter.save(to: folder, base: base.shape, format: format)
    return folder
  }

  @Test(arguments: MethodStrings.all, [Adapter.Format.torch, .safetensors])
  func `gives back what was saved`(_ method: String, _ format: Adapter.Format) throws {
    for head in [nil, try TestHeads.classification(), try TestHeads.tagging()] {
      let before = try adapter(method, head)
      let after = try Adapter(folder: saved(before, format), for: base.shape)
      #expect(after.name == before.name)
      #expect(
        JSON.object(after.configuration).text(.compactSorted)
          == JSON.object(before.configuration).text(.compactSorted))
      #expect(after.tensors.mapValues(\.scalars) == before.tensors.mapValues(\.scalars))
      #expect(after.tensors.mapValues(\.shape) == before.tensors.mapValues(\.shape))
      #expect(after.headTensors.mapValues(\.scalars) == before.headTensors.mapValues(\.scalars))
      #expect(after.head?.labels.names == before.head?.labels.names)
      #expect(after.head?.configuration == before.head?.configuration)
    }
  }

  @Test(arguments: Adapter.Format.allCases)
  func `holds the files of its format and no others`(_ format: Adapter.Format) throws {
    _ = try saved(adapter("lora", TestHeads.classification()), format)
    var expected = ["adapter_config.json", "head_config.json"]
    if format != .torch { expected += ["adapter.safetensors", "model_head.safetensors"] }
    if format != .safetensors { expected += ["pytorch_adapter.bin", "pytorch_model_head.bin"] }
    #expect(try temporary.files(in: "saved") == expected.sorted())
    #expect(try temporary.files(in: "") == ["saved"])
  }

  @Test func `is replaced whole`() throws {
    _ = try saved(adapter("lora", TestHeads.classification()), .both)
    let folder = try saved(adapter("seq_bn"), .torch)
    #expect(try temporary.files(in: "saved") == ["adapter_config.json", "pytorch_adapter.bin"])
    #expect(try Adapter(folder: folder, for: base.shape).head == nil)
    #expect(try temporary.files(in: "") == ["saved"])
  }

  @Test func `keeps what its configuration says beyond its method`() throws {
    var adapter = try adapter("lora")
    adapter.metadata["trained_for"] = .string("a test")
    let loaded = try Adapter(folder: saved(adapter), for: base.shape)
    #expect(loaded.metadata["trained_for"] == .string("a test"))
    let again = try Adapter(folder: saved(loaded), for: base.shape)
    #expect(again.metadata["trained_for"] == .string("a test"))
  }

  @Test(arguments: [nil, JSON.null], [Adapter.Format.torch, .safetensors])
  func `has the name that its tensors say, where its configuration has none`(
    _ name: JSON?, _ format: Adapter.Format
  ) throws {
    let before = try adapter("seq_bn|lora", TestHeads.classification())
    let folder = try saved(before, format)
    for file in ["adapter_config.json", "head_config.json"] {
      try temporary.edit("saved/\(file)") { $0["name"] = name }
    }
    let after = try Adapter(folder: folder, for: base.shape)
    #expect(after.name == "task")
    #expect(after.tensors.mapValues(\.scalars) == before.tensors.mapValues(\.scalars))
    #expect(after.headTensors.mapValues(\.scalars) == before.headTensors.mapValues(\.scalars))
    let renamed = try Adapter(folder: folder, for: base.shape, name: "other")
    #expect(renamed.tensors.keys.allSatisfy { $0.contains(".other.") })
  }

  @Test func `without a name cannot hold the tensors of two adapters`() throws {
    let folder = try saved(adapter("lora"))
    try temporary.edit("saved/adapter_config.json") { $0["name"] = nil }
    try temporary.editTensors("saved/adapter.safetensors") { tensors in
      for (key, tensor) in tensors {
        let other = key.replacing(".task.", with: ".other.")
        tensors[other] = NamedTensor(name: other, shape: tensor.shape, floats: tensor.floats)
      }
    }
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape)
    }
    #expect(failure.problem.contains("other, task"))
  }

  @Test func `may be given another name`() throws {
    let loaded = try Adapter(
      folder: saved(adapter("lora|seq_bn", TestHeads.tagging())), for: base.shape, name: "other")
    #expect(loaded.name == "other")
    #expect(loaded.tensors.keys.allSatisfy { $0.contains(".other.") })
    #expect(loaded.headTensors.keys.allSatisfy { $0.hasPrefix("heads.other.") })
  }

  // MARK: Goldens

  /// An adapter of the Python library and the base model it is tried on.
  struct Golden: Hashable, Sendable, CustomTestStringConvertible {
    let base, folder: String
    var testDescription: String { folder }

    static let all: [Golden] = Set(
      Goldens.cases.flatMap { golden in
        golden.adapters.map { Golden(base: golden.base, folder: $0.folder) }
      }
    ).sorted { $0.folder < $1.folder }
  }

  @Test(arguments: Golden.all, [Adapter.Format.torch, .safetensors])
  func `saved again gives the same logits`(_ golden: Golden, _ format: Adapter.Format) throws {
    let base = try Goldens.base(golden.base)
    let original = try Adapter(folder: "\(Goldens.folder)/\(golden.folder)", for: base.shape)
    let folder = "\(temporary.path)/again"
    try original.save(to: folder, base: base.shape, format: format)
    let again = try Adapter(folder: folder, for: base.shape)
    let sequences = `The gradient of an adapter`.sequences
    func outputs(_ adapter: Adapter) throws -> [ModelOutput] {
      let bound = BoundAdapter(adapter, to: base)
      return try base.forward(sequences.map { ModelInput($0, bound) }, hiddenStates: .last)
    }
    for (a, b) in zip(try outputs(again), try outputs(original)) {
      #expect(a.hidden.scalars == b.hidden.scalars)
      #expect(a.logits?.scalars == b.logits?.scalars)
    }
  }

  @Test(arguments: Golden.all)
  func `says what the Python library's says`(_ golden: Golden) throws {
    let base = try Goldens.base(golden.base)
    let python = "\(Goldens.folder)/\(golden.folder)"
    let adapter = try Adapter(folder: python, for: base.shape)
    for file in ["adapter_config.json", "head_config.json"] where fileExists("\(python)/\(file)") {
      guard case .object(let expected) = try JSON(contentsOf: "\(python)/\(file)") else { continue }
      // Older libraries' files, and classes of other names, are saved as the current ones.
      let version = expected["version"] ?? .null
      guard version == .string("adapters.1.3.0"), case .object = expected["config"] else {
        continue
      }
      guard case .object(let ours) = try JSON(contentsOf: "\(saved(adapter))/\(file)") else {
        continue
      }
      for (key, value) in expected.members where !["model_name", "model_class"].contains(key) {
        #expect(
          ours[key]?.text(.compactSorted) == value.text(.compactSorted), "\(key) of \(file)")
      }
      let added = ours.keys.filter { expected[$0] == nil }
      #expect(added.allSatisfy { $0 == "base_fingerprint" }, "\(added) of \(file)")
    }
  }

  @Test(arguments: Golden.all.filter { $0.folder.contains("ln_") })
  func `holds a tensor under each name that the Python library looks for`(_ golden: Golden) throws {
    let base = try Goldens.base(golden.base)
    let python = "\(Goldens.folder)/\(golden.folder)"
    let folder = try saved(Adapter(folder: python, for: base.shape), .torch)
    #expect(
      try TensorFile(folder + "/pytorch_adapter.bin").names.sorted()
        == TensorFile(python + "/pytorch_adapter.bin").names.sorted())
  }

  // MARK: Other models

  @Test func `is refused by a base model it was not trained on, unless forced`() throws {
    let folder = try saved(adapter("lora"))
    let path = Goldens.folder + "/base/config.json"
    let other = try BaseModel(
      Field(JSON(contentsOf: path), file: path), random: Random(seed: 9), name: "another")
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: other.shape)
    }
    #expect(failure.path == folder + "/adapter_config.json")
    #expect(failure.description.contains(base.shape.fingerprint?.short ?? "?"))
    #expect(failure.description.contains(other.shape.fingerprint?.short ?? "?"))
    #expect(failure.hint?.contains("--force") == true)
    let forced = try Adapter(folder: folder, for: other.shape, ignoringBase: true)
    #expect(!forced.tensors.isEmpty)
  }

  @Test func `is refused by a model of another kind or size`() throws {
    let folder = try saved(adapter("lora"))
    try expectFailure(folder, "$.config", "no method is named foo") { $0["config"] = "foo" }
    try expectFailure(folder, "$.model_type", "roberta") { $0["model_type"] = .string("roberta") }
    try expectFailure(folder, "$.hidden_size", "768") { $0["hidden_size"] = .integer(768) }
  }

  private func expectFailure(
    _ folder: String, _ place: String, _ text: String, _ change: (inout JSON.Object) -> Void
  ) throws {
    let original = try readFile(folder + "/adapter_config.json")
    try temporary.edit("saved/adapter_config.json", change)
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape)
    }
    #expect(failure.place == place)
    #expect(failure.description.contains(text))
    try writeAtomically(original, to: folder + "/adapter_config.json")
  }

  // MARK: Broken tensors

  /// A way to break a file, and what the failure must name.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription, names: String
    let apply: @Sendable (inout [String: NamedTensor]) -> Void
  }

  static let key = "bert.encoder.layer.1.output.adapters.task.adapter_up.weight"
  static let headKey = "heads.task.1.weight"

  static func damages(_ key: String) -> [Damage] {
    func replacing(_ floats: [Float], _ shape: [Int])
      -> @Sendable (inout [String: NamedTensor]) -> Void
    {
      { $0[key] = NamedTensor(name: key, shape: shape, floats: floats) }
    }
    return [
      Damage(testDescription: "missing", names: key) { $0[key] = nil },
      Damage(testDescription: "extra", names: "\(key).more") {
        $0["more"] = NamedTensor(name: "\(key).more", shape: [1], floats: [1])
      },
      Damage(testDescription: "misshapen", names: key, apply: replacing([1, 2], [2])),
      Damage(testDescription: "empty", names: key, apply: replacing([], [0, 4])),
      Damage(testDescription: "not finite", names: key) { tensors in
        guard let tensor = tensors[key] else { return }
        tensors[key] = NamedTensor(
          name: key, shape: tensor.shape, floats: [.nan] + tensor.floats.dropFirst())
      },
    ]
  }

  @Test(arguments: damages(key)) func `is refused with the tensor named`(_ damage: Damage) throws {
    let folder = try saved(adapter("seq_bn[reduction_factor=8]"))
    try temporary.editTensors("saved/adapter.safetensors", damage.apply)
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape)
    }
    #expect(failure.path == folder + "/adapter.safetensors")
    #expect(failure.description.contains(damage.names))
  }

  @Test(arguments: damages(headKey))
  func `is refused with the head's tensor named`(_ damage: Damage) throws {
    let folder = try saved(adapter("lora", TestHeads.classification()))
    try temporary.editTensors("saved/model_head.safetensors", damage.apply)
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape)
    }
    #expect(failure.path == folder + "/model_head.safetensors")
    #expect(failure.description.contains(damage.names))
  }

  @Test func `is not written when a tensor is not finite`() throws {
    let folder = try saved(adapter("lora"))
    let before = try readFile(folder + "/adapter.safetensors")
    var broken = try adapter("lora")
    let key = try #require(broken.tensors.keys.sorted().first)
    broken.tensors[key] = broken.tensors[key].map { $0 * .infinity }
    let failure = try #require(throws: FileFailure.self) { try saved(broken) }
    #expect(failure.place == "tensor \(key)")
    #expect(try readFile(folder + "/adapter.safetensors") == before)
    #expect(try temporary.files(in: "") == ["saved"])
  }

  @Test func `without tensors says so`() throws {
    let folder = try saved(adapter("lora"))
    try writeFolderAtomically(folder) { temporary in
      try writeAtomically(
        "{\"config\": \"lora\", \"name\": \"x\"}", to: temporary + "/adapter_config.json")
    }
    let failure = try #require(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape)
    }
    #expect(failure.path == folder)
    #expect(failure.description.contains("adapter.safetensors nor pytorch_adapter.bin"))
  }

  @Test(arguments: [
    "", "a.b", "a/b", "../x", "a\\b", "a\nb", "a\0b", String(repeating: "x", count: 201),
  ])
  func `has no name that would not survive`(_ name: String) throws {
    let methods = try parseMethods("lora")
    #expect(throws: FileFailure.self) {
      try Adapter(name: name, methods: methods, for: base, seed: 1)
    }
    let folder = try saved(adapter("lora"))
    #expect(throws: FileFailure.self) {
      try Adapter(folder: folder, for: base.shape, name: name)
    }
    try temporary.edit("saved/adapter_config.json") { $0["name"] = .string(name) }
    #expect(throws: FileFailure.self) { try Adapter(folder: folder, for: base.shape) }
  }

  @Test(arguments: ["sst-2", "a b", "größe", "名前", "x:y", "task"])
  func `survives under any other name`(_ name: String) throws {
    let fresh = try Adapter(
      name: name, methods: parseMethods("seq_bn|lora"), for: base,
      head: TestHeads.classification(), seed: 1)
    for format in Adapter.Format.allCases {
      let loaded = try Adapter(folder: saved(fresh, format), for: base.shape)
      #expect(loaded.name == name)
      #expect(loaded.tensors.mapValues(\.scalars) == fresh.tensors.mapValues(\.scalars))
      #expect(loaded.headTensors.mapValues(\.scalars) == fresh.headTensors.mapValues(\.scalars))
    }
  }
}
