import Files
import Testing

private let base = "\(Shared.goldens)/base"
private let adapter = "\(Shared.goldens)/adapters/lora"

@Suite struct `The predict command` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func predict(_ lines: String, _ arguments: [String] = [], model: String = base) throws
    -> Program
  {
    let path = folder.path + "/texts.jsonl"
    try writeAtomically(lines, to: path)
    return try Program(
      ["predict", "--model", model, "--adapter", adapter, "--input", path, "--json"] + arguments)
  }

  @Test(
    arguments: [
      ("{\"text\": \"\(String(repeating: "play ", count: 600))\"}", "tokens long"),
      ("{\"text\": \"play\", \"setup\": \"stack(lora\"}", "expected , or )"),
      ("{\"text\": \"play\", \"setup\": \"other\"}", "no adapter is named other"),
      ("{\"text\": \"play\", \"setup\": \"\"}", "no adapter is named"),
      ("{\"text\": 1}", "expected a string"), ("{\"text\"", "column 8"),
    ])
  func `names the line of a text that cannot be answered`(
    _ line: String, _ problem: String
  ) throws {
    for arguments in [[], ["--setup", "lora"]] {
      let program = try predict("{\"text\": \"play jazz\"}\n\n\(line)\n", arguments)
      program.expectFailure(naming: folder.path + "/texts.jsonl: line 3")
      #expect(program.errors.contains(problem), "\(program.errors)")
    }
  }

  @Test func `reads a byte order mark, and null for the command's setup`() throws {
    let plain = try predict("{\"text\": \"play jazz\"}\n")
    #expect(plain.status == 0, "\(plain.errors)")
    for line in ["\u{FEFF}{\"text\": \"play jazz\"}", "{\"text\": \"play jazz\", \"setup\": null}"]
    {
      #expect(try predict(line).output == plain.output)
    }
  }

  @Test(arguments: [1, 2])
  func `says of a model without room for text which it is`(_ positions: Int) throws {
    let model = folder.path + "/model"
    try makeFolder(model)
    for name in try namesInFolder(base) {
      try writeAtomically(readFile("\(base)/\(name)"), to: "\(model)/\(name)")
    }
    guard case .object(var configuration) = try JSON(contentsOf: model + "/config.json") else {
      return
    }
    configuration["max_position_embeddings"] = .integer(positions)
    try writeAtomically(
      JSON.object(configuration).text(.compact), to: model + "/config.json")
    let tensors = try TensorFile(model + "/model.safetensors").tensors.values.map { tensor in
      let isCut = tensor.name.hasSuffix("position_embeddings.weight")
      let shape = isCut ? [positions] + tensor.shape.dropFirst() : tensor.shape
      return NamedTensor(
        name: tensor.name, shape: shape,
        floats: Array(try tensor.floats().prefix(shape.reduce(1, *))))
    }
    try writeSafetensors(tensors, to: model + "/model.safetensors")
    try predict("{\"text\": \"play\"}", ["--truncate"], model: model)
      .expectFailure(naming: model + "/config.json: $.max_position_embeddings")
  }
}
