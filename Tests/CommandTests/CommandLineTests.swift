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
      #expect(try Program(["bench", benchmark, "--help"]).output.contains("OPTIONS:"))
    }
  }

  @Test(
    arguments: [
      ["fly"], ["forward"], ["tokenize"], ["inspect"], ["verify"], ["verify", "x", "--kind", "y"],
      ["forward", "--model", "m", "--input", "i", "--output", "o", "--threads", "0"],
      ["forward", "--model", "m", "--input", "i", "--output", "o", "--precision", "f31"],
      ["bench", "tokenize", "--model", "m", "--input", "i", "--rounds", "0"],
      ["inspect", "--what"],
    ])
  func `exits with 64 for wrong usage`(_ arguments: [String]) throws {
    let program = try Program(arguments)
    #expect(program.status == 64)
    #expect(program.errors.contains("Usage:"))
    #expect(program.output.isEmpty)
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

  @Test func `says of an id of a hub that it is not supported yet`() throws {
    let program = try Program(["tokenize", "--model", "sentence-transformers/all-MiniLM-L6-v2"])
    program.expectFailure(naming: "sentence-transformers/all-MiniLM-L6-v2")
    #expect(program.errors.contains("not supported yet"))
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
