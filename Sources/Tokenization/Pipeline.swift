/// From text to tokens, without the template: the general way, and the fast one for BERT.
///
/// The general way works for any parts. It is also what the fast way falls back to, word by word,
/// and what tests compare it with.
struct Pipeline: Sendable {
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let model: any Model
  /// Added tokens that are looked for in the original, and in the normalized text.
  let added: AddedTokenFinder
  let addedNormalized: AddedTokenFinder
  let fast: FastBERT?

  init(
    normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?, model: any Model,
    addedTokens: [AddedToken]
  ) {
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.model = model
    added = AddedTokenFinder(
      addedTokens.filter { !$0.isNormalized }.map { (Array($0.content.utf8), $0) })
    addedNormalized = AddedTokenFinder(
      addedTokens.filter(\.isNormalized).map { token in
        var content = token.content
        var text = content.withUTF8 { ScalarText($0, firstOrigin: 0) }
        normalizer?.normalize(&text)
        return (NormalizedText(text).bytes, token)
      })
    fast =
      addedNormalized.isEmpty
      ? FastBERT(normalizer: normalizer, preTokenizer: preTokenizer, model: model) : nil
  }

  /// - Parameters:
  ///   - utf8: valid UTF-8, less than 2³¹ bytes
  ///   - output: where the tokens go
  func tokenize(_ utf8: UnsafeBufferPointer<UInt8>, into output: inout TokenOutput) {
    if let fast, !added.occurs(in: utf8) {
      fast.tokenize(utf8, general: self, into: &output)
    } else {
      tokenizeGenerally(utf8, into: &output)
    }
  }

  func tokenizeGenerally(_ utf8: UnsafeBufferPointer<UInt8>, into output: inout TokenOutput) {
    var firstScalar = 0
    for (token, range) in added.split(utf8) {
      let part = UnsafeBufferPointer(rebasing: utf8[range])
      let count = part.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
      if let token {
        output.append(token, Int32(firstScalar)..<Int32(firstScalar + count))
        output.endWord()
      } else {
        tokenizePart(part, firstScalar: firstScalar, into: &output)
      }
      firstScalar += count
    }
  }

  /// A part of the text that holds no added token to be found in the original.
  func tokenizePart(
    _ utf8: UnsafeBufferPointer<UInt8>, firstScalar: Int, into output: inout TokenOutput
  ) {
    var scalars = ScalarText(utf8, firstOrigin: firstScalar)
    normalizer?.normalize(&scalars)
    var text = NormalizedText(scalars)
    var pieces = [0..<text.bytes.count]
    guard !addedNormalized.isEmpty else {
      return tokenizeWords(&text, &pieces, into: &output)
    }
    for (token, range) in text.bytes.withUnsafeBufferPointer({ addedNormalized.split($0) }) {
      if let token {
        output.append(token, text.origin(of: range))
        output.endWord()
      } else {
        var pieces = [range]
        tokenizeWords(&text, &pieces, into: &output)
      }
    }
  }

  private func tokenizeWords(
    _ text: inout NormalizedText, _ pieces: inout [Range<Int>], into output: inout TokenOutput
  ) {
    preTokenizer?.split(&text, &pieces)
    var found: [Piece] = []
    text.bytes.withUnsafeBufferPointer { bytes in
      for word in pieces where !word.isEmpty {
        found.removeAll(keepingCapacity: true)
        model.tokenize(UnsafeBufferPointer(rebasing: bytes[word]), into: &found)
        for piece in found {
          let range = word.lowerBound + Int(piece.start)..<word.lowerBound + Int(piece.end)
          output.append(piece.id, text.origin(of: range))
        }
        output.endWord()
      }
    }
  }
}

/// The tokens of one text as they are found, word by word.
struct TokenOutput {
  private(set) var ids: [Int32] = []
  private(set) var places: [Encoding.Place] = []
  private(set) var word: Int32 = 0

  init(reserving count: Int) {
    ids.reserveCapacity(count)
    places.reserveCapacity(count)
  }

  @inline(__always)
  mutating func append(_ id: Int32, _ scalars: Range<Int32>) {
    ids.append(id)
    places.append(
      Encoding.Place(start: scalars.lowerBound, end: scalars.upperBound, word: word))
  }

  @inline(__always)
  mutating func endWord() {
    word &+= 1
  }

  /// All tokens belong to one word from outside.
  mutating func relabel(from first: Int, word: Int32) {
    for index in first..<places.count { places[index].word = word }
  }
}
