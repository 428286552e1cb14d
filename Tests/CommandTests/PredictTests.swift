import Files
import Foundation
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

  @Test func `answers a line before the next one comes`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = [
      "predict", "--model", base, "--adapter", adapter, "--input", "-", "--json",
    ]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    for row in 0..<3 {
      try input.fileHandleForWriting.write(contentsOf: Data("{\"text\": \"play jazz\"}\n".utf8))
      // Returns when there is something; a program that waited for the end would never answer.
      let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      #expect(answer.hasPrefix("{\"row\": \(row), "), "\(answer)")
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func `answers a question about a context`() throws {
    let arguments = [
      "predict", "--model", base, "--adapter", "\(Shared.goldens)/questions/questions", "--json",
    ]
    let given = try Program(
      arguments + ["--question", "what was the film?", "--context", "the film was bad"])
    #expect(given.status == 0, "\(given.errors)")
    #expect(given.output.contains("\"answer\": "), "\(given.output)")
    let line = #"{"question": "what was the film?", "context": "the film was bad"}"#
    let read = try Program(arguments + ["--input", "-"], input: line + "\n")
    #expect(read.output == given.output)
    try Program(arguments + ["a film"]).expectFailure(naming: "a question without a context")
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
