import Files
import Testing

@testable import Tokenization

/// Laws that hold for any text.
@Suite struct `A tokenizer` {
  static let texts = [
    // The first is a megabyte; the others are as much work in a debug build.
    String(repeating: "The quick brown fox; jumps, over 12 dogs. ", count: 24_000),
    String(repeating: "a", count: 200_000),
    String(repeating: "é", count: 50_000),
    String(repeating: "世界", count: 20_000),
    String(repeating: "e\u{301}\u{323}", count: 20_000),
    String(repeating: " ", count: 200_000),
    "a" + String(repeating: "\u{301}", count: 50_000),
    String(repeating: "[MASK]", count: 10_000),
  ]

  @Test(arguments: texts.indices) func `takes a long text`(_ index: Int) throws {
    let text = Self.texts[index]
    let encoding = try Golden("uncased").tokenizer.encode(text)
    let scalarCount = text.unicodeScalars.count
    #expect(encoding.offsets.allSatisfy { 0 <= $0.lowerBound && $0.upperBound <= scalarCount })
    #expect(encoding.wordIds.compactMap(\.self).isSorted)
    #expect(encoding.count == encoding.typeIds.count)
  }

  @Test(arguments: ["uncased", "cased", "accents-kept", "uncleaned"])
  func `is as right the fast way as the general way`(_ name: String) throws {
    let tokenizer = try Golden(name).tokenizer
    #expect(tokenizer.parts.pipeline.fast != nil)
    var random = Seeded(state: 3)
    let alphabet = Array(
      "abzAZ09 .,'-\t\n\u{0}\u{7f}\u{b}éÉßΣσıİ世ー\u{301}\u{323}\u{a0}\u{200d}👩[]".unicodeScalars)
    for length in 0..<400 {
      var text = ""
      for _ in 0..<length {
        // Mostly letters, so that words come to be.
        let reach = random.next() % 3 == 0 ? alphabet.count : 8
        text.unicodeScalars.append(alphabet[Int(random.next() % UInt64(reach))])
      }
      var general = TokenOutput(reserving: 0)
      text.withUTF8 { tokenizer.parts.pipeline.tokenizeGenerally($0, into: &general) }
      let fast = try tokenizer.encode(text, addingSpecialTokens: false)
      #expect(fast.ids == general.ids && fast.places == general.places, "\(text.debugDescription)")
    }
  }

  @Test func `gives many tasks the same`() async throws {
    let tokenizer = try Golden("uncased").tokenizer
    let text = "Unbelievable café, 你好 world! don't [MASK] 👩\u{200d}💻 " + Self.texts[0].prefix(2_000)
    let expected = try tokenizer.encode(text, pair: "the fox")
    try await withThrowingTaskGroup(of: Encoding.self) { group in
      for _ in 0..<64 { group.addTask { try tokenizer.encode(text, pair: "the fox") } }
      for try await encoding in group { #expect(encoding == expected) }
    }
  }

  @Test func `knows its tokens by name and by id`() throws {
    let tokenizer = try Golden("added").tokenizer
    let id = try #require(tokenizer.id(of: "newtoken"))
    #expect(tokenizer.token(of: id) == "newtoken")
    #expect(tokenizer.id(of: "no such token") == nil)
    #expect(tokenizer.token(of: -1) == nil)
    #expect(tokenizer.token(of: .max) == nil)
    #expect(Int(id) < tokenizer.vocabularyCount)
    let encoding = try tokenizer.encode("the newtoken")
    #expect(tokenizer.tokens(of: encoding) == ["[CLS]", "the", "newtoken", "[SEP]"])
  }

  @Test func `says why it cannot truncate`() throws {
    let encoding = try Golden("uncased").tokenizer.encode("the fox", pair: "a dog")
    #expect(throws: TruncationFailure.self) { try encoding.truncated(to: 2) }
    #expect(throws: TruncationFailure.self) { try encoding.truncated(to: -1) }
    #expect(throws: TruncationFailure.self) { try encoding.windows(length: 6, stride: 0) }
    #expect(throws: TruncationFailure.self) {
      try encoding.windows(length: 6, stride: 9, strategy: .onlySecond)
    }
    #expect(try encoding.truncated(to: 3).ids.count == 3)
    #expect(try encoding.truncated(to: .max) == encoding)
  }
}

extension [Int] {
  var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}

/// The same numbers in every run: SplitMix64.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
