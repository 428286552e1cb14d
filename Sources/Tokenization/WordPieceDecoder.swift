/// Puts WordPiece tokens together: continuations join, others follow a space.
struct WordPieceDecoder: Sendable {
  var prefix = "##"
  /// Removes the spaces that splitting put before punctuation and contractions.
  var cleansUp = true

  private static let replacements: [(String, String)] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]

  func text(of tokens: [String]) -> String {
    var text: [UInt8] = []
    for (index, token) in tokens.enumerated() {
      var bytes = Array(token.utf8)
      if index > 0 {
        if bytes.starts(with: prefix.utf8) {
          bytes.removeFirst(prefix.utf8.count)
        } else {
          bytes.insert(0x20, at: 0)
        }
      }
      text += cleansUp ? Self.cleaned(bytes) : bytes
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func cleaned(_ token: [UInt8]) -> [UInt8] {
    guard token.contains(0x20) else { return token }
    return replacements.reduce(token) { replace($1.0, by: $1.1, in: $0) }
  }

  private static func replace(_ old: String, by new: String, in bytes: [UInt8]) -> [UInt8] {
    let (old, new) = (Array(old.utf8), Array(new.utf8))
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index...].starts(with: old) {
        result += new
        index += old.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }
}
