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

@Suite struct `A configuration` {
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
