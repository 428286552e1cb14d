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

  func parts() throws -> Tokenizer.Parts {
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
      decoder: try root["decoder"].map(decoder))
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
    switch try known(type, "model", field["type"] ?? field) as ModelType {
    case .wordPiece: return try wordPiece(field)
    }
  }

  private func wordPiece(_ field: Field) throws -> WordPiece {
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
    switch try type(of: field, "normalizer") as NormalizerType {
    case .bert:
      return BERTNormalizer(
        cleansText: try field["clean_text"]?.bool() ?? true,
        isolatesIdeographs: try field["handle_chinese_chars"]?.bool() ?? true,
        stripsAccents: try field["strip_accents"]?.bool(),
        lowercases: try field["lowercase"]?.bool() ?? true)
    case .sequence:
      return NormalizerSequence(
        members: try field.required("normalizers").array().map(normalizer))
    case .lowercase: return Lowercase()
    case .canonicalDecomposition: return CanonicalDecomposition()
    case .strippedAccents: return Stripping(dropped: .combiningMark)
    }
  }

  private func preTokenizer(_ field: Field) throws -> any PreTokenizer {
    switch try type(of: field, "pre-tokenizer") as PreTokenizerType {
    case .bert: return ClassSplitter(rule: .bert)
    case .whitespace: return ClassSplitter(rule: .whitespace)
    case .words: return ClassSplitter(rule: .words)
    case .punctuation:
      let behavior = try field["behavior"]?.string() ?? "Isolated"
      switch try known(behavior, "behavior of Punctuation", field) as PunctuationBehavior {
      case .isolated: return ClassSplitter(rule: .punctuation)
      }
    case .sequence:
      return PreTokenizerSequence(
        members: try field.required("pretokenizers").array().map(preTokenizer))
    }
  }

  private func decoder(_ field: Field) throws -> WordPieceDecoder {
    switch try type(of: field, "decoder") as DecoderType {
    case .wordPiece:
      return WordPieceDecoder(
        prefix: try field["prefix"]?.string() ?? "##",
        cleansUp: try field["cleanup"]?.bool() ?? true)
    }
  }

  /// A part's type, of those that there are.
  private func type<Type: RawRepresentable & CaseIterable>(of field: Field, _ part: String) throws
    -> Type where Type.RawValue == String
  {
    try known(field.required("type").string(), part, field)
  }

  private func known<Type: RawRepresentable & CaseIterable>(
    _ name: String, _ part: String, _ field: Field
  ) throws -> Type where Type.RawValue == String {
    guard let type = Type(rawValue: name) else {
      throw field.failure(
        "the \(part) \(name) is not supported yet",
        hint: "known: \(Type.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return type
  }

  // MARK: Added tokens

  private func addedTokens(_ vocabulary: Vocabulary) throws -> [AddedToken] {
    var tokens: [AddedToken] = []
    // By bytes: to a `String` the two spellings of é are equal, to a vocabulary they are not.
    var known: [[UInt8]: Int32] = [:]
    var next = Int32(vocabulary.count)
    for field in try root["added_tokens"]?.array() ?? [] {
      let content = try field.required("content").string()
      let id = Int32(try field.required("id").integer(in: 0...VocabularyBuilder.idLimit - 1))
      // The library numbers a new token itself; a file that says otherwise is broken.
      let expected = known[Array(content.utf8)] ?? vocabulary.id(of: content) ?? next
      guard id == expected else {
        throw field.failure(
          "the added token \(content) has id \(id), and by the vocabulary \(expected)")
      }
      known[Array(content.utf8)] = id
      next = max(next, id + 1)
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

// The types that are read: a new one is a case here and what it becomes above.

private enum ModelType: String, CaseIterable {
  case wordPiece = "WordPiece"
}

private enum NormalizerType: String, CaseIterable {
  case bert = "BertNormalizer"
  case sequence = "Sequence"
  case lowercase = "Lowercase"
  case canonicalDecomposition = "NFD"
  case strippedAccents = "StripAccents"
}

private enum PreTokenizerType: String, CaseIterable {
  case bert = "BertPreTokenizer"
  case whitespace = "WhitespaceSplit"
  case words = "Whitespace"
  case punctuation = "Punctuation"
  case sequence = "Sequence"
}

private enum PunctuationBehavior: String, CaseIterable {
  case isolated = "Isolated"
}

private enum DecoderType: String, CaseIterable {
  case wordPiece = "WordPiece"
}
