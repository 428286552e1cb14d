internal import Files

extension Dataset where Row == QuestionRow {
  /// Questions about contexts, from SQuAD JSON (`.json`), a row per line (`.jsonl` with `question`,
  /// `context`, `answers`), or a table (`.csv`, `.tsv` with `question`, `context`, `answer` and
  /// `answer_start`, both empty where the context has none).
  ///
  /// An answer must be what the context has at its offset.
  public static func questionAnswering(
    _ path: String, as suffix: String? = nil, labels: LabelRequirement = .required,
    skipBadRows: Int = 0
  ) throws -> Dataset {
    let file = try TextFile(path)
    var bad = BadRows(path: path, allowed: skipBadRows)
    let rows: [QuestionRow]
    switch file.format(as: suffix) {
    case .jsonLines:
      rows = try file.objects(&bad) { object, line in
        let context = try Context(object.required("context"))
        return try QuestionRow(object, context, place: "line \(line)", labels: labels)
      }
    case .delimited(let separator):
      let table = try DelimitedFile(file, separator: separator)
      let columns = try QuestionRow.Columns(table, labels: labels)
      rows = try table.records(&bad) { try QuestionRow($0, columns) }
    case .other:
      let root = Field(try JSON(parsing: file.bytes, path: path), file: path)
      rows = try squad(root, labels: labels, &bad)
    }
    return try Dataset(path, rows, bad)
  }

  private static func squad(
    _ root: Field, labels: LabelRequirement, _ bad: inout BadRows
  ) throws -> [QuestionRow] {
    var rows: [QuestionRow] = []
    for article in try root.required("data").array() {
      for paragraph in try article.required("paragraphs").array() {
        let context = try Context(paragraph.required("context"))
        for question in try paragraph.required("qas").array() {
          let row = try bad.collecting {
            try QuestionRow(question, context, place: question.place, labels: labels)
          }
          if let row { rows.append(row) }
        }
      }
    }
    return rows
  }
}

/// A context as text and as what offsets count.
private struct Context {
  let text: String
  let scalars: [Unicode.Scalar]

  init(_ field: Field) throws { self.init(try field.string()) }

  init(_ text: String) {
    self.text = text
    scalars = Array(text.unicodeScalars)
  }

  /// What is wrong with an answer at a place of the context, and the likely cure; nil where nothing.
  func problem(with answer: String, at start: Int) -> (problem: String, hint: String?)? {
    let answer = Array(answer.unicodeScalars)
    guard !answer.isEmpty else { return ("an empty answer", nil) }
    guard start <= scalars.count - answer.count else {
      return (
        "answer_start \(start) is past the context, which has \(scalars.count) characters",
        "offsets count Unicode code points from 0"
      )
    }
    let found = scalars[start..<start + answer.count]
    guard !found.elementsEqual(answer) else { return nil }
    return (
      "the context has \(excerpt(String(String.UnicodeScalarView(found)))) at answer_start "
        + "\(start), not \(excerpt(String(String.UnicodeScalarView(answer))))",
      "offsets count Unicode code points, not UTF-16 units or bytes"
    )
  }
}

extension QuestionRow {
  fileprivate init(
    _ object: Field, _ context: Context, place: String, labels: LabelRequirement
  ) throws {
    let isImpossible = try object["is_impossible"]?.bool() ?? false
    let field = try labels == .required ? object.required("answers") : object["answers"]
    let answers = try field.map { try Self.answers($0, context) } ?? []
    if answers.isEmpty, labels == .required, !isImpossible {
      throw object.failure(
        "no answers", hint: "say \"is_impossible\": true where the context has none")
    }
    self.init(
      id: try object["id"].map { try $0.identifier() } ?? place,
      question: try object.required("question").string(), context: context.text,
      answers: answers, place: place)
  }

  /// SQuAD's list of answers, or the lists of texts and starts that the `datasets` library writes.
  private static func answers(_ field: Field, _ context: Context) throws -> [Answer] {
    guard case .object = field.json else {
      return try field.array().map { answer in
        try Self.answer(
          answer, answer.required("text").string(), answer.required("answer_start"), context)
      }
    }
    let texts = try field.required("text").array()
    let starts = try field.required("answer_start").array()
    guard texts.count == starts.count else {
      throw field.failure("\(texts.count) texts and \(starts.count) starts")
    }
    return try zip(texts, starts).map { text, start in
      try answer(text, text.string(), start, context)
    }
  }

  private static func answer(
    _ field: Field, _ text: String, _ startField: Field, _ context: Context
  ) throws -> Answer {
    let start = try startField.integer(in: 0 ... .max)
    if let (problem, hint) = context.problem(with: text, at: start) {
      throw field.failure(problem, hint: hint)
    }
    return Answer(text: text, start: start)
  }
}

extension QuestionRow {
  /// Where a table has questions, contexts and answers.
  fileprivate struct Columns {
    let question, context: Int
    let id: Int?
    let answer, start: Int?

    init(_ table: DelimitedFile, labels: LabelRequirement) throws {
      question = try table.required(["question"])
      context = try table.required(["context"])
      id = table.column(["id"])
      answer = try labels == .required ? table.required(["answer"]) : table.column(["answer"])
      start = try answer.map { _ in try table.required(["answer_start"]) }
    }
  }

  /// From a record of a table; an empty answer is none.
  fileprivate init(_ record: DelimitedFile.Record, _ columns: Columns) throws {
    let context = Context(record.fields[columns.context])
    var answers: [Answer] = []
    if let column = columns.answer, let startColumn = columns.start,
      !record.fields[column].isEmpty
    {
      let text = record.fields[column]
      guard let start = Int(record.fields[startColumn]), start >= 0 else {
        throw record.failure(
          startColumn, "\(excerpt(record.fields[startColumn])) is no place in the context",
          "offsets count Unicode code points from 0")
      }
      if let (problem, hint) = context.problem(with: text, at: start) {
        throw record.failure(column, problem, hint)
      }
      answers = [Answer(text: text, start: start)]
    }
    let place = "line \(record.line)"
    self.init(
      id: columns.id.map { record.fields[$0] } ?? place, question: record.fields[columns.question],
      context: context.text, answers: answers, place: place)
  }
}

extension Field {
  fileprivate func identifier() throws -> String {
    if case .integer(let number) = json { return String(number) }
    return try string()
  }
}
