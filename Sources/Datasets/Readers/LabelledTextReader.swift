internal import Files

/// Names that files in the field use for a column; the first is ours.
private let textNames = ["text", "sentence", "sentence1"]
private let pairNames = ["pair", "sentence2"]

extension LabelledText {
  /// From a line of JSON: `{"text": …, "pair": …, "label": …}`, or `"labels": […]`.
  init(_ object: Field, line: Int, labels: LabelRequirement, numbers: Bool) throws {
    let text = textNames.lazy.compactMap { object[$0] }.first
    self.init(
      text: try (text ?? object.required(textNames[0])).string(),
      pair: try pairNames.lazy.compactMap { object[$0] }.first?.string(),
      label: try Label(object, numbers: numbers), line: line)
    if label == nil, labels == .required {
      throw object.failure(
        "\"label\" is missing", hint: "each line needs \"label\": \"…\" or \"labels\": […]")
    }
  }

  /// Where a table has what a row needs.
  struct Columns {
    let text: Int
    let pair: Int?
    let label: Int?
    let labels: Int?
    let requirement: LabelRequirement
    let numbers: Bool

    init(_ table: DelimitedFile, labels requirement: LabelRequirement, numbers: Bool) throws {
      text = try table.required(textNames)
      pair = table.column(pairNames)
      labels = table.column(["labels"])
      label =
        try labels == nil && requirement == .required
        ? table.required(["label"]) : table.column(["label"])
      self.requirement = requirement
      self.numbers = numbers
    }
  }

  /// From a record of a table; several labels in a cell are separated by `|`.
  init(_ record: DelimitedFile.Record, _ columns: Columns) throws {
    let fields = record.fields
    self.init(
      text: fields[columns.text], pair: columns.pair.map { fields[$0] }, label: nil,
      line: record.line)
    if let column = columns.labels {
      let names = fields[column].split(separator: "|").map { $0.trimmingSpaces() }
      label = .names(names.filter { !$0.isEmpty })
    } else if let column = columns.label {
      let name = fields[column].trimmingSpaces()
      if name.isEmpty, columns.requirement == .optional { return }
      guard !name.isEmpty else {
        throw record.failure(column, "an empty label", "fill it in, or remove the row")
      }
      guard columns.numbers else {
        label = .name(name)
        return
      }
      guard let number = Double(name), number.isFinite else {
        throw record.failure(
          column, "the label \(excerpt(name)) is not a number", "regression needs numbers")
      }
      label = .number(number)
    }
  }
}

extension Label {
  /// The label of a line of JSON, nil where it has none.
  fileprivate init?(_ object: Field, numbers: Bool) throws {
    if let list = object["labels"] {
      self = .names(try list.array().map { try $0.labelName() })
      return
    }
    guard let field = object["label"] else { return nil }
    guard numbers else {
      self = .name(try field.labelName())
      return
    }
    let number = try field.number()
    guard number.isFinite else { throw field.failure("expected a finite number") }
    self = .number(number)
  }
}

extension Field {
  /// A label as text; files often number their classes.
  fileprivate func labelName() throws -> String {
    if case .integer(let number) = json { return String(number) }
    let name = try string().trimmingSpaces()
    guard !name.isEmpty else {
      throw failure("an empty label", hint: "fill it in, or remove the row")
    }
    return name
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  func trimmingSpaces() -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    guard let first = firstIndex(where: { !isSpace($0) }),
      let last = lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[first...last])
  }
}
