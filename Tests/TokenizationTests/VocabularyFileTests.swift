import Files
import Testing

@testable import Tokenization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A model folder with `vocab.txt`.
@Suite struct `A vocabulary file` {
  /// The tokens of a golden tokenizer in the order of their ids.
  static func tokens(_ name: String) throws -> [String] {
    let tokenizer = try Golden(name).tokenizer
    return (0..<tokenizer.vocabularyCount).compactMap { tokenizer.token(of: Int32($0)) }
  }

  @Test(arguments: [("uncased", true, "\n"), ("uncased", true, "\r\n"), ("cased", false, "\n")])
  func `gives what tokenizer_json gives`(
    _ name: String, _ lowercases: Bool, _ lineEnd: String
  ) throws {
    let golden = try Golden(name)
    try withTemporaryFolder { folder in
      try writeAtomically(
        try Self.tokens(name).map { $0 + lineEnd }.joined(), to: folder + "/vocab.txt")
      try writeAtomically(
        "{\"do_lower_case\": \(lowercases), \"model_max_length\": 512}",
        to: folder + "/tokenizer_config.json")
      let tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.vocabularyCount == golden.tokenizer.vocabularyCount)
      for item in try golden.root.required("cases").array() {
        guard let text = try item["text"]?.string() else { continue }
        let pair = try item["pair"]?.string()
        #expect(
          try tokenizer.encode(text, pair: pair) == golden.tokenizer.encode(text, pair: pair))
      }
      let direct = try Tokenizer(vocabulary: folder + "/vocab.txt", lowercases: lowercases)
      #expect(try direct.encode("Café") == golden.tokenizer.encode("Café"))
    }
  }

  @Test func `names its special tokens as its configuration does`() throws {
    try withTemporaryFolder { folder in
      try writeAtomically("[UNK]\n[CLS]\n[SEP]\na\n", to: folder + "/vocab.txt")
      try writeAtomically(
        "{\"model_max_length\": 1000000000000000019884624838656, \"mask_token\": {\"content\": \"a\"}}",
        to: folder + "/tokenizer_config.json")
      let tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.isSpecial(3))
      #expect(try tokenizer.encode("a b").ids == [1, 3, 0, 2])
    }
  }

  @Test(arguments: [
    (Array("a\nb\n".utf8), "[UNK] is not among the 2 tokens"),
    (Array("[UNK]\n[SEP]\n".utf8), "[CLS] is not among"),
    ([0x61, 0x0A, 0xFF, 0x0A], "line 2: the token is not valid UTF-8"),
    ([], "[UNK] is not among the 0 tokens"),
  ])
  func `that is broken is refused with the reason`(_ bytes: [UInt8], _ reason: String) throws {
    try withTemporaryFolder { folder in
      try writeAtomically(bytes, to: folder + "/vocab.txt")
      #expect { try Tokenizer(folder: folder) } throws: { "\($0)".contains(reason) }
    }
  }

  @Test func `that is absent is named`() throws {
    try withTemporaryFolder { folder in
      #expect { try Tokenizer(folder: folder) } throws: { error in
        "\(error)".contains("neither tokenizer.json nor vocab.txt")
      }
    }
  }
}

/// Runs `body` with a folder of its own, which is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  var template = Array("/tmp/tokenization-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else {
    throw FileFailure("/tmp", "no temporary folder, error \(errno)")
  }
  let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer {
    for name in (try? namesInFolder(folder)) ?? [] { unlink(folder + "/" + name) }
    rmdir(folder)
  }
  try body(folder)
}
