import Files
import HubClient
import Testing

/// A card of some lines of front matter.
private func card(_ lines: String...) -> CardFile {
  CardFile("---\n\(lines.joined(separator: "\n"))\n---\n# Body\n")
}

@Suite struct `A card` {
  @Test func `is front matter and body`() {
    let card = card(
      "license: mit", "language: no", "tags: [adapters, 'lora']", "datasets: glue", "extra: 5")
    #expect(card.problems.isEmpty, "\(card.problems)")
    #expect(card.body == "# Body\n")
    #expect(card.strings("language") == ["no"])
    #expect(card.strings("tags") == ["adapters", "lora"])
    #expect(card.frontMatter["extra"] == 5)
  }

  @Test func `may come from Windows`() {
    let card = CardFile("\u{FEFF}---\r\nlicense: mit\r\n---\r\nBody\r\n")
    #expect(card.problems.isEmpty)
    #expect(card.strings("license") == ["mit"])
    #expect(card.body == "Body\n")
  }

  @Test func `without front matter gets a warning`() {
    let card = CardFile("# Body\n\n---\n")
    #expect(card.errors.isEmpty)
    #expect(card.warnings.count == 1)
    #expect(card.body == "# Body\n\n---\n")
  }

  @Test(arguments: [
    ("tags: 5", "tags", 2), ("tags: [1]", "[0]", 2), ("license: MIT", "small letters", 2),
    ("license: mine", "license_name", 2), ("language: english", "english", 2),
    ("license: mit\nlicense: gpl", "twice", 2), ("a:\n\tb: 1", "", 3), ("a: [1", "", 3),
    ("a: !!python/object/apply:os.system [ls]", "python", 2), ("a: *b", "alias of nothing", 2),
    ("model-index: 5", "list", 2), ("model-index:\n- results: []", "no name", 2),
    ("- a\n- b", "keys and values", 2), ("base_model: {a: 1}", "base_model", 2),
    ("a: 1\n? [x, y]\n: 2", "key", 3),
  ])
  func `is told what is wrong, on which line`(_ yaml: String, _ word: String, _ line: Int) throws {
    let problem = try #require(card(yaml).errors.first)
    #expect(problem.message.contains(word), "\(problem)")
    #expect(problem.line == line, "\(problem)")
  }

  @Test func `that is never closed says so`() {
    #expect(CardFile("---\nlicense: mit\n# Body").errors.first?.message.contains("closed") == true)
  }

  @Test func `may use anchors`() {
    let card = card("a: &x {p: [1, 2]}", "b: [*x,*x]", "c: '*x'", "d: |", "  *x and * y", "e: a *b")
    #expect(card.problems.isEmpty, "\(card.problems)")
    #expect(card.frontMatter["b"] == [["p": [1, 2]], ["p": [1, 2]]])
    #expect(card.frontMatter["c"] == "*x")
    #expect(card.frontMatter["d"] == "*x and * y\n")
    #expect(card.frontMatter["e"] == "a *b")
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      // Ten steps of ten: 10¹⁰ values, as values and as keys.
      (["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        + (1..<10).map { n in
          "a\(n): &a\(n) [\(Array(repeating: "*a\(n - 1)", count: 10).joined(separator: ", "))]"
        }).joined(separator: "\n"),
      (["a0: &a0 [x, x]"]
        + (1..<40).map { n in "? &a\(n) [*a\(n - 1), *a\(n - 1)]\n: x" }).joined(separator: "\n"),
      "a: " + String(repeating: "[", count: 100_000),
      "a: " + String(repeating: "{a: ", count: 50_000),
      String(repeating: "- ", count: 100_000),
      String(repeating: "? ", count: 100_000),
      (0..<700).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
      "a: " + String(repeating: "x", count: 300_000),
      "a: " + String(repeating: "&a ", count: 50_000),
      String(repeating: "a: ", count: 50_000),
      "\u{0}\u{1}", "a: \"\\", "%YAML 9.9\n--- a", "--- a\n--- b", "a: &a [*a]", "!<x> a: b",
    ])
  func `that is hostile is refused in no time`(_ yaml: String) {
    #expect(!card(yaml).errors.isEmpty)
  }

  @Test func `of any bytes is read without a trap`() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "- ", "? ", ": ", "a", "*a", "&a ", "[", "]", "{", "}", ",", "\n", "  ", "'", "\"", "|", ">",
      "!", "!!int ", "#", "%", "---", "...", "\t", "\\", "0x", "1", ".", "<<: ", "é", "\u{E000}",
    ]
    for _ in 0..<3_000 {
      let yaml = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        pieces.randomElement(using: &random) ?? ""
      }.joined()
      _ = card(yaml).problems
    }
  }
}

@Suite struct `A generated card` {
  private let facts = AdapterFacts(
    library: .adapters, name: "sst2", method: "seq_bn[reduction_factor=8]|lora[r=4]",
    configuration: ["reduction_factor": 8], modelType: "bert", hiddenSize: 768,
    baseModel: "google-bert/bert-base-uncased", task: "text-classification",
    labels: ["negative", "a \"b\": c"], parameterCount: 894_528, byteCount: 3_600_000,
    share: 894_528 / 109_482_240)

  @Test(arguments: AdapterFacts.Library.allCases)
  func `passes its own checks`(_ library: AdapterFacts.Library) throws {
    var facts = facts
    facts.library = library
    let metrics = [CardMetric(name: "accuracy", value: 0.925), CardMetric(name: "f1", value: 1)]
    let text = generateCard(
      facts: facts, metrics: metrics, repository: try RepositoryIdentifier("lab/sst2"))
    let card = CardFile(text)
    #expect(card.problems.isEmpty, "\(card.problems)\n\(text)")
    #expect(card.strings("base_model") == ["google-bert/bert-base-uncased"])
    #expect(card.strings("tags").contains("seq_bn") && card.strings("tags").contains("lora"))
    #expect(card.body.contains("3.6 MB instead of 438 MB"), "\(card.body)")
    #expect(card.body.contains("lab/sst2"))
    guard case .array(let models)? = card.frontMatter["model-index"],
      case .array(let results)? = models[0]["results"],
      case .array(let values)? = results[0]["metrics"]
    else {
      Issue.record("no model-index in \(text)")
      return
    }
    #expect(values[0] == ["type": "accuracy", "value": 0.925])
  }

  @Test func `says what little is known`() throws {
    let facts = AdapterFacts(library: .adapters, name: "x", method: "lora")
    let card = CardFile(generateCard(facts: facts, repository: try RepositoryIdentifier("a/x")))
    #expect(card.problems.isEmpty, "\(card.problems)")
  }

  @Test func `has facts that come back from JSON`() throws {
    #expect(try AdapterFacts(facts.json) == facts)
    let small = AdapterFacts(library: .peft, name: "x", method: "lora", problems: ["broken"])
    let bytes = Array(small.json.text(.compact).utf8)
    #expect(try AdapterFacts(JSON(parsing: bytes, path: "facts")) == small)
  }
}
