import Files
import Testing

/// The commands that a help text lists.
private func subcommands(_ path: [String]) throws -> [String] {
  let help = try Program(path + ["--help"]).output
  let lines = help.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS:") }
  return lines.compactMap { line in
    let indentation = line.prefix { $0 == " " }.count
    let name = line.dropFirst(indentation).prefix { $0 != " " }
    return indentation == 2 && name != "See" ? String(name) : nil
  }
}

@Suite struct `The command line` {
  @Test func `explains every command with an example`() throws {
    let commands = try subcommands([])
    #expect(Set(["forward", "tokenize", "inspect", "verify", "bench"]).isSubset(of: commands))
    let benchmarks = try subcommands(["bench"])
    #expect(benchmarks.contains("tokenize"))
    for command in commands {
      let help = try Program([command, "--help"])
      #expect(help.status == 0)
      #expect(help.output.contains("Example"), "\(command)")
      #expect(help.output.contains("adapterhub \(command)"), "\(command)")
      #expect(help.errors.isEmpty)
    }
    let examples = try Program(["bench", "--help"]).output
    for benchmark in benchmarks {
      #expect(examples.contains("adapterhub bench \(benchmark)"), "\(benchmark)")
      let help = try Program(["bench", benchmark, "--help"]).output
      #expect(help.contains("OPTIONS:"))
      #expect(help.contains("adapterhub bench \(benchmark) --"), "\(benchmark)")
    }
  }

  @Test(
    arguments: [
      ["fly"], ["forward"], ["tokenize"], ["inspect"], ["verify"], ["verify", "x", "--kind", "y"],
      ["forward", "--model", "m", "--input", "i", "--output", "o", "--threads", "0"],
      ["forward", "--model", "m", "--input", "i", "--output", "o", "--precision", "f31"],
      ["bench", "tokenize", "--model", "m", "--input", "i", "--rounds", "0"],
      ["inspect", "--what"], ["bench", "forward", "--config", "no-such"],
      ["bench", "train", "--lengths", "texts.jsonl"],
      ["predict", "--model", "m", "--adapter", "a", "--setup", "", "Hi"],
    ])
  func `exits with 64 for wrong usage`(_ arguments: [String]) throws {
    let program = try Program(arguments)
    #expect(program.status == 64)
    #expect(program.errors.contains("Usage:"))
    #expect(program.output.isEmpty)
  }

  @Test(
    arguments: [
      ["--batch", "0"], ["--epochs", "0"], ["--learning-rate", "0"], ["--learning-rate", "nan"],
      ["--length", "0"], ["--warmup", "2"], ["--checkpoint-steps", "0"], ["--batch-tokens", "0"],
      ["--weight-decay=-1"], ["--name", "a=b"], ["--name", "a,b"], ["--name", "a b"],
      ["--name", "c(d)"],
    ])
  func `exits with 64 for settings that nothing can be learned with`(_ arguments: [String]) throws {
    let command = ["train", "--model", "/nowhere", "--task", "text-classification"]
    let program = try Program(command + ["--data", "d.jsonl", "--output", "o"] + arguments)
    #expect(program.status == 64)
    #expect(program.errors.contains("Usage: adapterhub train"))
    let option = arguments[0].prefix { $0 != "=" }
    #expect(program.errors.contains(option), "\(program.errors)")
  }

  @Test(arguments: ["abc", "0", "-1", "257", "4x"])
  func `refuses a number of threads in the environment that is none`(_ threads: String) throws {
    let program = try Program(
      ["verify", "\(Shared.goldens)/base"], environment: ["ADAPTERHUB_THREADS": threads])
    #expect(program.status == 64)
    #expect(program.errorLines.count == 1)
    #expect(program.errors.contains("ADAPTERHUB_THREADS=\(threads)"))
    for good in ["", "1", "256"] {
      let environment = ["ADAPTERHUB_THREADS": good]
      #expect(try Program(["--help"], environment: environment).status == 0)
    }
  }

  @Test func `refuses a length beyond the model in one line`() throws {
    try Program(["bench", "forward", "--config", "bert-tiny", "--length", "513"])
      .expectFailure(naming: "--length")
  }

  @Test(
    arguments: [
      ["--setup", "lo\nra"], ["--setup", "lo\u{1B}[31mra"],
      ["--setup", String(repeating: "stack(", count: 10_000)],
      ["--setup", String(repeating: "a", count: 10_000)],
    ])
  func `says what is wrong in one short line`(_ arguments: [String]) throws {
    let program = try Program(
      ["predict", "--model", "\(Shared.goldens)/base", "--adapter"]
        + ["\(Shared.goldens)/adapters/lora"] + arguments + ["play jazz"])
    program.expectFailure(naming: "setup")
    #expect(program.errors.utf8.count < 400)
    #expect(!program.errors.contains("\u{1B}"))
  }

  @Test(
    arguments: [
      ["forward", "--model", "/nowhere", "--input", "i", "--output", "o"],
      ["tokenize", "--model", "/nowhere"], ["inspect", "/nowhere"], ["verify", "/nowhere"],
      ["verify", "\(Shared.goldens)/adapters/lora", "--model", "/nowhere"],
      ["tokenize", "--model", "\(Shared.goldens)/base", "--input", "/nowhere"],
      ["bench", "tokenize", "--model", "\(Shared.goldens)/base", "--input", "/nowhere"],
      [
        "forward", "--model", "\(Shared.goldens)/base", "--adapter", "/nowhere", "--input", "i",
        "--output", "o",
      ],
      ["forward", "--model", "\(Shared.goldens)/base", "--input", "/nowhere", "--output", "o"],
    ])
  func `exits with 1 and names what is not there`(_ arguments: [String]) throws {
    try Program(arguments).expectFailure(naming: "/nowhere")
  }

  @Test(arguments: [
    ["tokenize", "--model", "lab/nothing"], ["inspect", "lab/nothing"],
    ["forward", "--model", "lab/nothing", "--input", "i", "--output", "o"],
    [
      "predict", "--model", "\(Shared.goldens)/base", "--adapter", "n=lab/nothing@v2", "text",
    ],
  ])
  func `says of an id that it is neither here nor in the cache`(_ arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let program = try Program(arguments, environment: ["HF_HOME": folder.path])
    program.expectFailure(naming: "lab/nothing")
    #expect(program.errors.contains("HF_HUB_OFFLINE"), "\(program.errors)")
  }

  @Test func `fails when its output cannot be written`() throws {
    let folder = try TemporaryFolder()
    try writeAtomically("{\"input_ids\": [2, 3]}\n", to: folder.path + "/ids.jsonl")
    let output = folder.path + "/none/out.safetensors"
    try Program([
      "forward", "--model", "\(Shared.goldens)/base", "--input", folder.path + "/ids.jsonl",
      "--output", output,
    ]).expectFailure(naming: output)
  }
}
