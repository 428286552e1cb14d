/// Cuts normalized text into words, which the model then tokenizes each on its own.
protocol PreTokenizer: Sendable {
  /// Replaces pieces by finer ones; empty pieces are not kept. The text itself may be rewritten.
  func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>])
}

/// Several pre-tokenizers, one after the other.
struct PreTokenizerSequence: PreTokenizer {
  let members: [any PreTokenizer]

  func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
    for member in members { member.split(&text, &pieces) }
  }
}

/// Cuts by the class of each scalar: whitespace is dropped, and what else is cut depends.
struct ClassSplitter: PreTokenizer {
  enum Rule: Sendable {
    /// At whitespace and around each mark of punctuation: `BertPreTokenizer`.
    case bert
    /// At whitespace: `WhitespaceSplit`.
    case whitespace
    /// Runs of word characters, and runs of the rest: `Whitespace`.
    case words
    /// Around each mark of punctuation: `Punctuation`.
    case punctuation
  }

  let rule: Rule

  func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
    let table = ScalarTable.shared
    var words: [Range<Int>] = []
    words.reserveCapacity(text.bytes.count / 4)
    text.bytes.withUnsafeBufferPointer { bytes in
      for piece in pieces {
        var start = piece.lowerBound
        var lastKind = Kind.part
        var index = start
        while index < piece.upperBound {
          let before = index
          let kind = kind(of: table.classOf(UTF8Scalar.decode(bytes, &index)))
          if kind != lastKind || kind == .alone {
            if start < before, lastKind != .dropped { words.append(start..<before) }
            start = before
          }
          lastKind = kind
        }
        if start < piece.upperBound, lastKind != .dropped { words.append(start..<piece.upperBound) }
      }
    }
    pieces = words
  }

  private enum Kind { case part, otherPart, alone, dropped }

  private func kind(of scalar: ScalarClass) -> Kind {
    if rule != .punctuation, scalar.contains(.whitespace) { return .dropped }
    return switch rule {
    case .bert, .punctuation: scalar.contains(.punctuation) ? .alone : .part
    case .whitespace: .part
    case .words: scalar.contains(.word) ? .part : .otherPart
    }
  }
}
