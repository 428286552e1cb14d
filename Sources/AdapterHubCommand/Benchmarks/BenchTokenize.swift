/// `adapterhub bench tokenize`: how fast texts become token ids.
import ArgumentParser
import Files
import Tokenization

struct BenchTokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Time the tokenization of a file's lines on one thread.",
    discussion: """
      Example:
        adapterhub bench tokenize --model all-MiniLM-L6-v2 --input wiki.txt
      """)

  @Option(help: "A model's folder with tokenizer.json or vocab.txt.")
  var model: String

  @Option(help: "A text file; each line is a text.")
  var input: String

  @Option(help: "How many rounds to measure at least.")
  var rounds = 5

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("--rounds is at least 1.") }
  }

  func run() throws {
    let tokenizer = try Tokenizer(folder: folderOrPulled(model, "model"))
    let (texts, bytes) = try read()
    var tokens = 0
    let timing = try Timing(rounds: rounds, seconds: 1) {
      tokens = 0
      for text in texts { tokens += try tokenizer.encode(text).count }
    }
    let perSecond = Double(tokens) / timing.least * 1e3
    let megabytes = Double(bytes) / timing.least / 1e3
    var output = StandardOutput()
    if json {
      let result: JSON = [
        "milliseconds": timing.json, "texts": .integer(texts.count), "tokens": .integer(tokens),
        "bytes": .integer(bytes), "tokens_per_second": .number(perSecond),
        "megabytes_per_second": .number(megabytes), "threads": 1,
        "rounds": .integer(timing.rounds.count),
      ]
      try output.line(result.text(.compact))
    } else {
      try output.line(
        "\(timing.least.formatted(digits: 2)) ms (median \(timing.median.formatted(digits: 2))), "
          + "\(tokens.grouped) tokens, \(megabytes.formatted(digits: 1)) MB/s, 1 thread")
    }
    try output.flush()
  }

  private func read() throws -> (texts: [String], bytes: Int) {
    var lines = try LineReader(input)
    var texts: [String] = []
    var bytes = 0
    while let line = try lines.next() {
      guard let text = String(validating: line, as: UTF8.self) else {
        throw FileFailure(input, at: "line \(lines.line)", "is not valid UTF-8")
      }
      texts.append(text)
      bytes += line.count
    }
    guard !texts.isEmpty else { throw FileFailure(input, "has no lines") }
    return (texts, bytes)
  }
}
