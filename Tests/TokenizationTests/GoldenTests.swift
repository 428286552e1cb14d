import Files
import Testing

@testable import Tokenization

/// What the Rust library gives, as `Scripts/make-tokenizer-goldens.py` wrote it down.
@Suite struct `A golden tokenizer` {
  static let names = [
    "uncased", "cased", "accents-kept", "accents-stripped-cased", "uncleaned", "added", "sequence",
    "whitespace", "unsplit",
  ]

  @Test(arguments: names) func `gives the library's encodings`(_ name: String) throws {
    let golden = try Golden(name)
    for item in try golden.root.required("cases").array() {
      let special = try item["addSpecial"]?.bool() ?? true
      let encoding: Encoding
      if let words = item["words"] {
        encoding = try golden.tokenizer.encode(
          words: words.strings(), pair: item["pairWords"]?.strings())
      } else {
        encoding = try golden.tokenizer.encode(
          item.required("text").string(), pair: item["pair"]?.string(),
          addingSpecialTokens: special)
      }
      try Golden.check(encoding, item.required("encoding"), "\(item.json)")
    }
  }

  @Test(arguments: names) func `decodes as the library does`(_ name: String) throws {
    let golden = try Golden(name)
    for item in try golden.root.required("decodings").array() {
      let ids = try item.required("ids").integers().map(Int32.init)
      let text = golden.tokenizer.decode(
        ids, skippingSpecialTokens: try item.required("skip").bool())
      #expect(try text == item.required("text").string())
    }
  }

  @Test func `truncates as the library does`() throws {
    let golden = try Golden("uncased")
    for item in try golden.root.required("truncations").array() {
      let encoding = try golden.tokenizer.encode(
        item.required("text").string(), pair: item["pair"]?.string())
      let length = try item.required("length").integer()
      let strategy = try #require(
        TruncationStrategy(rawValue: try item.required("strategy").string()))
      if let expected = item["encoding"] {
        try Golden.check(
          encoding.truncated(to: length, strategy: strategy), expected, "\(item.json)")
      } else {
        #expect(throws: TruncationFailure.self, "\(item.json)") {
          try encoding.truncated(to: length, strategy: strategy)
        }
      }
    }
  }

  @Test func `cuts windows as the library does`() throws {
    let golden = try Golden("uncased")
    for item in try golden.root.required("windows").array() {
      let windows = try golden.tokenizer.encode(
        item.required("text").string(), pair: item["pair"]?.string()
      ).windows(
        length: item.required("length").integer(), stride: item.required("stride").integer(),
        strategy: TruncationStrategy(rawValue: item.required("strategy").string()))
      let expected = try item.required("windows").array()
      #expect(windows.count == expected.count)
      for (window, expected) in zip(windows, expected) {
        try Golden.check(window, expected, "\(item.json)")
      }
    }
  }
}

/// One golden file, and the tokenizer in it.
struct Golden {
  let root: Field
  let tokenizer: Tokenizer

  init(_ name: String) throws {
    let path = Fixtures.goldens + "/\(name).json"
    root = Field(try JSON(contentsOf: path), file: path)
    tokenizer = try Tokenizer(TokenizerFile(root.required("tokenizer")).parts())
  }

  static func check(_ encoding: Encoding, _ golden: Field, _ context: String) throws {
    let context = Comment(rawValue: String(context.prefix(400)))
    #expect(try encoding.ids.map(Int.init) == golden.required("ids").integers(), context)
    #expect(try encoding.typeIds.map(Int.init) == golden.required("typeIds").integers(), context)
    let offsets = try golden.required("offsets").array().map { try $0.integers() }
    #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == offsets, context)
    #expect(try encoding.wordIds == golden.required("wordIds").optionalIntegers(), context)
    #expect(try encoding.sequenceIds == golden.required("sequenceIds").optionalIntegers(), context)
    let special = encoding.isSpecial.map { $0 ? 1 : 0 }
    #expect(try special == golden.required("special").integers(), context)
  }
}

extension Field {
  func integers() throws -> [Int] { try array().map { try $0.integer() } }

  func strings() throws -> [String] { try array().map { try $0.string() } }

  func optionalIntegers() throws -> [Int?] {
    try array().map { $0.json == .null ? nil : try $0.integer() }
  }
}
