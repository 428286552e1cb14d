import Files

/// Reads `tokenizer.json`.
struct TokenizerFile {
  private let root: Field

  init(_ path: String) throws {
    self.init(Field(try JSON(contentsOf: path), file: path))
  }

  init(_ root: Field) {
    self.root = root
  }

  func parts(maximumLength: Int?) throws -> Tokenizer.Parts {
    _ = try root.object()
    try checkIgnoredSections()
    let model = try model()
    let normalizer = try root["normalizer"].map(normalizer)
    let preTokenizer = try root["pre_tokenizer"].map(preTokenizer)
    let added = try addedTokens(model.vocabulary)
    let pipeline = Pipeline(
      normalizer: normalizer, preTokenizer: preTokenizer, model: model, addedTokens: added)
    let template = try root["post_processor"].map { field in
      try TemplateReader(
        field,
        has: { id in
          model.vocabulary.token(of: id) != nil || added.contains { $0.id == id }
        }
      ).template()
    }
    return Tokenizer.Parts(
      pipeline: pipeline, addedTokens: added, template: template ?? .bare,
      decoder: try root["decoder"].map(decoder), maximumLength: maximumLength)
  }

  /// Truncation and padding are the Python object's state, not the tokenizer's.
  ///
  /// Whoever calls us says what to do. They must be well-formed all the same.
  private func checkIgnoredSections() throws {
    for section in ["truncation", "padding"] { _ = try root[section]?.object() }
  }

  // MARK: Model

  private func model() throws -> any Model {
    let field = try root.required("model")
    let type = try field["type"]?.string() ?? inferredType(field)
    guard type == "WordPiece" else {
      throw unsupported(field["type"] ?? field, "model", type)
    }
    let vocabularyField = try field.required("vocab")
    let vocabulary = try vocabulary(vocabularyField)
    let unknown = try field["unk_token"]?.string() ?? "[UNK]"
    guard let unknownID = vocabulary.id(of: unknown) else {
      throw field.failure(
        "the unknown token \(unknown) is not in the vocabulary of \(vocabulary.count) tokens",
        hint: "name one that is in `unk_token`")
    }
    return WordPiece(
      vocabulary: vocabulary, unknownID: unknownID,
      continuation: Array((try field["continuing_subword_prefix"]?.string() ?? "##").utf8),
      maximumScalarsPerWord: try field["max_input_chars_per_word"]?.integer(in: 0...Int.max) ?? 100)
  }

  /// Old files do not name the type.
  private func inferredType(_ model: Field) -> String {
    if model["merges"] != nil { return "BPE" }
    let isWordPiece =
      model["continuing_subword_prefix"] != nil || model["max_input_chars_per_word"] != nil
    return isWordPiece ? "WordPiece" : "unnamed"
  }

  private func vocabulary(_ field: Field) throws -> Vocabulary {
    guard case .object(let object) = field.json else {
      throw field.failure("found \(field.json.kind), expected an object of tokens and ids")
    }
    var builder = VocabularyBuilder(reserving: object.count)
    for (token, value) in object.members {
      guard case .integer(let id) = value else {
        throw field.failure("token \(token) has \(value.kind), expected an id")
      }
      try builder.append(token, id: id, path: field.file, place: field.place)
    }
    return try Vocabulary(builder, path: field.file, place: field.place)
  }

  // MARK: Normalizer, splitter, decoder

  private func normalizer(_ field: Field) throws -> any Normalizer {
    switch try field.required("type").string() {
    case "BertNormalizer":
      return BERTNormalizer(
        cleansText: try field["clean_text"]?.bool() ?? true,
        isolatesIdeographs: try field["handle_chinese_chars"]?.bool() ?? true,
        stripsAccents: try field["strip_accents"]?.bool(),
        lowercases: try field["lowercase"]?.bool() ?? true)
    case "Sequence":
      return NormalizerSequence(
        members: try field.required("normalizers").array().map(normalizer))
    case "Lowercase": return Lowercase()
    case "NFD": return CanonicalDecomposition()
    case "StripAccents": return Stripping(dropped: .combiningMark)
    case let type: throw unsupported(field, "normalizer", type)
    }
  }

  private func preTokenizer(_ field: Field) throws -> any PreTokenizer {
    switch try field.required("type").string() {
    case "BertPreTokenizer": return ClassSplitter(rule: .bert)
    case "WhitespaceSplit": return ClassSplitter(rule: .whitespace)
    case "Whitespace": return ClassSplitter(rule: .words)
    case "Punctuation":
      let behavior = try field["behavior"]?.string() ?? "Isolated"
      guard behavior == "Isolated" else {
        throw unsupported(field, "behavior of Punctuation", behavior)
      }
      return ClassSplitter(rule: .punctuation)
    case "Sequence":
      return PreTokenizerSequence(
        members: try field.required("pretokenizers").array().map(preTokenizer))
    case let type: throw unsupported(field, "pre-tokenizer", type)
    }
  }

  private func decoder(_ field: Field) throws -> WordPieceDecoder {
    let type = try field.required("type").string()
    guard type == "WordPiece" else { throw unsupported(field, "decoder", type) }
    return WordPieceDecoder(
      prefix: try field["prefix"]?.string() ?? "##",
      cleansUp: try field["cleanup"]?.bool() ?? true)
  }

  private func unsupported(_ field: Field, _ part: String, _ type: String) -> FileFailure {
    field.failure(
      "the \(part) \(type) is not supported yet", hint: "WordPiece tokenizers (BERT) are")
  }

  // MARK: Added tokens

  private func addedTokens(_ vocabulary: Vocabulary) throws -> [AddedToken] {
    var tokens: [AddedToken] = []
    // By bytes: to a `String` the two spellings of é are equal, to a vocabulary they are not.
    var known: [[UInt8]: Int32] = [:]
    for field in try root["added_tokens"]?.array() ?? [] {
      let content = try field.required("content").string()
      let id = Int32(try field.required("id").integer(in: 0...VocabularyBuilder.idLimit - 1))
      // The library numbers a new token itself; a file that says otherwise is broken.
      let next = max(known.values.max().map { $0 + 1 } ?? 0, Int32(vocabulary.count))
      let expected = known[Array(content.utf8)] ?? vocabulary.id(of: content) ?? next
      guard id == expected else {
        throw field.failure(
          "the added token \(content) has id \(id), and by the vocabulary \(expected)")
      }
      known[Array(content.utf8)] = id
      tokens.append(
        AddedToken(
          id: id, content: content,
          isSingleWord: try field["single_word"]?.bool() ?? false,
          stripsLeft: try field["lstrip"]?.bool() ?? false,
          stripsRight: try field["rstrip"]?.bool() ?? false,
          isNormalized: try field["normalized"]?.bool() ?? true,
          isSpecial: try field["special"]?.bool() ?? false))
    }
    return tokens
  }
}
