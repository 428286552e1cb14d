/// Question answering against the Python pipeline and the Python library's losses.
import BaseModels
import Datasets
import Files
import Tensors
import Testing
import Tokenization

@testable import Adapters

/// What `Scripts/make-question-goldens.py` wrote.
private enum QuestionGoldens {
  static let folder = Goldens.folder + "/questions"

  static func read() throws -> Field {
    let path = folder + "/questions.json"
    return Field(try JSON(contentsOf: path), file: path)
  }

  static func texts(_ key: String) throws -> [String] {
    try read().required(key).array().map { try $0.string() }
  }
}

@Suite struct `Question answering` {
  private func adapter(_ name: String, _ model: TextModel) throws -> BoundAdapter {
    try model.adapter("\(QuestionGoldens.folder)/\(name)")
  }

  @Test func `answers what the Python pipeline answers`() throws {
    let (questions, contexts) = (
      try QuestionGoldens.texts("questions"), try QuestionGoldens.texts("contexts")
    )
    let model = try TinyTask.model()
    let adapter = try adapter("questions", model)
    let cases = try QuestionGoldens.read().required("pipeline").array()
    #expect(cases.count == 75)
    for field in cases {
      let given = try field.required("options")
      var options = PredictionOptions()
      options.top = try given["top_k"]?.integer()
      options.questions.stride = try given["doc_stride"]?.integer() ?? 7
      options.questions.longestAnswer = try given["max_answer_len"]?.integer() ?? 15
      options.questions.allowsNoAnswer = try given["handle_impossible_answer"]?.bool() ?? false
      options.questions.alignsToWords = try given["align_to_words"]?.bool() ?? true
      let input = TextInput(
        questions[try field.required("question").integer()],
        pair: contexts[try field.required("context").integer()])
      let answer = try #require(
        try model.predict([input], with: adapter, as: QuestionAnswering.self, options: options)
          .first)
      // The pipeline fills up with pairs of no probability where it has too few others.
      let expected = try field.required("answers").array().filter {
        try $0.required("score").number() > 0
      }
      let spans = answer.spans.filter { $0.score > 0 }
      try #require(spans.count == expected.count, "\(field.json.text(.compact))")
      for (span, expected) in zip(spans, expected) {
        let score = Float(try expected.required("score").number())
        #expect(abs(span.score - score) <= 1e-5 + 1e-3 * score, "\(span), \(score)")
        #expect(span.text == (try expected.required("answer").string()))
        let range = try expected.required("start").integer()..<expected.required("end").integer()
        #expect(span.range == range, "\(field.json.text(.compact))")
      }
    }
  }

  @Test func `learns from the windows and losses that the Python library has`() throws {
    let (questions, contexts) = (
      try QuestionGoldens.texts("questions"), try QuestionGoldens.texts("contexts")
    )
    let model = try TinyTask.model()
    let bound = try adapter("questions", model)
    let task = try bound.task(as: QuestionAnswering.self)
    for field in try QuestionGoldens.read().required("training").array() {
      var answers: [QuestionRow.Answer] = []
      if let text = try field["answer"]?.string() {
        answers.append(.init(text: text, start: try field.required("start").integer()))
      }
      let context = contexts[try field.required("context").integer()]
      let question = questions[try field.required("question").integer()]
      let row = QuestionRow(question: question, context: context, answers: answers)
      let windows = try TextInput(question, pair: context).questionWindows(
        model.tokenizer.encode(question, pair: context), limit: 40, stride: 10)
      let expected = try field.required("windows").array()
      try #require(windows.count == expected.count)
      let examples = task.examples(of: windows, row)
      for (example, expected) in zip(examples, expected) {
        let ids = try expected.required("input_ids").array().map { Int32(try $0.integer()) }
        #expect(example.sequence.ids == ids)
        #expect(example.target.first == (try expected.required("start").integer()))
        #expect(example.target.last == (try expected.required("end").integer()))
        let outputs = try model.base.headOutputs(of: bound, for: [example.sequence])
        let output = try #require(outputs.first?.output)
        let loss = task.loss(output.outputs, output.rows, [example.target]).scalar
        expectClose([loss], [Float(try expected.required("loss").number())], "\(row.context)")
      }
    }
  }

  @Test func `reads the heads of the Transformers library's own class`() throws {
    let (questions, contexts) = (
      try QuestionGoldens.texts("questions"), try QuestionGoldens.texts("contexts")
    )
    let model = try TinyTask.model()
    let encoding = try model.tokenizer.encode(questions[0], pair: contexts[1])
    let row = ModelInput(encoding.sequence, try adapter("static", model))
    let output = try #require(try model.base.forward([row]).first?.logits)
    let expected = try QuestionGoldens.read().required("static")
    for (column, key) in ["start", "end"].enumerated() {
      let numbers = try expected.required(key).array().map { Float(try $0.number()) }
      expectClose(output.rowsOfScalars.map { $0[column] }, numbers, absolute: 1e-3, key)
    }
  }

  @Test func `learns where the answer is`() throws {
    let task = try TinyTask()
    let rows = try Dataset.textClassification(task.train).rows.map { row in
      guard case .name(let word) = row.label else { throw FileFailure("the test", "no label") }
      let start = row.text.split(separator: " ").prefix { $0 != word }
      return QuestionRow(
        question: "what was it?", context: row.text,
        answers: [.init(text: word, start: start.reduce(0) { $0 + $1.count + 1 })])
    }
    let model = try TinyTask.model()
    var settings = TinyTask.settings
    settings.epochs = 18
    settings.learningRate = 3e-2
    var training = try model.training(
      of: "questions", task: QuestionAnswering.self, on: rows, dev: rows, settings: settings)
    try training.finish()
    let measured = try #require(training.log.last { $0.isEvaluation })
    #expect(measured.metrics.map(\.name) == ["f1", "exact_match"])
    #expect((measured.metrics.first?.value ?? 0) > 0.8, "\(measured.metrics)")

    try training.save(to: task.output)
    let adapter = try model.adapter(task.output)
    let scored = try model.evaluate(adapter, as: QuestionAnswering.self, on: rows)
    let answers = try model.predict(
      rows.map { TextInput($0.question, pair: $0.context) }, with: adapter,
      as: QuestionAnswering.self)
    let right = zip(answers, rows).count { $0.spans.first?.text == $1.answers[0].text }
    #expect(Double(right) / Double(rows.count) == scored["exact_match"])
    let span = try #require(answers.first?.spans.first)
    #expect(answers.first?.json["start"] == .integer(span.range.lowerBound))
    #expect(answers.first?.json["answer"] == .string(span.text))
  }

  @Test func `refuses questions without a context, and too long for one`() throws {
    let model = try TinyTask.model()
    let adapter = try adapter("questions", model)
    let long = Array(repeating: "film", count: 60).joined(separator: " ")
    for input in [
      TextInput("what?"), TextInput("", pair: "a"), TextInput("what?", pair: ""),
      TextInput(long, pair: "a film"),
    ] {
      #expect(throws: FileFailure.self) { try model.predict([input], with: adapter) }
    }
    // Nearly as long as the model: windows of two tokens of context, but windows.
    let narrow = Array(repeating: "film", count: 35).joined(separator: " ")
    #expect(try model.predict([TextInput(narrow, pair: long)], with: adapter).count == 1)
    let row = QuestionRow(
      question: "a", context: "b", answers: [.init(text: "b", start: 1)])
    let failure = try #require(throws: FileFailure.self) {
      try model.evaluate(adapter, as: QuestionAnswering.self, on: [row])
    }
    #expect(failure.place == "row 1")
  }

  @Test func `may answer nothing where some questions have no answer`() throws {
    let model = try TinyTask.model()
    let task = try adapter("questions", model).task(as: QuestionAnswering.self)
    // The first special token is by far the likeliest.
    func measured(_ answers: [QuestionRow.Answer]) throws -> [Double] {
      let row = QuestionRow(question: "what?", context: "a film", answers: answers)
      let examples = try task.encoded(row, model.tokenizer, limit: 40)
      var meter = task.meter
      for example in examples {
        let count = example.sequence.ids.count
        let outputs = Tensor(
          [9, 9] + [Float](repeating: 0, count: 2 * count - 2), shape: [count, 2])
        let layout = Layout(lengths: [count])
        meter.add(outputs, TokenRows(layout), [example.target])
      }
      return meter.metrics.map(\.value)
    }
    #expect(try measured([]) == [1, 1])
    #expect(try measured([.init(text: "a", start: 0)]) != [0, 0])
  }
}
