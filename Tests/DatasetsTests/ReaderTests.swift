import Datasets
import Files
import Testing

@Suite struct `A data file of the shared list` {
  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.hint)), arguments: Shared.cases)
  func `is read or refused with its place`(_ file: Shared.Case) throws {
    let read: () throws -> Void = {
      switch file.kind {
      case "data_csv", "data_jsonl": _ = try Dataset.textClassification(file.path)
      case "data_csv_pair":
        let train = try Dataset.textClassification("\(file.path)/train.csv")
        try LabelSet(of: train).check(Dataset.textClassification("\(file.path)/dev.csv"))
      case "data_conll": _ = try Dataset.tokenClassification(file.path)
      case "data_squad": _ = try Dataset.questionAnswering(file.path)
      default: Issue.record("a kind without a reader: \(file.kind)")
      }
    }
    if file.isValid {
      try read()
    } else {
      let failure = try #require(throws: FileFailure.self) { try read() }
      #expect(failure.hint != nil, "\(failure)")
      if let line = file.problem.firstMatch(of: /line (\d)/)?.1 {
        #expect(failure.place?.hasPrefix("line \(line)") == true, "\(failure)")
      }
    }
  }
}

@Suite struct `A table` {
  private func rows(_ text: String, _ suffix: String = ".csv") throws -> [LabelledText] {
    try withFile(text.utf8, suffix) { try Dataset.textClassification($0).rows }
  }

  private func message(_ text: some Sequence<UInt8>, _ suffix: String = ".csv") throws -> String {
    let failure = try #require(throws: FileFailure.self) {
      try withFile(text, suffix) { try Dataset.textClassification($0) }
    }
    return "\(failure.place ?? ""): \(failure.problem)"
  }

  @Test func `may quote separators, quotes and line ends`() throws {
    let rows = try rows("label,text\r\npos,\"a \"\"b\"\", c\r\nd\"\r\nneg,e\r\n\r\n\"pos\",f")
    #expect(
      rows == [
        LabelledText(text: "a \"b\", c\r\nd", label: .name("pos"), line: 2),
        LabelledText(text: "e", label: .name("neg"), line: 4),
        LabelledText(text: "f", label: .name("pos"), line: 6),
      ])
  }

  @Test func `may have other columns, a pair and a mark`() throws {
    let rows = try rows("\u{FEFF}id\tsentence1\tsentence2\tlabel\n1\ta\tb \"c\"\tx\n", ".tsv")
    #expect(rows == [LabelledText(text: "a", pair: "b \"c\"", label: .name("x"), line: 2)])
  }

  @Test func `may have several labels or none in a cell`() throws {
    let rows = try rows("text,labels\na,x|y\nb,\n")
    #expect(rows.map(\.label) == [.names(["x", "y"]), .names([])])
  }

  @Test func `names what is wrong where`() throws {
    #expect(
      try message("text,label\na,b\n\"c\"d,e\n".utf8)
        == "line 3, column 4: text after a closing quote; the row begins \"\"c\"d,e\"")
    #expect(try message("text,label\nab,\n".utf8).hasPrefix("line 2, column 4: an empty label"))
    #expect(try message("a,b\nc,d\n".utf8).hasPrefix("line 1: no column \"text\""))
    #expect(try message("text,text\nc,d\n".utf8).hasPrefix("line 1: two columns are named"))
    #expect(try message([0xFF, 0xFE, 0x61, 0x00]).hasSuffix("the file is UTF-16"))
    let broken = Array("text,label\n\"a\"\"\nb".utf8) + [0xE9] + Array("\",x\n".utf8)
    #expect(
      try message(broken).hasPrefix("line 3, column 2: byte 0xE9 at offset 17 is not valid UTF-8"))
  }

  @Test func `shows many broken rows at once, and leaves out as many as allowed`() throws {
    let text = "text,label\n" + (1...30).map { $0 % 2 == 0 ? "a,b\n" : "a\n" }.joined()
    try withFile(text.utf8, ".csv") { path in
      let failure = try #require(throws: FileFailure.self) {
        try Dataset.textClassification(path, skipBadRows: 14)
      }
      #expect(failure.problem.hasPrefix("15 broken rows:\n  line 2, column 1: 1 fields"))
      #expect(failure.problem.split(separator: "\n").count == 17)
      let data = try Dataset.textClassification(path, skipBadRows: 15)
      #expect(data.rows.count == 15)
      #expect(data.skipped.count == 15)
    }
  }

  @Test func `stops at twenty broken rows`() throws {
    let text = "text,label\n" + String(repeating: "a\n", count: 1000)
    #expect(try message(text.utf8).hasPrefix(": 20 or more broken rows:"))
  }

  @Test func `holds numbers for regression`() throws {
    try withFile("text,label\na,3.5\nb,high\n".utf8, ".csv") { path in
      let data = try Dataset.textClassification(path, numbers: true, skipBadRows: 1)
      #expect(data.rows.map(\.label) == [.number(3.5)])
      #expect(data.skipped.first?.problem.hasPrefix("the label \"high\" is not a number") == true)
    }
  }
}

@Suite struct `JSON Lines` {
  @Test func `hold texts, pairs and labels of each kind`() throws {
    let text = """
      {"text": "a", "label": "x"}

      {"text": "b", "pair": "c", "labels": ["x", "y"]}
      {"text": "d", "label": 3}
      """
    let rows = try withFile(text.utf8, ".jsonl") { try Dataset.textClassification($0).rows }
    #expect(
      rows == [
        LabelledText(text: "a", label: .name("x"), line: 1),
        LabelledText(text: "b", pair: "c", label: .names(["x", "y"]), line: 3),
        LabelledText(text: "d", label: .name("3"), line: 4),
      ])
  }

  @Test func `need no labels to be predicted on`() throws {
    let rows = try withFile("{\"text\": \"\"}\n".utf8, ".jsonl") {
      try Dataset.textClassification($0, labels: .optional).rows
    }
    #expect(rows == [LabelledText(text: "", line: 1)])
  }

  @Test(arguments: [
    ("{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": 5, \"label\": \"x\"}", "line 2, $.text"),
    ("{\"text\": \"a\", \"label\": \"x\"} {}", "line 1, column 29"),
    ("\n[1]", "line 2"),
    ("{\"text\": \"a\", \"label\": []}", "line 1, $.label"),
  ])
  func `name line and place of what is wrong`(_ text: String, _ place: String) throws {
    let failure = try #require(throws: FileFailure.self) {
      try withFile(text.utf8, ".jsonl") { try Dataset.textClassification($0) }
    }
    #expect(failure.place?.hasPrefix(place) == true, "\(failure)")
  }

  @Test func `hold tokens with as many tags`() throws {
    let text = "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\", \"B-X\"]}\n"
    let rows = try withFile(text.utf8, ".jsonl") { try Dataset.tokenClassification($0).rows }
    #expect(rows == [TaggedTokens(tokens: ["a", "b"], tags: ["O", "B-X"], line: 1)])
    let failure = try #require(throws: FileFailure.self) {
      try withFile("{\"tokens\": [\"a\"], \"tags\": []}".utf8, ".jsonl") {
        try Dataset.tokenClassification($0)
      }
    }
    #expect(failure.problem.hasPrefix("1 tokens and 0 tags"))
  }
}

@Suite struct `A column file` {
  private func rows(_ text: String) throws -> [TaggedTokens] {
    try withFile(text.utf8, ".conll") { try Dataset.tokenClassification($0).rows }
  }

  @Test(arguments: [
    "# c = d\na\tO\n#\tB-X\n\n",
    "a O\n# B-X\n",
    "# c\n1\ta\tO\t-\tme\n2\t#\tB-X\t-\tyou\n",
    "1\ta\tweather/find\tO\n2\t#\tweather/find\tB-X\n\t\n\n",
    "-DOCSTART- -X- -X- O\n\na NN I-NP O\n# NN I-NP B-X\n",
  ])
  func `is understood from its first sentence`(_ text: String) throws {
    let rows = try rows(text)
    #expect(rows.map(\.tokens) == [["a", "#"]])
    #expect(rows.map(\.tags) == [["O", "B-X"]])
  }

  @Test func `may hold other tags than chunks`() throws {
    #expect(try rows("a\tDET\nb\tNOUN\n").map(\.tags) == [["DET", "NOUN"]])
  }

  @Test func `leaves out a sentence with a broken line`() throws {
    let text = "a\tO\n\nb\tO\nc\nd\tO\n\ne\tX\nf\tO\n"
    try withFile(text.utf8, ".conll") { path in
      let data = try Dataset.tokenClassification(path, skipBadRows: 2)
      #expect(data.rows.map(\.tokens) == [["a"]])
      #expect(data.skipped.map(\.place) == ["line 4, column 1", "line 7, column 1"])
    }
  }
}

@Suite struct `Questions` {
  @Test func `may be on lines, in either form of answers`() throws {
    let text = """
      {"question": "q", "context": "👍🏽 b", "answers": [{"text": "b", "answer_start": 3}]}
      {"question": "q", "context": "a", "answers": {"text": ["a"], "answer_start": [0]}}
      {"question": "q", "context": "a", "answers": [], "is_impossible": true}
      """
    let rows = try withFile(text.utf8, ".jsonl") { try Dataset.questionAnswering($0).rows }
    #expect(rows.map { $0.answers.map(\.start) } == [[3], [0], []])
  }

  @Test func `are refused where an offset overflows`() throws {
    let text = """
      {"question": "q", "context": "a", "answers": [{"text": "a", "answer_start": \(Int.max)}]}
      """
    #expect(throws: FileFailure.self) {
      try withFile(text.utf8, ".jsonl") { try Dataset.questionAnswering($0) }
    }
  }
}

@Suite struct `A plain text` {
  @Test func `is its lines`() throws {
    let rows = try withFile("a\n\r\nb".utf8, ".txt") { try Dataset.plainText($0).rows }
    #expect(rows == [("a", 1), ("", 2), ("b", 3)].map { TextLine(text: $0, line: $1) })
  }
}

@Suite struct `A label set` {
  @Test func `is sorted by code point, or by value`() {
    #expect(LabelSet(sorting: ["b", "O", "é", "b", "a"]).names == ["O", "a", "b", "é"])
    #expect(LabelSet(sorting: ["10", "9", "-1", "9"]).names == ["-1", "9", "10"])
    #expect(LabelSet(sorting: ["10", "9", "nan"]).names == ["10", "9", "nan"])
    #expect(LabelSet(["b", "a", "b"]).index(of: "a") == 1)
  }

  @Test func `lists unknown labels with their counts`() throws {
    let rows = ["x", "y", "z", "y"].map { "{\"text\": \"a\", \"label\": \"\($0)\"}\n" }.joined()
    try withFile(rows.utf8, ".jsonl") { path in
      let failure = try #require(throws: FileFailure.self) {
        try LabelSet(["x"]).check(Dataset.textClassification(path))
      }
      #expect(failure.problem == "2 unknown labels: \"y\" (2×), \"z\" (1×)")
      #expect(failure.place == "line 2")
    }
  }
}

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.hint)))
struct `A real corpus` {
  @Test(arguments: [
    ("ner/wnut17/wnut17train.conll", 3394), ("ner/wnut17/emerging.dev.conll", 1009),
    ("ner/wnut17/emerging.test.annotated", 1287), ("ner/uner/en_ewt-ud-dev.iob2", 2001),
    ("ner/uner/en_ewt-ud-test.iob2", 2077), ("intent/xsid-0.7/en.valid.conll", 300),
    ("intent/xsid-0.7/de.test.conll", 500),
  ])
  func `of tagged sentences has its documented size`(_ path: String, _ count: Int) throws {
    #expect(try Dataset.tokenClassification(Shared.data(path)).rows.count == count)
  }

  @Test func `with empty tokens is read without those sentences`() throws {
    let path = Shared.data("intent/xsid-0.7/zh.test.conll")
    let failure = try #require(throws: FileFailure.self) { try Dataset.tokenClassification(path) }
    #expect(failure.problem.hasPrefix("6 broken rows:\n  line 2914, column 1: an empty token"))
    #expect(try Dataset.tokenClassification(path, skipBadRows: 6).rows.count == 494)
  }

  @Test(arguments: ["en", "de"]) func `of questions keeps its offsets`(_ language: String) throws {
    let data = try Dataset.questionAnswering(Shared.data("qa/xquad/xquad.\(language).json"))
    #expect(data.rows.count == 1190)
  }

  @Test func `without a header is refused with the cure`() throws {
    let failure = try #require(throws: FileFailure.self) {
      try Dataset.textClassification(Shared.data("classification/sms-spam/sms.tsv"))
    }
    #expect(failure.description.contains("the first line must name the columns"))
  }

  @Test func `of plain text is read whole`() throws {
    let text = try Dataset.plainText(Shared.data("text/tinyshakespeare.txt"))
    #expect(text.rows.count == 40_000)
  }
}

@Suite struct `A set of labels` {
  /// é as one character, and as e with an accent.
  private static let composed = "caf\u{e9}"
  private static let decomposed = "cafe\u{301}"

  @Test func `tells names apart by their bytes`() throws {
    let labels = LabelSet([Self.composed, Self.decomposed, "good", Self.composed])
    #expect(labels.count == 3)
    #expect(labels.index(of: Self.composed) == 0)
    #expect(labels.index(of: Self.decomposed) == 1)
    #expect(labels.index(of: "good") == 2)
    let sorted = LabelSet(sorting: [Self.composed, "good", Self.decomposed])
    #expect(sorted.count == 3)
    // By code point: e comes before é.
    #expect(sorted.index(of: Self.decomposed) == 0 && sorted.index(of: Self.composed) == 1)
  }

  @Test func `knows a label only as it is spelled`() throws {
    let labels = LabelSet([Self.composed, "good"])
    let data = try Dataset([
      LabelledText(text: "a", label: "good"),
      LabelledText(text: "b", label: .name(Self.decomposed)),
    ])
    let failure = try #require(throws: FileFailure.self) { try labels.check(data) }
    #expect(failure.place == "line 2")
  }
}
