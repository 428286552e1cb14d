import Files

/// What `tokenizer_config.json` says, as far as it matters here.
struct TokenizerConfiguration {
  var lowercases = true
  var stripsAccents: Bool?
  var isolatesIdeographs = true
  var unknown = "[UNK]"
  var separator = "[SEP]"
  var padding = "[PAD]"
  var classifier = "[CLS]"
  var mask = "[MASK]"

  init() {}

  /// Reads the file, if it is there.
  init(_ path: String) throws {
    guard fileExists(path) else { return }
    let root = Field(try JSON(contentsOf: path), file: path)
    _ = try root.object()
    lowercases = try root["do_lower_case"]?.bool() ?? true
    stripsAccents = try root["strip_accents"]?.bool()
    isolatesIdeographs = try root["tokenize_chinese_chars"]?.bool() ?? true
    func token(_ key: String, _ token: inout String) throws {
      guard let field = root[key] else { return }
      token = try (field["content"] ?? field).string()
    }
    try token("unk_token", &unknown)
    try token("sep_token", &separator)
    try token("pad_token", &padding)
    try token("cls_token", &classifier)
    try token("mask_token", &mask)
  }
}

extension Tokenizer {
  /// Reads a model folder: `tokenizer.json` if there is one, else `vocab.txt`.
  public init(folder: String) throws {
    let configuration = try TokenizerConfiguration(folder + "/tokenizer_config.json")
    let json = folder + "/tokenizer.json"
    let vocabulary = folder + "/vocab.txt"
    if fileExists(json) {
      self.init(try TokenizerFile(json).parts())
    } else if fileExists(vocabulary) {
      try self.init(vocabulary: vocabulary, configuration)
    } else {
      throw FileFailure(
        folder, "neither tokenizer.json nor vocab.txt is here", hint: "is it a model folder?")
    }
  }

  public init(tokenizerJSON path: String) throws {
    self.init(try TokenizerFile(path).parts())
  }

  /// Reads BERT's `vocab.txt`, one token a line.
  ///
  /// Where `stripsAccents` is `nil`, accents go with the capitals.
  public init(
    vocabulary path: String, lowercases: Bool = true, stripsAccents: Bool? = nil,
    isolatesIdeographs: Bool = true
  ) throws {
    var configuration = TokenizerConfiguration()
    configuration.lowercases = lowercases
    configuration.stripsAccents = stripsAccents
    configuration.isolatesIdeographs = isolatesIdeographs
    try self.init(vocabulary: path, configuration)
  }

  init(vocabulary path: String, _ configuration: TokenizerConfiguration) throws {
    let vocabulary = try Self.readVocabulary(path)
    func id(of token: String, _ role: String) throws -> Int32 {
      guard let id = vocabulary.id(of: token) else {
        throw FileFailure(
          path, "the \(role) token \(token) is not among the \(vocabulary.count) tokens",
          hint: "tokenizer_config.json may name another")
      }
      return id
    }
    let model = WordPiece(
      vocabulary: vocabulary, unknownID: try id(of: configuration.unknown, "unknown"),
      continuation: Array("##".utf8), maximumScalarsPerWord: 100)
    let special = [
      configuration.unknown, configuration.separator, configuration.padding,
      configuration.classifier, configuration.mask,
    ]
    let added = special.compactMap { token in
      vocabulary.id(of: token).map { AddedToken(id: $0, content: token) }
    }
    let normalizer = BERTNormalizer(
      isolatesIdeographs: configuration.isolatesIdeographs,
      stripsAccents: configuration.stripsAccents, lowercases: configuration.lowercases)
    self.init(
      Parts(
        pipeline: Pipeline(
          normalizer: normalizer, preTokenizer: ClassSplitter(rule: .bert), model: model,
          addedTokens: added),
        addedTokens: added,
        template: .bert(
          classifier: try id(of: configuration.classifier, "classifier"),
          separator: try id(of: configuration.separator, "separator")),
        decoder: WordPieceDecoder()))
  }

  /// The lines of a vocabulary, numbered; line ends of all systems count.
  private static func readVocabulary(_ path: String) throws -> Vocabulary {
    let bytes = try readFile(path)
    var builder = VocabularyBuilder(reserving: bytes.count / 8)
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let isDOS = end > start && bytes[end - 1] == 0x0D
      let place = "line \(builder.ids.count + 1)"
      guard let token = String(validating: bytes[start..<(isDOS ? end - 1 : end)], as: UTF8.self)
      else { throw FileFailure(path, at: place, "the token is not valid UTF-8") }
      try builder.append(token, id: builder.ids.count, path: path, place: place)
      start = end + 1
    }
    return try Vocabulary(builder, path: path, place: "tokens")
  }
}
