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
      Reads texts from the command line, or lines {"text", "pair"?, "setup"?} from --input; questions
      are lines {"question", "context", "setup"?}. Without --setup every adapter answers every text,
      all in one pass.

      Examples:
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/sentiment 'I loved it.'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/intent \\
          --adapter adapters/names 'Turn on the lamp in the kitchen'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter adapters/questions \\
          --question 'Who wrote it?' --context 'It was written by Ann in 1990.'
        adapterhub predict --model all-MiniLM-L6-v2 --adapter a --adapter b \\
          --setup 'stack(a,b)' --input texts.jsonl --json
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

  @Flag(help: "Print one JSON object per answer.")
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
    let lines = try input.map { try readLines($0) } ?? givenTexts.map(Line.init)
    let requests = try self.requests(lines, loaded)
    try mentionEmpty(lines, text.tokenizer)
    var options = PredictionOptions()
    options.truncates = truncate
    options.aggregation = aggregation
    options.questions.allowsNoAnswer = allowNoAnswer
    options.top = top ?? (json ? nil : 1)
    // In parts, so that answers come as they are found.
    for start in stride(from: 0, to: requests.count, by: 512) {
      let part = requests[start..<min(start + 512, requests.count)]
      let answers = try naming(lines, part, text, options) {
        try text.predict(
          part.map { lines[$0.row].input }, with: part.map(\.stack), options: options)
      }
      try printLines(
        zip(part, answers).map { request, answer in
          json ? request.json(answer) : request.line(lines[request.row].input, answer)
        })
    }
  }

  /// Those of the command line.
  private var givenTexts: [TextInput] {
    guard let question, let context else { return texts.map { TextInput($0) } }
    return [TextInput(question, pair: context)]
  }

  /// Says which texts hold nothing: they are answered, but of nothing.
  private func mentionEmpty(_ lines: [Line], _ tokenizer: Tokenizer) throws {
    let empty = try lines.enumerated().filter { _, line in
      let encoding = try tokenizer.encode(line.input.text, pair: line.input.pair)
      return encoding.holdsNoText
    }
    guard let (row, line) = empty.first else { return }
    let place = line.origin.map { "\($0.path), line \($0.line)" } ?? "text \(row + 1)"
    let others =
      switch empty.count {
      case 1: ""
      case 2: ", and so is 1 other"
      default: ", and so are \(empty.count - 1) others"
      }
    writeError("adapterhub: \(place) is empty\(others); the answer is that to no text\n")
  }

  /// One text for one stack of adapters.
  private struct Request {
    let row: Int
    let name: String
    let stack: [BoundAdapter]

    func json(_ answer: any TaskAnswer) -> String {
      JSON.object([
        "row": .integer(row), "adapter": .string(name), "result": answer.json,
      ]).text(.compact)
    }

    func line(_ input: TextInput, _ answer: any TaskAnswer) -> String {
      "\(input.text)\n  \(name): \(answer.line)"
    }
  }

  private struct Line {
    let input: TextInput
    /// Nil is the command's.
    var setup: String?
    /// Nil for a text of the command line.
    var origin: LineOrigin?

    init(_ input: TextInput) { self.input = input }

    /// What a body gives, with this line in its errors.
    func naming<Result>(_ body: () throws -> Result) throws -> Result {
      try origin?.naming(body) ?? body()
    }
  }

  /// What a body gives for a part of the requests; its error is that of the first broken line.
  private func naming<Result>(
    _ lines: [Line], _ part: ArraySlice<Request>, _ text: TextModel, _ options: PredictionOptions,
    _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch {
      // All were read at once; one after the other they tell whose error it is.
      for request in part {
        let line = lines[request.row]
        try line.naming {
          try text.check(line.input, for: request.stack, options: options)
        }
      }
      throw error
    }
  }

  /// Each text with its own setup, with the setup for all, or else with every adapter in turn.
  private func requests(
    _ lines: [Line], _ loaded: [(name: String, adapter: BoundAdapter)]
  ) throws -> [Request] {
    let setups = Setups(loaded, setup: setup)
    let own = try lines.map { line in
      try line.setup.flatMap { setup in try line.naming { try setups.stacks([setup]).first } }
    }
    let shared = try setup.map { _ in try setups.stacks(lines.map(\.setup)) }
    return try lines.enumerated().flatMap { row, line -> [Request] in
      if let stack = own[row] ?? shared?[row] {
        try line.naming {
          guard !stack.isEmpty else {
            throw FileFailure(
              "setup", "no adapter is named, so nothing can answer",
              hint: "leave it out, or name one")
          }
        }
        let name = stack.map(\.name).joined(separator: ",")
        return [Request(row: row, name: name, stack: stack)]
      }
      return loaded.map { Request(row: row, name: $0.name, stack: [$0.adapter]) }
    }
  }

  private func readLines(_ path: String) throws -> [Line] {
    var reader = try LineReader(path == "-" ? nil : path)
    var lines: [Line] = []
    while let field = try reader.nextObject() {
      var line = Line(try TextInput(field))
      line.setup = try field["setup"]?.string()
      line.origin = LineOrigin(path: reader.path, line: reader.line)
      lines.append(line)
    }
    guard !lines.isEmpty else { throw FileFailure(path, "holds no texts") }
    return lines
  }
}
