import Files
import Testing

@Suite struct `A reader of lines` {
  private func lines(_ bytes: [UInt8]) throws -> [String] {
    let folder = try TemporaryFolder()
    try writeAtomically(bytes, to: folder.path + "/lines")
    var reader = try LineReader(folder.path + "/lines")
    var lines: [String] = []
    while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(reader.line == lines.count)
    #expect(try reader.next() == nil)
    return lines
  }

  @Test(
    arguments: [
      ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]),
      ("\n\na\n", ["", "", "a"]), ("\u{FEFF}a\n\u{FEFF}b", ["a", "\u{FEFF}b"]),
      ("a\rb\n", ["a\rb"]),
    ] as [(String, [String])])
  func `ends lines at LF and CR LF`(_ text: String, _ expected: [String]) throws {
    #expect(try lines(Array(text.utf8)) == expected)
  }

  @Test func `joins what chunks cut`() throws {
    let expected = (0..<40).map { String(repeating: "é\($0)", count: $0 * $0 * 10) }
    #expect(try lines(Array(expected.joined(separator: "\n").utf8)) == expected)
  }

  @Test func `names the line of a broken object`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/rows.jsonl"
    for (text, place) in [
      ("{}\n\n{\"a\": }\n", "line 3, column 7"), ("{}\n[1]", "line 2, $"),
      ("{\"a\": 1}\n{\"a\": \"x\"}", "line 2, $.a"),
    ] {
      try writeAtomically(text, to: path)
      let failure = #expect(throws: FileFailure.self) {
        var reader = try LineReader(path)
        while let object = try reader.nextObject() { _ = try object["a"]?.integer() }
      }
      #expect(failure?.place == place)
    }
  }
}

@Suite struct `A reader of lines with a limit` {
  @Test func `passes over what is longer, and goes on`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/lines"
    let long = String(repeating: "a", count: 300_000)
    for (text, expected) in [
      ("ab\n\(long)\ncd\n", [.line(Array("ab".utf8)), .tooLong, .line(Array("cd".utf8)), .end]),
      (long, [.tooLong, .end, .end]), ("1234567890\n", [.line(Array("1234567890".utf8)), .end]),
      ("12345678901\n", [.tooLong, .end]), ("12345678901", [.tooLong, .end]),
    ] as [(String, [LineReader.Next])] {
      try writeAtomically(text, to: path)
      var reader = try LineReader(path, lengthLimit: 10)
      for next in expected { #expect(try reader.next(waiting: true) == next) }
    }
  }
}
