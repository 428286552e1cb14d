/// Question answering: the part of a context that answers a question, if any does.
public import BaseModels
public import Datasets
public import Files
public import Tensors
public import Tokenization

public struct QuestionAnswering: AdapterTask {
  public static let name = "question-answering"

  /// Where the answer lies in a window of the context, and what it is read with.
  public struct Target: Sendable {
    /// The tokens it begins and ends with; both 0, the first special token, where it is not there.
    let first, last: Int
    let window: QuestionWindow
    /// What people answered; none where the context does not say.
    let answers: [String]
    /// Whether this is the last window of its question.
    let isLast: Bool
  }

  public let head: any Head

  public init?(_ head: any Head) {
    guard head is QuestionAnsweringHead else { return nil }
    self.head = head
  }

  // MARK: Data

  public static func read(_ path: String, _ settings: TaskSettings) throws -> Dataset<QuestionRow> {
    try .questionAnswering(path, skipBadRows: settings.skipBadRows)
  }

  public init(learning data: Dataset<QuestionRow>, _ settings: TaskSettings) throws {
    head = try QuestionAnsweringHead(
      Field(
        .object([
          "activation_function": .string("tanh"), "dropout_prob": .null,
          "head_type": .string("question_answering"), "layers": .integer(settings.layers ?? 1),
          "num_labels": .integer(2),
        ]), file: "the head of \(data.path)"))
  }

  public func check(_ data: Dataset<QuestionRow>) throws {
    for row in data.rows {
      let count = row.context.unicodeScalars.count
      for answer in row.answers
      where answer.start < 0 || answer.start > count - answer.text.unicodeScalars.count {
        throw FileFailure(
          data.path, at: row.place,
          "an answer is at \(answer.start), and the context has \(count) characters",
          hint: "offsets count Unicode code points from 0")
      }
    }
  }

  /// All windows of the context; those without the answer say so.
  public func encoded(_ row: QuestionRow, _ tokenizer: Tokenizer, limit: Int) throws
    -> [EncodedExample<Target>]
  {
    let encoding = try tokenizer.encode(row.question, pair: row.context)
    let input = TextInput(row.question, pair: row.context)
    return examples(of: try input.questionWindows(encoding, limit: limit, stride: nil), row)
  }

  func examples(of windows: [QuestionWindow], _ row: QuestionRow) -> [EncodedExample<Target>] {
    let answers = row.answers.map(\.text)
    return windows.enumerated().map { index, window in
      let place = row.answers.first.flatMap { answer in
        window.tokens(of: answer.start..<answer.start + answer.text.unicodeScalars.count)
      }
      return EncodedExample(
        sequence: window.sequence,
        target: Target(
          first: place?.first ?? 0, last: place?.last ?? 0, window: window, answers: answers,
          isLast: index == windows.count - 1),
        isEmpty: window.isEmpty)
    }
  }

  // MARK: Learning and measuring

  /// The mean of the cross-entropies of beginning and end, over the tokens of a window.
  public func loss(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) -> Tensor {
    outputs.crossEntropyOverRows(rows.layout, targets.map { [$0.first, $0.last] }) * 0.5
  }

  public func terms(of target: Target) -> Int { 1 }

  public func identity(of target: Target) -> [Int] { [target.first, target.last] }

  public var meter: Score { Score() }

  /// The scores of SQuAD.
  ///
  /// Where some questions have no answer, to answer nothing is allowed.
  public struct Score: Meter {
    private var answering = QuestionScore()
    private var abstaining = QuestionScore()
    private var someHaveNone = false
    /// The windows of the question at hand.
    private var joined = JoinedWindows(QuestionOptions(), top: 1)

    public mutating func add(_ outputs: Tensor, _ rows: TokenRows, _ targets: [Target]) {
      for (sequence, target) in targets.enumerated() {
        joined.add(outputs.rows(rows.layout[sequence]), target.window)
        guard target.isLast else { continue }
        func best(_ allowsNone: Bool) -> String {
          joined.answers(allowingNone: allowsNone, top: 1).first?.text ?? ""
        }
        answering.add(best(false), answers: target.answers)
        abstaining.add(best(true), answers: target.answers)
        if target.answers.isEmpty { someHaveNone = true }
        joined = JoinedWindows(QuestionOptions(), top: 1)
      }
    }

    public var metrics: [(name: String, value: Double)] {
      let score = someHaveNone ? abstaining : answering
      return [("f1", score.f1), ("exact_match", score.exactMatch)]
    }
  }

  // MARK: Answering

  /// Parts of the context, the best first.
  public struct Answer: TaskAnswer {
    public struct Span: Sendable, Equatable {
      /// Empty for no answer.
      public let text: String
      public internal(set) var score: Float
      /// In characters of the context, as Python counts them.
      public let range: Range<Int>
    }

    public let spans: [Span]

    public var json: JSON {
      let spans = spans.map { span -> JSON in
        .object([
          "score": .number(Double(span.score)), "start": .integer(span.range.lowerBound),
          "end": .integer(span.range.upperBound), "answer": .string(span.text),
        ])
      }
      return spans.count == 1 ? spans[0] : .array(spans)
    }

    public var line: String {
      answerLine(spans.map { ($0.text.isEmpty ? "no answer" : $0.text, $0.score) })
    }
  }

  public func prepared(
    _ input: TextInput, _ encoding: Encoding, _ tokenizer: Tokenizer, limit: Int,
    options: PredictionOptions
  ) throws -> PreparedInput<Answer> {
    let settings = options.questions
    let top = options.top ?? 1
    let windows = try input.questionWindows(encoding, limit: limit, stride: settings.stride)
    return PreparedInput(
      sequences: windows.map(\.sequence), isEmpty: windows.allSatisfy(\.isEmpty)
    ) { outputs in
      var joined = JoinedWindows(settings, top: top)
      for (window, outputs) in zip(windows, outputs) { joined.add(outputs, window) }
      return Answer(spans: joined.answers(allowingNone: settings.allowsNoAnswer, top: top))
    }
  }
}

/// What the caller of a question may choose; the defaults are those of the Python pipeline.
public struct QuestionOptions: Sendable {
  /// How many tokens an answer may have.
  public var longestAnswer = 15
  /// Answer nothing where that is more likely than the best answer.
  public var allowsNoAnswer = false
  /// Answers begin and end with whole words.
  public var alignsToWords = true
  /// How many tokens of the context neighbouring windows share; nil is 128, or half of what there is
  /// room for.
  public var stride: Int?

  public init() {}
}
