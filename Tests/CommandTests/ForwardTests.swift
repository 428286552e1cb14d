import BaseModels
import Files
import Testing

private let base = "\(Shared.goldens)/base"

/// The Python library's cases, as `forward` reads them.
private struct Case: Sendable, CustomTestStringConvertible {
  let name, base: String
  let arguments: [String]
  let lines: [String]
  let hasLogits: [Bool]

  var testDescription: String { name }

  static let mixed: [Case] = {
    let path = "\(Shared.goldens)/cases.json"
    let cases = try? Field(JSON(contentsOf: path), file: path).required("cases").array()
    return (cases ?? []).compactMap { try? Case($0) }.filter { wanted.contains($0.name) }
  }()

  /// Mixed batches: rows of several adapters and of none, heads of every kind, stacks, splits.
  static let wanted: Set = [
    "rows_seq_bn_none_lora_stack", "rows_tagging_none_regression", "rows_union_attention_only",
    "batch_split_three", "stack_seq_bn_double_seq_bn", "base_alone",
  ]

  init(_ field: Field) throws {
    name = try field.required("name").string()
    base = try field.required("base").string()
    hasLogits = try field.required("has_logits").array().map { try $0.bool() }
    arguments =
      try field.required("adapters").array().flatMap { adapter in
        let folder = try adapter.required("folder").string()
        return [
          "--adapter", "\(try adapter.required("name").string())=\(Shared.goldens)/\(folder)",
        ]
      } + (try field["setup"].map { ["--setup", try $0.string()] } ?? [])
    let hasSetup = field["setup"] != nil
    lines = try field.required("rows").array().map { row in
      guard case .object(var object) = row.json else { throw row.failure("expected an object") }
      // In the goldens, a row without a setup in a batch without one is the base model alone.
      if row["setup"] == nil, !hasSetup { object["setup"] = "" }
      return JSON.object(object).text(.compact)
    }
  }
}

@Suite struct `The forward command` {
  @Test func `has mixed batches to be compared with`() {
    #expect(Case.mixed.count == Case.wanted.count)
  }

  @Test(arguments: Case.mixed)
  private func `gives what the Python library gives`(_ golden: Case) throws {
    let folder = try TemporaryFolder()
    let (input, output) = (folder.path + "/ids.jsonl", folder.path + "/out.safetensors")
    try writeAtomically(golden.lines.joined(separator: "\n"), to: input)
    let program = try Program(
      ["forward", "--model", "\(Shared.goldens)/\(golden.base)", "--hidden-states"]
        + golden.arguments + ["--input", input, "--output", output])
    #expect(program.status == 0, "\(program.errors)")
    let found = try TensorFile(safetensors: output).tensors
    let expected = try TensorFile("\(Shared.goldens)/expected.safetensors").tensors
    for row in golden.lines.indices {
      var names = ["last_hidden_state", "hidden.0"]
      if golden.hasLogits[row] { names.append("logits") }
      #expect((found["\(row).logits"] != nil) == golden.hasLogits[row])
      for name in names {
        guard let wanted = expected["\(golden.name)/\(row).\(name)"] else {
          #expect(name == "hidden.0", "the goldens lack \(golden.name)/\(row).\(name)")
          continue
        }
        let tensor = try #require(found["\(row).\(name)"])
        #expect(tensor.shape == wanted.shape, "\(row).\(name)")
        for (a, b) in zip(try tensor.floats(), try wanted.floats())
        where !(abs(a - b) <= 3e-4 + 1e-4 * abs(b)) {
          Issue.record("\(row).\(name): \(a), expected \(b)")
          break
        }
      }
    }
  }

  @Test(
    arguments: [
      ("{\"input_ids\": [2, 999999]}", "line 2: token id 999999"),
      ("{\"input_ids\": []}", "line 2: there are no tokens"),
      ("{\"input_ids\": [2, 3.5]}", "line 2, $.input_ids[1]: expected an integer"),
      ("{\"input_ids\": [2, -1]}", "line 2, $.input_ids[1]"),
      ("{\"input_ids\": [2, 3], \"token_type_ids\": [0]}", "line 2: 1 token types for 2 tokens"),
      ("{\"ids\": [2]}", "line 2, $: \"input_ids\" is missing"), ("[2, 3]", "line 2, $: expected"),
      ("{\"input_ids\": [2", "line 2, column 17"),
      ("{\"input_ids\": [2], \"setup\": \"stack(a\"}", "line 2: setup stack(a"),
      (
        "{\"input_ids\": [2], \"setup\": \"b\"}",
        "line 2: setup b: no adapter is named b (there are: a)"
      ),
    ])
  func `names the line and the place of a broken row`(_ line: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let input = folder.path + "/ids.jsonl"
    try writeAtomically("{\"input_ids\": [2, 3]}\n\(line)\n", to: input)
    let program = try Program([
      "forward", "--model", base, "--adapter", "a=\(Shared.goldens)/adapters/lora", "--input",
      input, "--output", folder.path + "/out.safetensors",
    ])
    program.expectFailure(naming: message)
    #expect(try namesInFolder(folder.path) == ["ids.jsonl"])
  }

  @Test func `takes a setup of null for the command's, and of nothing for the base model`() throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out.safetensors"
    let program = try Program(
      [
        "forward", "--model", base, "--adapter", "a=\(Shared.goldens)/adapters/lora", "--input",
        "-", "--output", output,
      ],
      input: """
        {"input_ids": [2, 3]}
        {"input_ids": [2, 3], "setup": null}
        {"input_ids": [2, 3], "setup": "a"}
        {"input_ids": [2, 3], "setup": ""}

        """)
    #expect(program.status == 0, "\(program.errors)")
    let tensors = try TensorFile(output).tensors
    let rows = try (0..<4).map { try tensors["\($0).last_hidden_state"]?.floats() }
    #expect(rows[0] == rows[1])
    #expect(rows[0] == rows[2])
    #expect(rows[0] != rows[3])
  }

  /// The tensors of an input that comes from a pipe.
  private func tensors(_ input: String, _ arguments: [String]) throws -> [String: StoredTensor] {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out.safetensors"
    let program = try Program(
      ["forward", "--model", base, "--input", "-", "--output", output] + arguments, input: input)
    #expect(program.status == 0, "\(program.errors)")
    return try TensorFile(safetensors: output, mapped: false).tensors
  }

  @Test func `gives each branch what it gives alone`() throws {
    let adapters = ["seq_bn", "lora", "head_tagging"].flatMap {
      ["--adapter", "\(Shared.goldens)/adapters/\($0)"]
    }
    func row(_ setup: String) -> String {
      "{\"input_ids\": [2, 45, 46, 3], \"setup\": \"\(setup)\"}\n"
    }
    let names = ["seq_bn", "lora", "head_tagging"]
    let alone = names.map(row).joined()
    let found = try tensors(
      alone + row("parallel(seq_bn,lora,head_tagging)"), adapters + ["--hidden-states"])
    for (index, name) in names.enumerated() {
      for kind in ["last_hidden_state", "logits", "hidden.0", "hidden.3"] {
        let branch = try #require(found["3.\(kind).\(name)"])
        let other = try #require(found["\(index).\(kind)"])
        #expect(branch.shape == other.shape)
        for (a, b) in zip(try branch.floats(), try other.floats()) { #expect(abs(a - b) < 1e-5) }
      }
    }
    #expect(found["3.logits"] == nil)
    #expect(
      try found["3.last_hidden_state"]?.floats() == found["3.last_hidden_state.seq_bn"]?.floats())
  }

  /// The Python library's models of other families, and those that were saved with a head.
  private struct Family: Sendable, CustomTestStringConvertible {
    let name, folder: String
    let lines: [String]
    let hasHead: Bool
    var testDescription: String { name }

    static let all: [Family] = {
      let path = "\(Shared.goldens)/families/families.json"
      let cases = try? Field(JSON(contentsOf: path), file: path).required("cases").array()
      let supported = Set(ModelFamilies.all.flatMap { $0.modelTypes })
      return (cases ?? []).compactMap { try? Family($0, supported) }
    }()

    private init?(_ field: Field, _ supported: Set<String>) throws {
      name = try field.required("name").string()
      folder = try field.required("folder").string()
      guard supported.contains(try field.required("model_type").string()),
        !name.hasPrefix("bert_relative")
      else { return nil }
      lines = try field.required("rows").array().map { $0.json.text(.compact) }
      hasHead = try field.required("has_logits").bool()
    }
  }

  @Test(arguments: Family.all)
  private func `gives the numbers of every family, with the checkpoint's own head`(
    _ family: Family
  ) throws {
    let folder = try TemporaryFolder()
    let output = folder.path + "/out.safetensors"
    let program = try Program(
      [
        "forward", "--model", "\(Shared.goldens)/\(family.folder)", "--input", "-", "--output",
        output,
        "--hidden-states",
      ], input: family.lines.joined(separator: "\n"))
    #expect(program.status == 0, "\(program.errors)")
    let found = try TensorFile(safetensors: output, mapped: false).tensors
    let expected = try TensorFile("\(Shared.goldens)/families/families.safetensors").tensors
    let model = try BaseShape(folder: "\(Shared.goldens)/\(family.folder)").traits
    for row in family.lines.indices {
      var names = (0...(model.stacks.last?.layers.count ?? 0)).map {
        ("hidden.\($0)", "hidden.\($0)")
      }
      if family.hasHead { names.append(("logits", "logits")) }
      if model.hasVocabularyHead { names.append(("logits", "lm_logits")) }
      for (name, golden) in names {
        let wanted = try #require(expected["\(family.name)/\(row).\(golden)"])
        let tensor = try #require(found["\(row).\(name)"], "\(row).\(name)")
        #expect(tensor.shape == wanted.shape, "\(row).\(name)")
        for (a, b) in zip(try tensor.floats(), try wanted.floats())
        where !(abs(a - b) <= 3e-4 + 1e-4 * abs(b)) {
          Issue.record("\(row).\(name): \(a), expected \(b)")
          break
        }
      }
    }
  }

  @Test func `tells branches of one name apart by their setups`() throws {
    let adapters = ["seq_bn", "lora"].flatMap { ["--adapter", "\(Shared.goldens)/adapters/\($0)"] }
    let input = """
      {"input_ids": [2, 3], "setup": "parallel(lora,stack(seq_bn,lora))"}
      {"input_ids": [2, 3], "setup": "parallel(lora,lora)"}
      """
    let names = try tensors(input, adapters).keys.filter { $0.contains("logits") }
    #expect(
      names.sorted() == [
        "0.logits.lora", "0.logits.stack(seq_bn,lora)", "1.logits.lora.0", "1.logits.lora.1",
      ])
  }

  @Test func `of nothing gives a file of nothing`() throws {
    #expect(try tensors("", []).isEmpty)
    #expect(try tensors("\n \n", []).isEmpty)
  }

  @Test func `refuses a decoder's tokens where there is no decoder`() throws {
    let folder = try TemporaryFolder()
    let input = folder.path + "/ids.jsonl"
    try writeAtomically("{\"input_ids\": [2, 3], \"decoder_input_ids\": [2]}\n", to: input)
    try Program(
      [
        "forward", "--model", base, "--input", input, "--output", folder.path + "/out.safetensors",
      ]
    ).expectFailure(naming: "line 1: there are decoder_input_ids, and the model has no decoder")
  }

  @Test func `takes no more memory for a long file than for a short one`() throws {
    let folder = try TemporaryFolder()
    let line = "{\"input_ids\": [\((0..<38).map { "\($0 % 50 + 4)" }.joined(separator: ", "))]}\n"
    func peak(_ rows: Int) throws -> Int {
      try writeAtomically(String(repeating: line, count: rows), to: folder.path + "/ids.jsonl")
      let program = try Program(
        [
          "forward", "--model", base, "--input", folder.path + "/ids.jsonl", "--hidden-states",
          "--threads", "1", "--output", folder.path + "/out.safetensors",
        ])
      #expect(program.status == 0, "\(program.errors)")
      return program.peakMemory
    }
    let (short, long) = (try peak(200), try peak(3_000))
    // Of which the tensors are 73 million bytes.
    #expect(long - short < 15_000_000, "\(short) and \(long) bytes")
  }

  /// A stream with a line that cannot be run between two that can.
  private static let stream = """
    {"input_ids": [2, 45, 3], "id": "first"}
    {"input_ids": [2, 999999], "id": 2}

    {"input_ids": [2, 3]}

    """

  /// The answers of a program, one a line.
  private func answers(_ program: Program) throws -> [Field] {
    try program.output.split(separator: "\n").map { line in
      try Field(JSON(parsing: Array(line.utf8), path: "answer"), file: "answer")
    }
  }

  @Test func `answers a stream line by line with the numbers`() throws {
    let command = ["forward", "--model", base, "--input", "-"]
    let program = try Program(
      command + ["--adapter", "\(Shared.goldens)/adapters/head_one_layer", "--hidden-states"],
      input: Self.stream)
    #expect(program.status == 0, "\(program.errors)")
    #expect(program.errors.contains("1 line of 3 could not be answered"))
    let answers = try answers(program)
    #expect(try answers.map { try $0.required("row").integer() } == [0, 1, 2])
    #expect(answers.map { $0.json["id"] } == [.string("first"), .integer(2), nil])
    #expect(
      try answers[1].required("error").required("message").string().contains("token id 999999"))
    let folder = try TemporaryFolder()
    let output = folder.path + "/out.safetensors"
    let written = try Program(
      command + [
        "--adapter", "\(Shared.goldens)/adapters/head_one_layer", "--hidden-states", "--output",
        output,
      ], input: Self.stream)
    #expect(written.status == 0, "\(written.errors)")
    let shapes = try self.answers(written)
    let tensors = try TensorFile(safetensors: output, mapped: false).tensors
    #expect(Set(tensors.keys.map { $0.prefix(2) }) == ["0.", "2."])
    for (name, tensor) in tensors {
      let (row, own) = (Int(name.prefix(1)) ?? 0, String(name.dropFirst(2)))
      let rows = try answers[row].required(own).array()
      let isMatrix = tensor.shape.count == 2
      let numbers = try isMatrix ? rows.flatMap { try $0.array() } : rows
      #expect(try numbers.map { Float(try $0.number()) } == tensor.floats(), "\(name)")
      let shape = try shapes[row].required("shapes").required(own).array().map { try $0.integer() }
      #expect(shape == tensor.shape)
    }
  }

  @Test func `ends at the first bad line of a stream with --strict, and leaves no file`() throws {
    let folder = try TemporaryFolder()
    let program = try Program(
      [
        "forward", "--model", base, "--input", "-", "--strict", "--output",
        folder.path + "/out.safetensors",
      ], input: Self.stream)
    #expect(program.status == 65, "\(program.errors)")
    #expect(program.errors.contains("line 2: token id 999999"))
    #expect(try answers(program).count == 1)
    #expect(try namesInFolder(folder.path).isEmpty)
  }

  @Test func `never replaces its own input`() throws {
    let folder = try TemporaryFolder()
    let input = folder.path + "/ids.jsonl"
    try writeAtomically("{\"input_ids\": [2, 3]}\n", to: input)
    for output in [input, folder.path + "/./ids.jsonl"] {
      try Program(["forward", "--model", base, "--input", input, "--output", output])
        .expectFailure(naming: output)
    }
    #expect(try namesInFolder(folder.path) == ["ids.jsonl"])
  }

  @Test func `asks for a setup where several adapters could act`() throws {
    let folder = try TemporaryFolder()
    let input = folder.path + "/ids.jsonl"
    try writeAtomically("{\"input_ids\": [2, 3]}\n", to: input)
    let adapters = ["seq_bn", "lora"].flatMap { ["--adapter", "\(Shared.goldens)/adapters/\($0)"] }
    let command =
      ["forward", "--model", base, "--input", input, "--output", folder.path + "/out.safetensors"]
    try Program(command + adapters).expectFailure(naming: "--setup")
    try Program(command + adapters + adapters.prefix(2)).expectFailure(naming: "--adapter other=")
    #expect(try Program(command + adapters + ["--setup", "seq_bn"]).status == 0)
  }
}
