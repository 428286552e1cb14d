import Files
import Testing
import Tokenization

@Suite struct `The tokenize command` {
  private let model = "\(Shared.goldens)/base"

  @Test func `gives what the library gives, line by line`() throws {
    let rows: [(text: String, pair: String?)] = [
      ("play some jazz", nil), ("", nil), ("Jäzz 😀\u{301}!", "how \"cold\" is it?"), ("a\tb", nil),
    ]
    let input = rows.map { row -> String in
      var object: JSON.Object = ["text": .string(row.text)]
      if let pair = row.pair { object["pair"] = .string(pair) }
      return JSON.object(object).text(.compact)
    }.joined(separator: "\n\n")
    let program = try Program(["tokenize", "--model", model], input: input)
    #expect(program.status == 0, "\(program.errors)")
    let tokenizer = try Tokenizer(folder: model)
    let lines = program.output.split(separator: "\n")
    #expect(lines.count == rows.count)
    for (line, row) in zip(lines, rows) {
      let encoding = try tokenizer.encode(row.text, pair: row.pair)
      let found = Field(try JSON(parsing: Array(line.utf8), path: "output"), file: "output")
      func integers(_ field: Field) throws -> [Int] { try field.array().map { try $0.integer() } }
      let ids = try integers(found.required("ids"))
      #expect(ids == encoding.ids.map { Int($0) })
      #expect(try integers(found.required("type_ids")) == encoding.typeIds.map { Int($0) })
      #expect(
        try found.required("tokens").array().map { try $0.string() }
          == tokenizer.tokens(of: encoding))
      #expect(
        try found.required("offsets").array().map(integers)
          == encoding.offsets.map { [$0.lowerBound, $0.upperBound] })
    }
  }

  @Test func `gives the ids that forward reads`() throws {
    let folder = try TemporaryFolder()
    let tokens = try Program(
      ["tokenize", "--model", model], input: "{\"text\": \"play\", \"pair\": \"jazz\"}")
    let found = try JSON(parsing: Array(tokens.output.utf8), path: "output")
    let row: JSON = [
      "input_ids": found["ids"] ?? .null, "token_type_ids": found["type_ids"] ?? .null,
    ]
    try writeAtomically(row.text(.compact), to: folder.path + "/ids.jsonl")
    let forward = try Program([
      "forward", "--model", model, "--input", folder.path + "/ids.jsonl", "--output",
      folder.path + "/out.safetensors",
    ])
    #expect(forward.status == 0, "\(forward.errors)")
  }

  @Test(arguments: [("{\"text\"", "line 2, column 8"), ("{\"words\": 1}", "\"text\" is missing")])
  func `names the line that is broken`(_ line: String, _ message: String) throws {
    let program = try Program(
      ["tokenize", "--model", model], input: "{\"text\": \"a\"}\n\(line)\n")
    #expect(program.status == 0, "\(program.errors)")
    let lines = program.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 2)
    let last = try #require(lines.last)
    #expect(last.hasPrefix("{\"row\": 1, \"error\": {\"message\": "))
    let found = try JSON(parsing: Array(last.utf8), path: "output")
    guard case .string(let text)? = found["error"]?["message"] else { return }
    #expect(text.contains(message), "\(text)")
    let strict = try Program(
      ["tokenize", "--model", model, "--strict"], input: "{\"text\": \"a\"}\n\(line)\n")
    #expect(strict.status == 65)
    #expect(strict.errors == "adapterhub: \(text)\n")
  }

  @Test func `is timed over the lines of a file`() throws {
    let program = try Program([
      "bench", "tokenize", "--model", model, "--input", #filePath, "--rounds", "1", "--json",
    ])
    #expect(program.status == 0, "\(program.errors)")
    let found = try JSON(parsing: Array(program.output.utf8), path: "output")
    for key in ["milliseconds", "tokens", "megabytes_per_second", "tokens_per_second"] {
      #expect(found[key] != nil, "\(key)")
    }
    #expect(found["milliseconds"]?["min"] != nil)
  }
}
