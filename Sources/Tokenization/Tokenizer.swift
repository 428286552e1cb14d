import Files

/// Text to token ids and back, id for id as the Rust `tokenizers` library does it.
///
/// A tokenizer is an immutable value: one may serve many tasks at once.
public struct Tokenizer: Sendable {
  let parts: Parts

  /// The number of different tokens, added ones included.
  public var vocabularyCount: Int { parts.vocabularyCount }

  init(_ parts: Parts) {
    self.parts = parts
  }

  // MARK: Text to ids

  /// Tokenizes a text, or a pair of texts.
  ///
  /// Nothing is ever cut: see `Encoding.truncated`.
  ///
  /// - Throws: `FileFailure` where a text is 2 GB long or longer
  public func encode(
    _ text: String, pair: String? = nil, addingSpecialTokens: Bool = true
  ) throws -> Encoding {
    let first = try encodeBare(text, sequence: 0)
    let second = try pair.map { try encodeBare($0, sequence: 1) }
    return parts.template.apply(first, second, addingSpecialTokens: addingSpecialTokens)
  }

  /// Tokenizes words that were split elsewhere.
  ///
  /// Each token knows its word, and its offsets count from the beginning of that word.
  public func encode(
    words: [String], pair: [String]? = nil, addingSpecialTokens: Bool = true
  ) throws -> Encoding {
    let first = try encodeBare(words, sequence: 0)
    let second = try pair.map { try encodeBare($0, sequence: 1) }
    return parts.template.apply(first, second, addingSpecialTokens: addingSpecialTokens)
  }

  private func encodeBare(_ text: String, sequence: Int) throws -> Encoding {
    var output = TokenOutput(reserving: text.utf8.count / 4 + 4)
    try tokenize(text, into: &output)
    return Encoding(output, sequence: sequence)
  }

  private func encodeBare(_ words: [String], sequence: Int) throws -> Encoding {
    var output = TokenOutput(reserving: words.count * 2)
    for (word, text) in words.enumerated() {
      let first = output.ids.count
      try tokenize(text, into: &output)
      output.relabel(from: first, word: Int32(truncatingIfNeeded: word))
    }
    return Encoding(output, sequence: sequence)
  }

  private func tokenize(_ text: String, into output: inout TokenOutput) throws {
    var text = text
    try text.withUTF8 { utf8 in
      guard utf8.count < Int(Int32.max) else {
        throw FileFailure("text", "\(utf8.count) bytes in one text", hint: "split it; 2 GB is most")
      }
      parts.pipeline.tokenize(utf8, into: &output)
    }
  }

  // MARK: Ids to text

  public func id(of token: String) -> Int32? {
    parts.addedIDs[Array(token.utf8)] ?? parts.vocabulary.id(of: token)
  }

  public func token(of id: Int32) -> String? {
    parts.addedTokens[id]?.content ?? parts.vocabulary.token(of: id)
  }

  /// The tokens of an encoding as the vocabulary writes them.
  public func tokens(of encoding: Encoding) -> [String] {
    encoding.ids.map { token(of: $0) ?? "" }
  }

  /// Joins tokens to text again.
  ///
  /// Ids that the vocabulary does not have are left out.
  public func decode(_ ids: [Int32], skippingSpecialTokens: Bool = true) -> String {
    let tokens = ids.compactMap { id -> String? in
      guard let token = token(of: id) else { return nil }
      return skippingSpecialTokens && isSpecial(id) ? nil : token
    }
    return text(of: tokens)
  }

  /// Joins tokens, or words that were joined already, to text as the decoder does.
  public func text(of tokens: [String]) -> String {
    parts.decoder?.text(of: tokens) ?? tokens.joined(separator: " ")
  }

  /// What a word becomes that the vocabulary cannot spell.
  public var unknownID: Int32? { parts.pipeline.model.unknown }

  /// Whether the token is a special one of the vocabulary, wherever it stands.
  public func isSpecial(_ id: Int32) -> Bool {
    parts.addedTokens[id]?.isSpecial ?? false
  }
}

extension Tokenizer {
  /// All a tokenizer consists of; one reference, so that copies of a tokenizer cost nothing.
  final class Parts: Sendable {
    let pipeline: Pipeline
    let template: Template
    let decoder: WordPieceDecoder?
    let addedTokens: [Int32: AddedToken]
    /// By the tokens' bytes, as equal `String`s may differ there.
    let addedIDs: [[UInt8]: Int32]
    let vocabularyCount: Int

    var vocabulary: Vocabulary { pipeline.model.vocabulary }

    init(
      pipeline: Pipeline, addedTokens: [AddedToken], template: Template,
      decoder: WordPieceDecoder?
    ) {
      self.pipeline = pipeline
      self.template = template
      self.decoder = decoder
      self.addedTokens = Dictionary(addedTokens.map { ($0.id, $0) }) { $1 }
      addedIDs = Dictionary(addedTokens.map { (Array($0.content.utf8), $0.id) }) { $1 }
      let vocabulary = pipeline.model.vocabulary
      vocabularyCount =
        vocabulary.count
        + self.addedTokens.values.filter { vocabulary.id(of: $0.content) == nil }.count
    }
  }
}

extension Encoding {
  init(_ output: TokenOutput, sequence: Int) {
    self.init(
      ids: output.ids, places: output.places, typeID: Int32(sequence), sequence: sequence)
  }
}
