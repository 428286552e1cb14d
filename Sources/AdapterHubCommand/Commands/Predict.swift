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
    let setups = Setups(loaded, setup: setup)
    // Rows that are shared out must all be there; others are answered as they come.
    let limit = try setup.map { try Composition($0).dividesRows } ?? false ? Int.max : 512
    var source = try Source(input, texts: givenTexts)
    var empty = EmptyTexts()
    var row = 0
    while let lines = try source.next(limit) {
      let branches = try branches(of: lines, setups, loaded)
      let requests = zip(lines, branches).map { TextRequest($0.input, $1) }
      let results = try zip(lines, text.results(requests, options: options)).map { line, result in
        try line.naming { try result.get() }
      }
      var output: [String] = []
      for (line, answers) in zip(lines, results) {
        output += answers.map { json ? object(row, $0) : people(line, $0) }
        if answers.contains(where: \.isOfNothing) { empty.add(line, row) }
        row += 1
      }
      try printLines(output)
    }
    empty.mention()
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

  /// Each text's own setups, those for all, or else every adapter side by side.
  private func branches(
    of lines: [Line], _ setups: Setups, _ loaded: [(name: String, adapter: BoundAdapter)]
  ) throws -> [[Setup]] {
    let own = try lines.map { line in
      try line.setup.map { setup in
        try line.naming { () throws -> [Setup] in
          guard !setup.isEmpty else {
            throw FileFailure(
              "setup", "no adapter is named, so nothing can answer",
              hint: "leave it out, or name one")
          }
          return try setups.branches([setup])[0]
        }
      }
    }
    let shared = try setup.map { _ in try setups.branches(lines.map(\.setup)) }
    return lines.indices.map { index in
      own[index] ?? shared?[index] ?? loaded.map { .adapter($0.adapter) }
    }
  }

  private func object(_ row: Int, _ answer: TextAnswer) -> String {
    JSON.object([
      "row": .integer(row), "adapter": .string(answer.adapterNames), "result": answer.answer.json,
    ]).text(.compact)
  }

  /// The text, and below it the answer; an adapter's labels are whatever its file says.
  private func people(_ line: Line, _ answer: TextAnswer) -> String {
    "\(line.input.text)\n  \(escaped(answer.adapterNames)): \(escaped(answer.answer.line))"
  }
}

extension TextAnswer {
  fileprivate var adapterNames: String { setup.adapters.map(\.name).joined(separator: ",") }
}

/// A text to be answered, and where it is from.
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

/// The texts of the command line, or the lines of a file as they come.
private struct Source: ~Copyable {
  private var given: [TextInput]
  private var reader: LineReader?
  private var isEmpty = true

  init(_ path: String?, texts: [TextInput]) throws {
    given = texts
    reader = nil
    if let path { reader = try LineReader(path == "-" ? nil : path) }
  }

  /// What there is without waiting, at least one and at most so many; nil at the end.
  mutating func next(_ limit: Int) throws -> [Line]? {
    defer { given = [] }
    guard reader != nil else { return given.isEmpty ? nil : given.map(Line.init) }
    var lines: [Line] = []
    while lines.count < limit, lines.isEmpty || limit == .max || reader?.isReady ?? false,
      let field = try reader?.nextObject()
    {
      var line = Line(try TextInput(field))
      line.setup = try field["setup"]?.string()
      line.origin = LineOrigin(path: reader?.path ?? "", line: reader?.line ?? 0)
      lines.append(line)
    }
    guard lines.isEmpty else {
      isEmpty = false
      return lines
    }
    guard !isEmpty else { throw FileFailure(reader?.path ?? "", "holds no texts") }
    return nil
  }
}

/// The texts that hold nothing: they are answered, but of nothing.
private struct EmptyTexts {
  private var first: String?
  private var others = 0

  mutating func add(_ line: Line, _ row: Int) {
    if first == nil {
      first = line.origin.map { "\($0.path), line \($0.line)" } ?? "text \(row + 1)"
    } else {
      others += 1
    }
  }

  func mention() {
    guard let first else { return }
    let more =
      switch others {
      case 0: ""
      case 1: ", and so is 1 other"
      default: ", and so are \(others) others"
      }
    writeError("adapterhub: \(first) is empty\(more); the answer is that to no text\n")
  }
}
