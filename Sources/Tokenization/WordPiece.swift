/// BERT's model: the longest token that begins the word, then the longest that continues it, and
/// so on; a word that cannot be covered is unknown as a whole.
struct WordPiece: Model {
  let vocabulary: Vocabulary
  let unknownID: Int32
  var unknown: Int32? { unknownID }
  /// `##`, which marks a token that continues a word.
  let continuation: [UInt8]
  let maximumScalarsPerWord: Int

  func tokenize(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [Piece]) {
    vocabulary.withView { tokenize(word, $0, into: &pieces) }
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, _ view: Vocabulary.View, into pieces: inout [Piece]
  ) {
    let scalarCount = word.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
    let firstPiece = pieces.count
    guard scalarCount <= maximumScalarsPerWord else {
      pieces.append(unknown(word))
      return
    }
    continuation.withUnsafeBufferPointer { continuation in
      var start = 0
      while start < word.count {
        let prefix =
          start == 0 ? UnsafeBufferPointer(rebasing: continuation[..<0]) : continuation
        guard let piece = longest(word, from: start, prefix, view) else {
          pieces.removeSubrange(firstPiece...)
          pieces.append(unknown(word))
          return
        }
        pieces.append(piece)
        start = Int(piece.end)
      }
    }
  }

  /// The longest token that is `prefix` and the word's bytes from `start` on.
  private func longest(
    _ word: UnsafeBufferPointer<UInt8>, from start: Int, _ prefix: UnsafeBufferPointer<UInt8>,
    _ view: Vocabulary.View
  ) -> Piece? {
    // No token is longer than the longest; the hashes up to there come in one sweep.
    let reach = min(word.count - start, max(vocabulary.longestToken - prefix.count, 0))
    return withUnsafeTemporaryAllocation(of: TokenHash.self, capacity: reach) { hashes in
      var hash = TokenHash()
      for byte in prefix { hash.append(byte) }
      for index in 0..<reach {
        hash.append(word[start + index])
        hashes.initializeElement(at: index, to: hash)
      }
      var length = reach
      while length > 0 {
        let end = start + length
        let isBoundary = end == word.count || word[end] & 0xC0 != 0x80
        if isBoundary,
          let id = view.id(
            of: hashes[length - 1], prefix: prefix, UnsafeBufferPointer(rebasing: word[start..<end])
          )
        {
          return Piece(id: id, start: Int32(start), end: Int32(end))
        }
        length -= 1
      }
      return nil
    }
  }

  private func unknown(_ word: UnsafeBufferPointer<UInt8>) -> Piece {
    Piece(id: unknownID, start: 0, end: Int32(truncatingIfNeeded: word.count))
  }
}
