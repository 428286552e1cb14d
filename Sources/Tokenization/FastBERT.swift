/// BERT's normalizer, splitter and WordPiece in one pass over ASCII.
///
/// A byte's class says at once whether it is part of a word, a word of its own, or nothing. A word
/// that touches any other byte — beyond ASCII, or a control character — takes the general way, up
/// to the next ASCII space: nothing the normalizer does reaches across one.
struct FastBERT: Sendable {
  private enum ByteClass {
    static let word: UInt8 = 0
    static let punctuation: UInt8 = 1
    static let space: UInt8 = 2
    static let other: UInt8 = 3
  }

  private static let longestWord = 100

  private let model: WordPiece
  private let classes: [UInt8]
  private let lowercase: [UInt8]

  /// - Returns: `nil` where the parts are not BERT's
  init?(
    normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?, model: any Model
  ) {
    guard let normalizer = normalizer as? BERTNormalizer,
      let splitter = preTokenizer as? ClassSplitter, splitter.rule == .bert,
      let model = model as? WordPiece, model.maximumScalarsPerWord >= Self.longestWord
    else { return nil }
    self.model = model
    let table = ScalarTable.shared
    classes = (0..<UInt32(256)).map { byte in
      let scalar = table.classOf(byte)
      if byte >= 0x80 || (normalizer.cleansText && scalar.contains(.removed)) {
        return ByteClass.other
      }
      if scalar.contains(.whitespace) { return ByteClass.space }
      return scalar.contains(.punctuation) ? ByteClass.punctuation : ByteClass.word
    }
    lowercase = (UInt8.min...UInt8.max).map { byte in
      normalizer.lowercases && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
  }

  func tokenize(
    _ utf8: UnsafeBufferPointer<UInt8>, general: Pipeline, into output: inout TokenOutput
  ) {
    model.vocabulary.withView { vocabulary in
      classes.withUnsafeBufferPointer { classes in
        lowercase.withUnsafeBufferPointer { lowercase in
          withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestWord) { word in
            tokenize(
              utf8, Tables(vocabulary: vocabulary, classes: classes, lowercase: lowercase), word,
              general, &output)
          }
        }
      }
    }
  }

  private struct Tables {
    let vocabulary: Vocabulary.View
    let classes: UnsafeBufferPointer<UInt8>
    let lowercase: UnsafeBufferPointer<UInt8>
  }

  private func tokenize(
    _ utf8: UnsafeBufferPointer<UInt8>, _ tables: Tables, _ word: UnsafeMutableBufferPointer<UInt8>,
    _ general: Pipeline, _ output: inout TokenOutput
  ) {
    var pieces: [Piece] = []
    var index = 0
    // Bytes before `index` that continue a scalar: index − continuations is the scalar's position.
    var continuations = 0
    while index < utf8.count {
      let start = index
      var hash = TokenHash()
      var length = 0
      var byteClass = ByteClass.word
      while index < utf8.count {
        let byte = utf8[index]
        byteClass = tables.classes[Int(byte)]
        guard byteClass == ByteClass.word else { break }
        guard length < Self.longestWord else {
          byteClass = ByteClass.other
          break
        }
        let lower = tables.lowercase[Int(byte)]
        word.initializeElement(at: length, to: lower)
        hash.append(lower)
        length += 1
        index += 1
      }

      if byteClass == ByteClass.other, index < utf8.count {
        index = endOfPart(utf8, from: index, tables.classes)
        let part = UnsafeBufferPointer(rebasing: utf8[start..<index])
        general.tokenizePart(part, firstScalar: start - continuations, into: &output)
        for byte in part where byte & 0xC0 == 0x80 { continuations += 1 }
        continue
      }
      if length > 0 {
        let first = Int32(truncatingIfNeeded: start - continuations)
        let bytes = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(word)[..<length])
        emit(bytes, hash, first, tables.vocabulary, &pieces, &output)
      }
      guard index < utf8.count else { return }
      if byteClass == ByteClass.punctuation {
        let byte = utf8[index]
        var hash = TokenHash()
        hash.append(byte)
        word.initializeElement(at: 0, to: byte)
        let bytes = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(word)[..<1])
        let first = Int32(truncatingIfNeeded: index - continuations)
        emit(bytes, hash, first, tables.vocabulary, &pieces, &output)
      }
      index += 1
    }
  }

  /// Where a part for the general way ends: at a space after which ASCII begins again, so that a
  /// text in another script is one part.
  private func endOfPart(
    _ utf8: UnsafeBufferPointer<UInt8>, from start: Int, _ classes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    var index = start
    while index < utf8.count {
      if classes[Int(utf8[index])] == ByteClass.space {
        let next = index + 1
        guard next < utf8.count, classes[Int(utf8[next])] == ByteClass.other else { break }
      }
      index += 1
    }
    return index
  }

  /// Appends the tokens of a word whose hash is known; most words are tokens themselves.
  @inline(__always)
  private func emit(
    _ word: UnsafeBufferPointer<UInt8>, _ hash: TokenHash, _ first: Int32,
    _ vocabulary: Vocabulary.View, _ pieces: inout [Piece], _ output: inout TokenOutput
  ) {
    let none = UnsafeBufferPointer(rebasing: word[..<0])
    if let id = vocabulary.id(of: hash, prefix: none, word) {
      output.append(id, first..<first &+ Int32(truncatingIfNeeded: word.count))
    } else {
      pieces.removeAll(keepingCapacity: true)
      model.tokenize(word, vocabulary, into: &pieces)
      for piece in pieces { output.append(piece.id, first &+ piece.start..<first &+ piece.end) }
    }
    output.endWord()
  }
}
