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
    let texts = "{\"text\": \"play jazz\"}\n\n\(line)\n{\"text\": \"jazz\"}\n"
    for arguments in [[], ["--setup", "lora"]] {
      let program = try predict(texts, arguments)
      #expect(program.status == 0, "\(program.errors)")
      #expect(program.errors == "adapterhub: 1 line of 3 could not be answered\n")
      let lines = try program.output.split(separator: "\n").map { line in
        try JSON(parsing: Array(line.utf8), path: "output")
      }
      #expect(lines.map { $0["row"] } == [0, 1, 2])
      #expect(lines[0]["result"] != nil && lines[2]["result"] != nil)
      guard case .string(let message)? = lines[1]["error"]?["message"] else {
        Issue.record("no message in \(program.output)")
        continue
      }
      #expect(message.hasPrefix(folder.path + "/texts.jsonl: line 3"), "\(message)")
      #expect(message.contains(problem), "\(message)")
      let strict = try predict(texts, arguments + ["--strict"])
      #expect(strict.status == 65)
      #expect(strict.errors == "adapterhub: \(message)\n")
      #expect(program.output.hasPrefix(strict.output))
      #expect(strict.output.split(separator: "\n").count == 1)
    }
  }

  @Test func `answers by several adapters in one line`() throws {
    let arguments = ["--adapter", "\(Shared.goldens)/adapters/head_tagging"]
    let text = "{\"text\": \"play jazz\", \"id\": \"x\"}\n"
    let both = try predict(text, arguments)
    #expect(both.status == 0, "\(both.errors)")
    let found = try JSON(parsing: Array(both.output.utf8), path: "output")
    #expect(found["row"] == 0 && found["id"] == "x" && found["result"] == nil)
    var alone: [JSON] = []
    for name in ["lora", "head_tagging"] {
      let one = try predict(text, arguments + ["--setup", name])
      let json = try JSON(parsing: Array(one.output.utf8), path: "output")
      alone.append(["adapter": json["adapter"] ?? .null, "result": json["result"] ?? .null])
    }
    #expect(found["answers"] == .array(alone))
    let parallel = try predict(text, arguments + ["--setup", "parallel(lora,head_tagging)"])
    #expect(parallel.output == both.output)
  }

  @Test func `shares out the rows of an input, and says when there are others`() throws {
    let arguments = ["--adapter", "b=\(Shared.goldens)/adapters/seq_bn"]
    let setup = ["--setup", "batch_split(lora:2,b:1)"]
    let row = "{\"text\": \"play jazz\"}\n"
    let whole = try predict(row + row + row, arguments + setup)
    #expect(whole.status == 0, "\(whole.errors)")
    let names = try whole.output.split(separator: "\n").map { line in
      try JSON(parsing: Array(line.utf8), path: "output")["adapter"]
    }
    #expect(names == ["lora", "lora", "b"])
    let fewer = try predict(row + row, arguments + setup)
    #expect(fewer.status == 1 && fewer.errors.contains("splits 3 rows, and the input has 2"))
    let more = try predict(row + row + row + row, arguments + setup)
    #expect(more.status == 1 && more.output.contains("splits 3 rows, and the input has more"))
    try Program(
      [
        "predict", "--model", base, "--adapter", adapter, "--setup", "batch_split(lora:2)", "play",
      ]
    ).expectFailure(naming: "splits 2 rows, and the input has 1")
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
