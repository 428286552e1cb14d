import Adapters
import Files
import Testing

/// The corpus' kinds in the words of `--kind`.
private let kinds: [String: FileKind] = [
  "safetensors": .safetensors, "torch_bin": .torch, "config_json": .config,
  "tokenizer_json": .tokenizer, "adapters_dir": .adapter, "data_csv": .csv, "data_jsonl": .jsonl,
  "data_conll": .conll, "data_squad": .squad,
]

/// Those that this version reads: byte-pair encoding comes later.
private let corpus = Shared.rows(Set(kinds.keys)).filter { file in
  file.kind != "tokenizer_json" || !file.problem.contains("BPE")
}

private let adapterBase = "\(Shared.badFiles)/adapters/BASE_config.json"

@Suite(.enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"))
struct `A verification` {
  @Test func `covers every kind of the corpus that this version reads`() {
    #expect(Set(corpus.map(\.kind)) == Set(kinds.keys))
  }

  @Test(arguments: corpus)
  func `refuses what is broken, and takes what is good`(_ file: BadFile) throws {
    let kind = try #require(kinds[file.kind])
    do {
      let line = try verify(file.path, as: kind, model: kind == .adapter ? adapterBase : nil)
      #expect(file.isAccepted, "\(file) was accepted: \(line)")
      #expect(line.hasPrefix(kind.rawValue))
    } catch let failure as FileFailure {
      #expect(!file.isAccepted, "\(file) was refused: \(failure)")
      #expect(
        failure.path.hasPrefix(file.path.last == "/" ? String(file.path.dropLast()) : file.path))
      #expect(!failure.problem.isEmpty)
      #expect(!failure.description.contains("\n"))
      #expect(failure.description.utf8.count < 1_000)
    }
  }

  @Test(arguments: Shared.rows(["card_md"]))
  func `of a card says the line, and takes what is good`(_ file: BadFile) throws {
    let program = try Program(["verify", file.path])
    if file.isAccepted {
      #expect(program.status == 0, "\(file): \(program.errors)")
      #expect(program.output.contains(": card: "), "\(program.output)")
    } else {
      program.expectFailure(naming: "\(file.path): line ")
    }
  }

  @Test(arguments: corpus.filter { $0.isAccepted })
  func `recognises what is good`(_ file: BadFile) throws {
    #expect(try FileKind(recognising: file.path) == kinds[file.kind])
  }

  @Test(
    arguments: [
      "safetensors/len_u64max.safetensors", "safetensors/deep_nesting.safetensors",
      "torch_bin/global_print.bin", "torch_bin/deep_nesting.bin", "config/layers_huge.json",
      "config/bom.json", "tokenizer/template_missing_special.json", "adapters/rf_zero/",
      "adapters/weights_nan/", "adapters/weights_missing_layer/", "data_csv/invalid_utf8.csv",
      "data_jsonl/truncated_last.jsonl", "data_conll/wrong_columns.conll",
      "data_squad/start_beyond.json",
    ])
  func `fails in the program with one line and exit code 1`(_ name: String) throws {
    let path = "\(Shared.badFiles)/\(name)"
    let kind = try #require(
      corpus.first { $0.name == name }.flatMap { kinds[$0.kind] })
    try Program(["verify", path, "--kind", kind.rawValue, "--model", adapterBase])
      .expectFailure(naming: name.last == "/" ? String(name.dropLast()) : name)
  }

  @Test(
    arguments: [
      "safetensors/ok_scalar.safetensors", "torch_bin/ok_legacy.bin", "config/ok_bert.json",
      "adapters/ok_with_head/", "data_csv/ok_bom.csv",
    ])
  func `says in the program what a good file is`(_ name: String) throws {
    let program = try Program(["verify", "\(Shared.badFiles)/\(name)", "--model", adapterBase])
    #expect(program.status == 0, "\(program.errors)")
    #expect(program.output.split(separator: "\n").count == 1)
    #expect(program.errors.isEmpty)
  }
}

@Suite struct `A kind of file` {
  @Test func `that comes later is named as such`() throws {
    for kind in [FileKind.card, .gguf] {
      let failure = #expect(throws: FileFailure.self) {
        try verify("\(Shared.package)/Package.swift", as: kind)
      }
      #expect(failure?.problem.contains("in this version") == true)
    }
  }

  @Test func `that nobody knows is refused with the kinds there are`() throws {
    let failure = #expect(throws: FileFailure.self) { try verify(#filePath) }
    #expect(failure?.hint?.contains("safetensors") == true)
  }

  @Test func `is found for a whole model and an adapter`() throws {
    let model = try verify("\(Shared.goldens)/base")
    #expect(model.hasPrefix("model: bert, 3 layers"))
    let adapter = try verify("\(Shared.goldens)/adapters/lora/", model: "\(Shared.goldens)/base")
    #expect(adapter == "adapter: lora, lora, 3072 parameters")
  }
}

@Suite struct `The verify command` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// A copy of an adapter's folder, whose files may be changed.
  private func adapter() throws -> String {
    let source = "\(Shared.goldens)/adapters/seq_bn"
    let copy = folder.path + "/seq_bn"
    try makeFolder(copy)
    for name in try namesInFolder(source) {
      try writeAtomically(readFile("\(source)/\(name)"), to: "\(copy)/\(name)")
    }
    return copy
  }

  @Test func `prints one object of JSON, whatever it finds`() throws {
    let path = folder.path + "/rows.jsonl"
    try writeAtomically("{\"text\": \"a\", \"label\": \"b\"}\n", to: path)
    let good = try Program(["verify", path, "--json"])
    #expect(good.status == 0)
    #expect(good.output == "{\"ok\": true, \"kind\": \"jsonl\", \"problem\": null}\n")
    try writeAtomically("{\"text\": \"a\"}\n", to: path)
    for arguments in [[path], ["/nowhere"], [path, "--model", "/nowhere"]] {
      let bad = try Program(["verify", "--json"] + arguments)
      #expect(bad.status == 1)
      #expect(bad.errors.isEmpty)
      #expect(bad.output.hasSuffix("\n") && bad.output.count { $0 == "\n" } == 1)
      let json = try JSON(parsing: Array(bad.output.utf8), path: "output")
      #expect(json["ok"] == false)
      #expect(json["problem"] != .null)
    }
  }

  @Test func `reads data as the kind it is told, whatever it is called`() throws {
    let path = folder.path + "/rows.txt"
    for (kind, text) in [
      ("csv", "text,label\na,b\n"), ("jsonl", "{\"text\": \"a\", \"label\": \"b\"}\n"),
      ("conll", "a\tO\n"),
    ] {
      try writeAtomically(text, to: path)
      let program = try Program(["verify", path, "--kind", kind])
      #expect(program.output.hasPrefix("\(path): \(kind): 1 "), "\(program.errors)")
    }
  }

  @Test func `refuses the configurations of adapters and heads as those of models`() throws {
    let adapter = try adapter()
    for arguments in [
      ["\(adapter)/head_config.json"], ["\(adapter)/adapter_config.json", "--kind", "config"],
    ] {
      try Program(["verify"] + arguments).expectFailure(naming: arguments[0])
    }
  }

  @Test(arguments: ["pytorch_adapter.bin", "pytorch_model_head.bin"])
  func `reads the files that a loader would pass over`(_ name: String) throws {
    let adapter = try adapter()
    let path = "\(adapter)/\(name)"
    let twin = "\(adapter)/\(name.hasSuffix("adapter.bin") ? "adapter" : "model_head").safetensors"
    let tensors = try TensorFile(path).tensors.values.map {
      NamedTensor(name: $0.name, shape: $0.shape, floats: try $0.floats())
    }
    try writeSafetensors(tensors, to: twin)
    #expect(try Program(["verify", adapter]).status == 0)
    try writeAtomically(Array(readFile(path).prefix(1_000)), to: path)
    try Program(["verify", adapter]).expectFailure(naming: name)
    let changed = tensors.map {
      NamedTensor(name: $0.name, shape: $0.shape, floats: $0.floats.map { $0 + 1 })
    }
    for (other, problem) in [
      (Array(tensors.dropFirst()), "is missing"), (changed, "other values"),
      (
        tensors.map { NamedTensor(name: $0.name, shape: [1] + $0.shape, floats: $0.floats) },
        "shape"
      ),
    ] {
      try writeTorch(other, to: path)
      let program = try Program(["verify", adapter])
      program.expectFailure(naming: name)
      #expect(program.errors.contains(problem), "\(program.errors)")
    }
  }
}

@Suite struct `A configuration` {
  @Test(arguments: ["0", "-1", "1e-50", "1e300"])
  func `of an epsilon that is none in 32 bits is refused`(_ epsilon: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/config.json"
    try writeAtomically("{\"model_type\": \"bert\", \"layer_norm_eps\": \(epsilon)}", to: path)
    let failure = #expect(throws: FileFailure.self) { try verify(path) }
    #expect(failure?.place == "$.layer_norm_eps")
  }

  @Test func `of sensible sizes that no machine could hold is refused`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/config.json"
    try writeAtomically(
      """
      {"model_type": "bert", "hidden_size": 65536, "num_attention_heads": 64,
       "num_hidden_layers": 1000, "intermediate_size": 1048576, "vocab_size": 10000000}
      """, to: path)
    let failure = #expect(throws: FileFailure.self) { try verify(path) }
    #expect(failure?.problem.contains("GB") == true)
    try Program(["bench", "forward", "--config", path]).expectFailure(naming: path)
  }
}
