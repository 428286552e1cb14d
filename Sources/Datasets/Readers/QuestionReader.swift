internal import Files

extension Dataset where Row == QuestionRow {
  /// Questions about contexts, from SQuAD JSON (`.json`) or a row per line (`.jsonl` with
  /// `question`, `context`, `answers`).
  ///
  /// An answer must be what the context has at its offset.
  public static func questionAnswering(
    _ path: String, as suffix: String? = nil, labels: LabelRequirement = .required,
    skipBadRows: Int = 0
  ) throws -> Dataset {
    let file = try TextFile(path)
    var bad = BadRows(path: path, allowed: skipBadRows)
    let rows: [QuestionRow]
    if case .jsonLines = file.format(as: suffix) {
      rows = try file.objects(&bad) { object, line in
        let context = try Context(object.required("context"))
        return try QuestionRow(object, context, place: "line \(line)", labels: labels)
      }
    } else {
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

  init(_ field: Field) throws {
    text = try field.string()
    scalars = Array(text.unicodeScalars)
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
    let scalars = Array(text.unicodeScalars)
    guard !scalars.isEmpty else { throw field.failure("an empty answer") }
    guard start <= context.scalars.count - scalars.count else {
      throw field.failure(
        "answer_start \(start) is past the context, which has \(context.scalars.count) characters",
        hint: "offsets count Unicode code points from 0")
    }
    guard context.scalars[start..<start + scalars.count].elementsEqual(scalars) else {
      var found = String.UnicodeScalarView()
      found.append(contentsOf: context.scalars[start..<start + scalars.count])
      throw field.failure(
        "the context has \(excerpt(String(found))) at answer_start \(start), not \(excerpt(text))",
        hint: "offsets count Unicode code points, not UTF-16 units or bytes")
    }
    return Answer(text: text, start: start)
  }
}

extension Field {
  fileprivate func identifier() throws -> String {
    if case .integer(let number) = json { return String(number) }
    return try string()
  }
}
