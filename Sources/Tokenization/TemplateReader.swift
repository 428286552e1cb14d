import Files

/// Reads the `post_processor` of a `tokenizer.json`.
struct TemplateReader {
  private let field: Field
  /// Whether the vocabulary has an id.
  private let has: (Int32) -> Bool

  init(_ field: Field, has: @escaping (Int32) -> Bool) {
    self.field = field
    self.has = has
  }

  func template() throws -> Template {
    switch try field.required("type").string() {
    case "TemplateProcessing":
      let single = try field.required("single")
      let pair = try field.required("pair")
      let template = Template(single: try parts(single), pair: try parts(pair))
      try check(single, template.single, sequences: [0])
      try check(pair, template.pair, sequences: [0, 1])
      return template
    case "BertProcessing":
      return .bert(
        classifier: try tokenAndID(field.required("cls")),
        separator: try tokenAndID(field.required("sep")))
    case let type:
      throw field.failure(
        "the post-processor \(type) is not supported yet",
        hint: "TemplateProcessing and BertProcessing are")
    }
  }

  private func parts(_ field: Field) throws -> [Template.Part] {
    try field.array().map { part in
      if let special = part["SpecialToken"] {
        return .special(
          ids: try ids(of: special.required("id")), typeID: try typeID(special))
      }
      let sequence = try part.required("Sequence")
      let name = try sequence.required("id")
      switch try name.string() {
      case "A": return .sequence(0, typeID: try typeID(sequence))
      case "B": return .sequence(1, typeID: try typeID(sequence))
      case let other: throw name.failure("found the sequence \(other), expected A or B")
      }
    }
  }

  private func typeID(_ field: Field) throws -> Int32 {
    Int32(try field["type_id"]?.integer(in: 0...Int(Int32.max)) ?? 0)
  }

  private func ids(of name: Field) throws -> [Int32] {
    let token = try name.string()
    guard let special = field["special_tokens"]?[token] else {
      throw name.failure("special_tokens does not define \(token), which the template uses")
    }
    return try special.required("ids").array().map(id)
  }

  private func tokenAndID(_ field: Field) throws -> Int32 {
    let pair = try field.array()
    guard pair.count == 2 else {
      throw field.failure("found \(pair.count) values, expected a token and its id")
    }
    return try id(pair[1])
  }

  private func id(_ field: Field) throws -> Int32 {
    let id = Int32(try field.integer(in: 0...VocabularyBuilder.idLimit - 1))
    guard has(id) else { throw field.failure("id \(id) is not in the vocabulary") }
    return id
  }

  private func check(_ field: Field, _ parts: [Template.Part], sequences: [Int]) throws {
    let found = parts.compactMap { part in
      if case .sequence(let index, _) = part { index } else { nil }
    }
    guard found.sorted() == sequences else {
      throw field.failure(
        sequences.count == 1
          ? "the template must hold A exactly once" : "the template must hold A and B once each")
    }
  }
}
