/// `adapterhub bench predict`: how fast texts are answered, tokenization included.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tokenization

struct BenchPredict: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Time answers to the texts of a file, from text to labels.",
    discussion: """
      Example:
        adapterhub bench predict --model all-MiniLM-L6-v2 --adapter adapters/intent \\
          --input dev.jsonl
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "A .jsonl file of texts.")
  var input: String

  @Option(help: "How many texts are answered at once.")
  var batch = 32

  @Option(help: "How many rounds to measure at least.")
  var rounds = 5

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard batch > 0, rounds > 0 else {
      throw ValidationError("--batch and --rounds are at least 1.")
    }
    guard adapters.adapters.count == 1 else {
      throw ValidationError("--adapter is given once: the adapter that answers.")
    }
  }

  func run() throws {
    let text = try model.loadText()
    guard let adapter = try adapters.load(for: text.base).first?.adapter else { return }
    let inputs = try readTexts(input)
    guard !inputs.isEmpty else { throw FileFailure(input, "holds no texts") }
    let tokens = try inputs.reduce(0) { try $0 + text.tokenizer.encode($1.text).count }
    let timing = try Timing(rounds: rounds, seconds: 1) {
      for start in stride(from: 0, to: inputs.count, by: batch) {
        let part = Array(inputs[start..<min(start + batch, inputs.count)])
        _ = try text.predict(part, with: adapter)
      }
    }
    let work = try inputs.reduce(0.0) {
      try $0 + text.base.traits.operations(tokens: text.tokenizer.encode($1.text).count)
    }
    try report(timing, tokens: tokens, operations: work, json)
  }
}

/// The texts of a .jsonl file.
func readTexts(_ path: String) throws -> [TextInput] {
  var lines = try LineReader(path)
  var texts: [TextInput] = []
  while let line = try lines.nextObject() { texts.append(try TextInput(line)) }
  return texts
}
