/// Turns one word into tokens.
///
/// WordPiece is the one there is; BPE and Unigram are a file each.
protocol Model: Sendable {
  var vocabulary: Vocabulary { get }
  /// What a word becomes that the vocabulary cannot spell; nil where there is no such word.
  var unknown: Int32? { get }
  /// Appends the tokens of a word, given as UTF-8.
  func tokenize(_ word: UnsafeBufferPointer<UInt8>, into pieces: inout [Piece])
}

/// A token inside a word, with its bytes there.
struct Piece: Sendable, Equatable {
  let id: Int32
  let start: Int32
  let end: Int32
}
