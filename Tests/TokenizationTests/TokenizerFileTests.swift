import Files
import Testing

@testable import Tokenization

/// Files that are well, and files that are not.
@Suite struct `A tokenizer file` {
  /// The rows of the shared manifest that are for this tokenizer; BPE is another matter.
  static let shared: [(path: String, isAccepted: Bool)] = {
    guard let folder = Fixtures.shared.map({ $0 + "/badfiles" }),
      let bytes = try? readFile(folder + "/MANIFEST.tsv")
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard columns.count >= 4, columns[0].hasPrefix("tokenizer/"),
        !["bpe", "merge", "regex"].contains(where: { columns[0].contains($0) })
      else { return nil }
      return (folder + "/files/" + columns[0], columns[3] == "accept")
    }
  }()

  @Test(.enabled(if: !shared.isEmpty, "the shared data is absent"), arguments: shared)
  func `from the shared corpus gets what it must`(_ path: String, _ isAccepted: Bool) throws {
    if isAccepted {
      let encoding = try Tokenizer(tokenizerJSON: path).encode("Hello world")
      #expect(encoding.ids == [2, 4, 5, 6, 3])
    } else {
      #expect { try Tokenizer(tokenizerJSON: path) } throws: { error in
        let failure = error as? FileFailure
        return failure?.path == path && failure?.place != nil
      }
    }
  }

  static let wordPiece = """
    {"version": "1.0", "added_tokens": [{"id": 0, "content": "[UNK]", "special": true}],
     "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "BertProcessing", "sep": ["a", 1], "cls": ["b", 2]},
     "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "a": 1, "b": 2}}}
    """

  @Test(arguments: [
    ("\"type\": \"WordPiece\", \"unk_token\"", "\"type\": \"BPE\", \"unk_token\"", "model BPE"),
    ("\"type\": \"WordPiece\", \"unk_token\"", "\"type\": \"Unigram\", \"unk_token\"", "Unigram"),
    ("BertNormalizer", "Precompiled", "normalizer Precompiled"),
    ("BertPreTokenizer", "ByteLevel", "pre-tokenizer ByteLevel"),
    ("BertProcessing", "RobertaProcessing", "post-processor RobertaProcessing"),
    ("\"a\": 1", "\"a\": -1", "token a has id -1"),
    ("\"a\": 1", "\"a\": 4294967295", "token a has id 4294967295"),
    ("\"a\": 1", "\"a\": 1.5", "token a has"),
    ("\"a\": 1", "\"a\": 2", "two tokens have the id 2"),
    ("\"id\": 0", "\"id\": 7", "[UNK] has id 7"),
    ("[\"b\", 2]", "[\"b\", 9]", "id 9 is not in the vocabulary"),
    ("[\"b\", 2]", "[\"b\"]", "found 1 values"),
  ])
  func `that is broken is refused with the reason`(
    _ old: String, _ new: String, _ reason: String
  ) throws {
    _ = try Self.tokenizer(Self.wordPiece)
    let parts = Self.wordPiece.split(separator: old, maxSplits: 1)
    let text = parts.joined(separator: new)
    #expect(text != Self.wordPiece)
    #expect { try Self.tokenizer(text) } throws: { "\($0)".contains(reason) }
  }

  @Test func `that is cut short or damaged never traps`() throws {
    let bytes = Array(Self.wordPiece.utf8)
    for length in 0..<bytes.count {
      #expect(throws: FileFailure.self) { try Self.tokenizer(Array(bytes[..<length])) }
    }
    var random = Seeded(state: 1)
    var accepted = 0
    for _ in 0..<4_000 {
      var damaged = bytes
      damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      guard let tokenizer = try? Self.tokenizer(damaged) else { continue }
      accepted += 1
      let encoding = try tokenizer.encode("a b é [UNK] 世", pair: "B")
      _ = tokenizer.decode(encoding.ids)
    }
    #expect(accepted > 0)
  }

  @Test func `of full size that is damaged never traps`() throws {
    let path = Fixtures.goldens + "/uncased.json"
    let root = Field(try JSON(contentsOf: path), file: path)
    var bytes = Array(try root.required("tokenizer").json.text(.minified).utf8)
    var random = Seeded(state: 2)
    for _ in 0..<60 {
      let index = Int(random.next() % UInt64(bytes.count))
      let old = bytes[index]
      bytes[index] ^= UInt8(1 << (random.next() % 8))
      if let tokenizer = try? Self.tokenizer(bytes) { _ = try tokenizer.encode("the fox [MASK]") }
      bytes[index] = old
    }
  }

  static func tokenizer(_ text: String) throws -> Tokenizer { try tokenizer(Array(text.utf8)) }

  static func tokenizer(_ bytes: [UInt8]) throws -> Tokenizer {
    let json = try JSON(parsing: bytes, path: "tokenizer.json")
    return Tokenizer(
      try TokenizerFile(Field(json, file: "tokenizer.json")).parts())
  }
}
