/// `adapterhub evaluate`: how good an adapter is on labelled data.
import Adapters
import ArgumentParser
import Files

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score an adapter on labelled data.",
    discussion: """
      Examples:
        adapterhub evaluate --model all-MiniLM-L6-v2 --adapter adapters/intent --data test.jsonl
        adapterhub evaluate --model all-MiniLM-L6-v2 --adapter adapters/names --data test.conll --json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "The data: .jsonl, .csv, .tsv, CoNLL columns, or SQuAD .json.")
  var data: String

  @Option(help: "Cut rows to so many tokens; by default what the model reads.")
  var length: Int?

  @Option(help: "Leave out so many broken rows before giving up.")
  var skipBadRows = 0

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard adapters.adapters.count == 1 else {
      throw ValidationError("--adapter is given once: the adapter to score.")
    }
    guard length.map({ $0 >= 3 }) ?? true else { throw ValidationError("--length is at least 3.") }
    guard skipBadRows >= 0 else { throw ValidationError("--skip-bad-rows is at least 0.") }
  }

  func run() throws {
    let text = try model.loadText()
    guard let adapter = try adapters.load(for: text.base).first?.adapter else { return }
    let clock = ContinuousClock()
    let start = clock.now
    let evaluation = try text.evaluate(adapter, on: data, skipBadRows: skipBadRows, length: length)
    let seconds = start.duration(to: clock.now).seconds
    if json {
      try printLines([
        JSON.object([
          "metrics": .object(
            JSON.Object(evaluation.metrics.map { ($0.name, .number($0.value)) })),
          "loss": .number(evaluation.loss), "examples": .integer(evaluation.examples),
          "cut": .integer(evaluation.cut), "empty": .integer(evaluation.empty),
          "seconds": .number(seconds),
        ]).text(.compact)
      ])
      return
    }
    let names = evaluation.metrics.map(\.name) + ["loss", "examples", "seconds"]
    let values =
      evaluation.metrics.map { $0.value.formatted(digits: 4) }
      + [
        evaluation.loss.formatted(digits: 4), evaluation.examples.grouped,
        seconds.formatted(digits: 2),
      ]
    let width = names.map(\.count).max() ?? 0
    var lines = zip(names, values).map { name, value in
      name + String(repeating: " ", count: width - name.count + 2) + value
    }
    if evaluation.cut > 0 {
      let limit = min(length ?? text.limit, text.limit)
      lines.append("\(evaluation.cut) rows are longer than \(limit) tokens and were cut")
    }
    if evaluation.empty > 0 { lines.append(emptyRows(evaluation.empty)) }
    try printLines(lines)
  }
}
