import Adapters
import BaseModels
import Files
import Testing

private let base = "\(Shared.goldens)/base"
private let schemaPath = "\(Shared.package)/Documentation/inspect.schema.json"

@Suite struct `The inspect command` {
  @Test func `tells people of an adapter in aligned lines`() throws {
    let program = try Program(["inspect", "\(Shared.goldens)/adapters/seq_bn", "--model", base])
    #expect(program.status == 0, "\(program.errors)")
    #expect(
      program.output == """
        adapter        seq_bn
        method         seq_bn
        configuration  9076f36a74755ac4
        parameters     486 (1.70 % of the base model)
        size           14,234 bytes
        base model     goldens/base, bert, width 32
        head           text-classification, 2 layers
        labels         play, light, weather

        """)
  }

  @Test func `tells programs of a union and its head`() throws {
    let folder = "\(Shared.goldens)/adapters/union_seq_bn_lora"
    let program = try Program(["inspect", folder, "--model", base, "--json"])
    let found = try JSON(parsing: Array(program.output.utf8), path: "output")
    #expect(found["method"] == "seq_bn|lora[r=4]")
    #expect(found["configuration_hash"] == "8545f97ad36d2f7d")
    #expect(found["parameters"] == 2022)
    #expect(
      found["settings"] == [
        ["name": "seq_bn", "differences": [:]], ["name": "lora", "differences": ["r": 4]],
      ])
    #expect(found["head"]?["labels"] == ["play", "light", "weather"])
  }

  @Test func `shows every tensor when asked`() throws {
    let folder = "\(Shared.goldens)/adapters/seq_bn"
    let lines = try Program(["inspect", folder, "--tensors"]).output.split(separator: "\n")
    let tensors = lines.drop { !$0.hasPrefix("tensor ") }
    #expect(tensors.count == 1 + 12 + 4)
    #expect(tensors.contains { $0.contains("adapter_down.0.weight") && $0.contains("2 × 32") })
  }

  /// A copy of the model whose tensors may be changed.
  private func model(
    in folder: TemporaryFolder, _ change: (NamedTensor) -> [NamedTensor]
  ) throws -> String {
    let copy = folder.path + "/model"
    try makeFolder(copy)
    for name in try namesInFolder(base) where name != "model.safetensors" {
      try writeAtomically(readFile("\(base)/\(name)"), to: "\(copy)/\(name)")
    }
    let tensors = try TensorFile(base + "/model.safetensors").tensors.values.flatMap {
      change(NamedTensor(name: $0.name, shape: $0.shape, floats: try $0.floats()))
    }
    try writeSafetensors(tensors, to: copy + "/model.safetensors")
    return copy
  }

  @Test func `lists what a model lacks and what it has besides`() throws {
    let folder = try TemporaryFolder()
    let model = try model(in: folder) { tensor in
      guard tensor.name.contains("layer.1.output.dense") else { return [tensor] }
      return [NamedTensor(name: "x." + tensor.name, shape: tensor.shape, floats: tensor.floats)]
    }
    let program = try Program(["inspect", model, "--json"])
    #expect(program.status == 0, "\(program.errors)")
    let found = try JSON(parsing: Array(program.output.utf8), path: "output")
    let names = ["bias", "weight"].map { "bert.encoder.layer.1.output.dense.\($0)" }
    guard case .array(let missing)? = found["missing"], case .array(let extra)? = found["extra"]
    else {
      Issue.record("no lists in \(program.output)")
      return
    }
    func texts(_ values: [JSON]) -> [String] {
      values.compactMap { if case .string(let text) = $0 { text } else { nil } }.sorted()
    }
    #expect(texts(missing) == names)
    #expect(Set(names.map { "x." + $0 }).isSubset(of: texts(extra)))
    #expect(found["fingerprint"] == .null)
    let people = try Program(["inspect", model]).output
    #expect(people.contains("missing") && people.contains(names[0]), "\(people)")
    for command in [
      ["verify", model], ["verify", "\(Shared.goldens)/adapters/lora", "--model", model],
    ] {
      try Program(command).expectFailure(naming: names[1])
    }
  }

  @Test func `opens a model without its numbers, which verify reads all`() throws {
    let folder = try TemporaryFolder()
    let model = try model(in: folder) { tensor in
      guard tensor.name.hasSuffix("layer.2.attention.output.dense.weight") else { return [tensor] }
      var floats = tensor.floats
      floats[floats.count - 1] = .nan
      return [NamedTensor(name: tensor.name, shape: tensor.shape, floats: floats)]
    }
    #expect(try Program(["inspect", model]).status == 0)
    try Program(["verify", model]).expectFailure(naming: "attention.output.dense.weight")
  }

  @Test(arguments: ["inspect", "verify", "tokenize --model", "predict --adapter x text --model"])
  func `says of another family that it is not there yet, and which are`(_ command: String) throws {
    let folder = try TemporaryFolder()
    let model = try model(in: folder) { [$0] }
    guard case .object(var configuration) = try JSON(contentsOf: model + "/config.json") else {
      return
    }
    configuration["model_type"] = "mamba2"
    try writeAtomically(JSON.object(configuration).text(.compact), to: model + "/config.json")
    let program = try Program(command.split(separator: " ").map(String.init) + [model])
    // The tokenizer does not ask what model it is for.
    guard !command.hasPrefix("tokenize") else { return #expect(program.status == 0) }
    program.expectFailure(naming: "models of type mamba2 are not supported yet")
    #expect(program.errors.contains("bert") && program.errors.contains("roberta"))
  }

  @Test func `refuses what has nothing to inspect`() throws {
    try Program(["inspect", base + "/tokenizer.json"]).expectFailure(naming: "tokenizer.json")
    let unknown = try Program(["inspect", #filePath])
    unknown.expectFailure(naming: #filePath)
    #expect(!unknown.errors.contains("--kind"))
  }

  @Test func `does nothing to a terminal, whatever a tensor is called`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/odd.safetensors"
    try writeSafetensors(
      [NamedTensor(name: "a\nb\u{1B}[31m", shape: [1], floats: [1])],
      metadata: ["c\nd": "e\u{7}"], to: path)
    let output = try Program(["inspect", path]).output
    #expect(output.contains("a\\u{a}b\\u{1b}[31m  F32"))
    #expect(output.contains("c\\u{a}d"))
    #expect(output.contains("e\\u{7}"))
  }
}

@Suite struct `The schema of inspect` {
  @Test func `describes adapters with and without base, head and tensors`() throws {
    let shape = try BaseShape(folder: base)
    for name in try namesInFolder("\(Shared.goldens)/adapters") {
      let folder = "\(Shared.goldens)/adapters/\(name)"
      try check(AdapterInspection(folder: folder).json(withTensors: false))
      try check(AdapterInspection(folder: folder, base: shape).json(withTensors: true))
    }
  }

  @Test func `describes models and files of tensors`() throws {
    try check(ModelInspection(folder: base).json(withTensors: true))
    try check(ModelInspection(folder: base).json(withTensors: false))
    try check(TensorFileInspection("\(base)/model.safetensors").json)
    try check(
      TensorFileInspection("\(Shared.goldens)/adapters/seq_bn/pytorch_adapter.bin").json)
  }

  @Test func `refuses other keys and other types`() throws {
    guard case .object(var object) = try ModelInspection(folder: base).json(withTensors: false)
    else { return }
    object["layers"] = "three"
    object["surprise"] = 1
    object["heads"] = nil
    let schema = try Schema()
    let problems = schema.problems(.object(object), schema.root["$defs"]?["model"] ?? .null)
    #expect(problems.count == 3, "\(problems)")
  }

  private func check(_ json: JSON) throws {
    let schema = try Schema()
    // What a program reads is the text.
    let read = try JSON(parsing: Array(json.text(.indentedSorted).utf8), path: "output")
    guard case .string(let kind) = read["kind"] else {
      Issue.record("no kind")
      return
    }
    let problems = schema.problems(read, schema.root["$defs"]?[kind] ?? .null)
    #expect(problems.isEmpty, "\(problems)")
  }
}

/// The part of JSON Schema that ours uses.
private struct Schema {
  let root: JSON

  init() throws { root = try JSON(contentsOf: schemaPath) }

  func problems(_ value: JSON, _ schema: JSON, at place: String = "$") -> [String] {
    if case .string(let reference) = schema["$ref"] {
      let name = String(reference.dropFirst("#/$defs/".count))
      return problems(value, root["$defs"]?[name] ?? .null, at: place)
    }
    if let constant = schema["const"] {
      return constant == value ? [] : ["\(place) is not \(constant.kind)"]
    }
    let types: [JSON] =
      if case .array(let types) = schema["type"] { types } else { [schema["type"] ?? .null] }
    guard types.contains(where: { matches(value, $0) }) else {
      return ["\(place) is \(value.kind), expected \(types.map(\.kind))"]
    }
    switch value {
    case .array(let elements):
      return elements.enumerated().flatMap { index, element in
        problems(element, schema["items"] ?? .null, at: "\(place)[\(index)]")
      }
    case .object(let object): return problems(object, schema, at: place)
    default: return []
    }
  }

  private func problems(_ object: JSON.Object, _ schema: JSON, at place: String) -> [String] {
    var problems: [String] = []
    if case .array(let required) = schema["required"] {
      for case .string(let key) in required where object[key] == nil {
        problems.append("\(place).\(key) is missing")
      }
    }
    guard let properties = schema["properties"] else { return problems }
    for (key, value) in object.members {
      if let property = properties[key] {
        problems += self.problems(value, property, at: "\(place).\(key)")
      } else if schema["additionalProperties"] == false {
        problems.append("\(place).\(key) is not described")
      }
    }
    return problems
  }

  private func matches(_ value: JSON, _ type: JSON) -> Bool {
    switch (type, value) {
    case ("string", .string), ("integer", .integer), ("number", .integer), ("number", .number),
      ("boolean", .bool), ("null", .null), ("array", .array), ("object", .object):
      true
    default: false
    }
  }
}
