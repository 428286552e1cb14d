/// Added tokens: found in any number of them, and hashed so that no file can slow them down.
import Files
import Testing

@testable import Tokenization

@Suite struct `Added tokens` {
  private func token(_ id: Int32, _ content: String) -> (bytes: [UInt8], token: AddedToken) {
    (Array(content.utf8), AddedToken(id: id, content: content))
  }

  /// The parts of a text, by trying every token at every place: what the tree must find.
  private func reference(_ tokens: [String], _ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var parts: [String] = []
    var (done, index) = (0, 0)
    func add(_ range: Range<Int>, _ id: Int?) {
      guard !range.isEmpty else { return }
      let text = String(decoding: bytes[range], as: UTF8.self)
      parts.append(id.map { "\($0):\(text)" } ?? text)
    }
    while index < bytes.count {
      let found = tokens.enumerated().filter { bytes[index...].starts(with: Array($1.utf8)) }
        .max { ($0.element.utf8.count, $1.offset) < ($1.element.utf8.count, $0.offset) }
      if let found {
        add(done..<index, nil)
        let end = index + found.element.utf8.count
        add(index..<end, found.offset)
        (done, index) = (end, end)
      } else {
        index += 1
      }
    }
    add(done..<bytes.count, nil)
    return parts
  }

  @Test(arguments: [
    ["<a>", "<ab>", "<", "b"], ["aa", "a", "aaa"], ["ab", "abcab", "b"], ["x"], ["é", "e\u{301}"],
    ["ab", "ab", "abc"],
  ])
  func `are the leftmost, and of those the longest`(_ tokens: [String]) {
    let finder = AddedTokenFinder(
      tokens.enumerated().map { token(Int32($0.offset), $0.element) })
    for text in [
      "", "<a><ab><", "aaaaa", "abcabcab", "b<a", "é e\u{301}x", "xabca<ab", "\u{301}",
    ] {
      var copy = text
      let found = copy.withUTF8 { utf8 in
        finder.split(utf8).map { part in
          let text = String(decoding: utf8[part.range], as: UTF8.self)
          return part.token.map { "\($0):\(text)" } ?? text
        }
      }
      #expect(found == reference(tokens, text), "\(tokens) in \(text)")
    }
  }

  /// Quadratic, this took minutes.
  @Test func `may be a hundred thousand`() throws {
    let added = (0..<100_000).map { "{\"id\": \($0 + 3), \"content\": \"<tok\($0)>\"}" }
    let text = `A tokenizer file`.wordPiece.replacing(
      "\"special\": true}]", with: "\"special\": true}, \(added.joined(separator: ", "))]")
    let tokenizer = try `A tokenizer file`.tokenizer(text)
    #expect(tokenizer.vocabularyCount == 100_003)
    let line = (0..<2_000).map { "<tok\($0 * 37)> <tok" }.joined()
    #expect(try tokenizer.encode(line).ids.count { $0 >= 3 } == 2_000)
  }
}

@Suite struct `The hash of tokens` {
  @Test func `is one that a file cannot foresee`() {
    // Names that share one of 4,096 slots by the plain hash.
    func plain(_ text: String) -> Int {
      var hash = FNV1a()
      hash.add(text.utf8)
      return Int(truncatingIfNeeded: hash.value ^ hash.value >> 29) & 4_095
    }
    let clash = (0..<200_000).lazy.map { "token\($0)" }.filter { plain($0) == 0 }.prefix(32)
    let slots = clash.map { text in
      var text = text
      return text.withUTF8 { TokenHash(of: $0).slot(4_096) }
    }
    #expect(slots.count == 32)
    #expect(Set(slots).count > 16)
  }
}
