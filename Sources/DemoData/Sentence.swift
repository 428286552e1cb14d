/// A sentence as pieces of text, some of which fill a slot.
struct Sentence {
  private(set) var pieces: [(text: String, slot: String?)] = []

  mutating func append(_ text: String, slot: String? = nil) {
    if !text.isEmpty { pieces.append((text, slot)) }
  }

  /// The sentence with single spaces.
  var text: String {
    pieces.map(\.text).joined().split(separator: " ").joined(separator: " ")
  }

  /// The words with the slot each is in: `B-` begins one, `I-` goes on, `O` is outside.
  ///
  /// Hyphens and signs are tokens of their own, so that a slot ends with a token.
  ///
  ///     set a  5          - minute timer
  ///     O   O  B-minutes  O O      O
  var tokens: [(token: String, tag: String)] {
    var tokens: [(token: String, tag: String)] = []
    var isInWord = false
    for (text, slot) in pieces {
      var isBeginning = true
      // A word may go on after a slot, as in "lights"; a slot never begins inside one.
      if slot != nil { isInWord = false }
      for character in text {
        if character == " " {
          isInWord = false
          continue
        }
        let isSign = "-%°".contains(character)
        if isInWord, !isSign, let last = tokens.indices.last {
          tokens[last].token.append(character)
        } else {
          let tag = slot.map { isBeginning ? "B-\($0)" : "I-\($0)" } ?? "O"
          tokens.append((String(character), tag))
          isBeginning = false
        }
        isInWord = !isSign
      }
    }
    return tokens
  }
}
