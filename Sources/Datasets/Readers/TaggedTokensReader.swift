internal import Files

extension TaggedTokens {
  /// From a line of JSON: `{"tokens": […], "tags": […]}`.
  init(_ object: Field, line: Int, labels: LabelRequirement) throws {
    let tokens = try object.required("tokens").strings()
    guard !tokens.isEmpty else { throw object.failure("no tokens", hint: "remove the row") }
    let field = try labels == .required ? object.required("tags") : object["tags"]
    let tags = try field?.strings()
    if let tags, tags.count != tokens.count {
      throw object.failure(
        "\(tokens.count) tokens and \(tags.count) tags", hint: "each token needs one tag")
    }
    self.init(tokens: tokens, tags: tags, line: line)
  }

  /// Where a table has tokens and tags.
  struct Columns {
    let tokens: Int
    let tags: Int?

    init(_ table: DelimitedFile, labels: LabelRequirement) throws {
      tokens = try table.required(["tokens"])
      tags = try labels == .required ? table.required(["tags"]) : table.column(["tags"])
    }
  }

  /// From a record of a table, tokens and tags separated by spaces.
  init(_ record: DelimitedFile.Record, _ columns: Columns) throws {
    let tokens = record.fields[columns.tokens].split(separator: " ").map(String.init)
    guard !tokens.isEmpty else {
      throw record.failure(columns.tokens, "no tokens", "remove the row")
    }
    let tags = columns.tags.map { record.fields[$0].split(separator: " ").map(String.init) }
    if let tags, tags.count != tokens.count {
      throw record.failure(
        columns.tags ?? 0, "\(tokens.count) tokens and \(tags.count) tags",
        "each token needs one tag")
    }
    self.init(tokens: tokens, tags: tags, line: record.line)
  }
}

extension Field {
  /// An array of texts, none of them empty.
  fileprivate func strings() throws -> [String] {
    try array().map { field in
      let text = try field.string()
      guard !text.isEmpty else { throw field.failure("an empty text") }
      return text
    }
  }
}
