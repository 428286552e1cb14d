/// `adapterhub predict`: answers by adapters, many of them in one batch.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tokenization

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer texts by adapters; each text by all of them, or by its own.",
    discussion: """
      Reads texts from the command line, or lines {"text", "pair"?, "setup"?, "id"?} from --input; \
      questions are lines {"question", "context", "setup"?, "id"?}. Without --setup every adapter \
      answers every text, all in one pass.

      Each line of --input is answered by a line, in order, and as soon as it can be: a program may \
      write a line to --input - and wait for its answer. With --json it is {"row", "id"?, "adapter", \
      "result"}, of several adapters {"row", "id"?, "answers": [{"adapter", "result"}, …]}, and for a \
      line that cannot be answered {"row", "id"?, "error": {"message"}}. Rows count from 0.

      Examples:
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/sentiment 'I loved it.'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/intent \\
          --adapter adapters/names 'Turn on the lamp in the kitchen'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/questions \\
          --question 'Who wrote it?' --context 'It was written by Ann in 1990.'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter a --adapter b \\
          --setup 'stack(a,b)' --input texts.jsonl --json
        producer | adapterhub predict --model all-MiniLM-L6-v2 --adapter a --input - --json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "How the adapters work together: a, stack(a,b), batch_split(a:2,b:3).")
  var setup: String?

  @Option(help: "A .jsonl file of texts; - is standard input.")
  var input: String?

  @Flag(help: "Answer for the beginning of texts that are longer than the model reads.")
  var truncate = false

  @Option(
    help: "How tokens become entities: none, simple (the default), first, average or max.",
    transform: named(Aggregation.self))
  var aggregation = Aggregation.simple

  @Option(help: "A question about --context.")
  var question: String?

  @Option(help: "The text that holds the answer to --question.")
  var context: String?

  @Flag(help: "Let a question have no answer where that is likelier than the best one.")
  var allowNoAnswer = false

  @Option(help: "How many of the best labels or answers; by default 1, with --json all labels.")
  var top: Int?

  @Flag(help: "End at the first line of --input that cannot be answered, with exit code 65.")
  var strict = false

  @Flag(help: "Print one JSON object per text.")
  var json = false

  @Argument(help: "The texts.")
  var texts: [String] = []

  func validate() throws {
    guard !adapters.adapters.isEmpty else {
      throw ValidationError("--adapter is missing: the adapter that answers.")
    }
    guard (question == nil) == (context == nil) else {
      throw ValidationError("--question and --context go together.")
    }
    guard [!texts.isEmpty, input != nil, question != nil].count(where: \.self) == 1 else {
      throw ValidationError(
        "Give texts, or --input with a file of them, or --question with --context; one of these.")
    }
    guard setup?.isEmpty != true else {
      throw ValidationError("--setup is empty: name the adapters that answer.")
    }
    guard top.map({ $0 > 0 }) ?? true else { throw ValidationError("--top is at least 1.") }
  }

  func run() throws {
    let text = try model.loadText()
    let loaded = try adapters.load(for: text.base)
    let setups = try Setups(loaded, setup: setup)
    let answers = Answers(text, options, isJSON: json)
    /// By a text's own setup, by the setup for all, or else by every adapter.
    func request(_ input: TextInput, _ row: Int, _ own: String?) throws -> TextRequest {
      let branches =
        own == nil && setup == nil
        ? loaded.map { Setup.adapter($0.adapter) } : try setups.branches(ofRow: row, own: own)
      guard branches.allSatisfy({ $0.last != nil }) else {
        throw FileFailure(
          "setup", "no adapter is named, so nothing can answer", hint: "leave it out, or name one")
      }
      return TextRequest(input, branches)
    }
    if let input {
      var lines = try LineBatches(of: input) { line, row in
        try request(TextInput(line), row, line["setup"]?.string())
      }
      try answerLines(&lines, isStrict: strict, asJSON: json) { try answers($0) }
      try setups.check(rows: lines.rows)
    } else {
      let texts = givenTexts
      try setups.check(rows: texts.count)
      let requests = try texts.enumerated().map { try request($1, $0, nil) }
      try printLines(answers(requests))
    }
    answers.mentionEmpty()
  }

  /// Those of the command line.
  private var givenTexts: [TextInput] {
    guard let question, let context else { return texts.map { TextInput($0) } }
    return [TextInput(question, pair: context)]
  }

  private var options: PredictionOptions {
    var options = PredictionOptions()
    options.truncates = truncate
    options.aggregation = aggregation
    options.questions.allowsNoAnswer = allowNoAnswer
    options.top = top ?? (json ? nil : 1)
    return options
  }
}

/// Answers as lines, and a note of the texts that hold nothing.
private final class Answers {
  private let text: TextModel
  private let options: PredictionOptions
  private let isJSON: Bool
  private var emptyCount = 0
  private var firstEmpty: String?

  init(_ text: TextModel, _ options: PredictionOptions, isJSON: Bool) {
    self.text = text
    self.options = options
    self.isJSON = isJSON
  }

  /// Of lines of a file.
  func callAsFunction(
    _ lines: [InputLine<TextRequest>]
  ) throws -> [Result<[String], any Error>] {
    let results = try text.results(lines.map(\.request), options: options)
    return zip(lines, results).map { line, result in
      result.map { answers in
        note(answers, "\(line.origin.path), line \(line.origin.line)")
        return printed(answers, to: line.request, row: line.row, id: line.id)
      }
    }
  }

  /// Of texts of the command line.
  func callAsFunction(_ requests: [TextRequest]) throws -> [String] {
    let results = try text.results(requests, options: options)
    return try zip(requests, results).enumerated().flatMap { row, answered in
      let answers = try answered.1.get()
      note(answers, "text \(row + 1)")
      return printed(answers, to: answered.0, row: row, id: nil)
    }
  }

  private func printed(
    _ answers: [TextAnswer], to request: TextRequest, row: Int, id: JSON?
  ) -> [String] {
    guard isJSON else {
      return [request.input.text] + answers.map { "  \($0.adapterNames): \($0.answer.line)" }
    }
    let results = answers.map { answer -> JSON.Object in
      ["adapter": .string(answer.adapterNames), "result": answer.answer.json]
    }
    return [
      answerLine(
        row: row, id: id,
        results.count == 1 ? results[0] : ["answers": .array(results.map { .object($0) })])
    ]
  }

  private func note(_ answers: [TextAnswer], _ place: String) {
    guard answers.contains(where: \.isOfNothing) else { return }
    emptyCount += 1
    if firstEmpty == nil { firstEmpty = place }
  }

  /// Says which texts held nothing: they were answered, but as no text is.
  func mentionEmpty() {
    guard let firstEmpty else { return }
    let others =
      switch emptyCount {
      case 1: ""
      case 2: ", and so is 1 other"
      default: ", and so are \((emptyCount - 1).grouped) others"
      }
    writeError("adapterhub: \(firstEmpty) is empty\(others); the answer is that to no text\n")
  }
}

extension TextAnswer {
  fileprivate var adapterNames: String { setup.adapters.map(\.name).joined(separator: ",") }
}
