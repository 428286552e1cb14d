import Files
import Testing

private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8), path: "x") }

@Suite struct `A JSON text` {
  @Test(
    arguments: [
      ("null", JSON.null), (" true\n", true), ("0", 0), ("-0.0", .number(-0.0)), ("1.0", 1.0),
      ("[1,2.5e1,\"a\"]", [1, 25.0, "a"]), ("{}", [:]), ("[ ]", []),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("9223372036854775808", .digits("9223372036854775808")), ("1e-7", .number(1e-7)),
      ("123456789012345678901234567890.5", .number(123456789012345678901234567890.5)),
      ("0.1", .number(0.1)), ("-13.529898643493652", .number(-13.529898643493652)),
      (#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "\"\\/\u{8}\u{C}\n\r\té😀"),
      (#"{"b":1,"a":{"c":[null]}}"#, ["b": 1, "a": ["c": [nil]]]),
    ] as [(String, JSON)])
  func `is read as what it says`(_ text: String, _ value: JSON) throws {
    #expect(try parse(text) == value)
  }

  @Test(arguments: [
    "", " ", "{", "[1", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\" 1}", "[1 2]", "01", "-",
    "+1",
    "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "nul", "tru", "True", "1 2",
    "\"", "\"a\nb\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", #""\ud800""#, #""\udc00\ud800""#,
    "\u{FEFF}{}", "[] // c", "/**/[]", "{\"a\":1,\"a\":2}", #"{"a":1,"\u0061":2}"#, "1e999",
    "[\u{A0}]",
    "\"\\", "{\"a\":", "[1,", "]", "}", ",", "\u{0}", "{\"a\"}", "\"\\ud83d\\u0041\"",
  ])
  func `is refused where RFC 8259 has no such thing`(_ text: String) {
    let failure = #expect(throws: FileFailure.self) { try parse(text) }
    #expect(failure?.place?.hasPrefix("line ") == true)
  }

  @Test(
    arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]]
      as [[UInt8]])
  func `is refused where it is not UTF-8`(_ bytes: [UInt8]) {
    #expect(throws: FileFailure.self) { try JSON(parsing: bytes, path: "x") }
  }

  @Test func `may be 128 levels deep and no deeper`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(nested(128))
    #expect(throws: FileFailure.self) { try parse(nested(129)) }
    #expect(throws: FileFailure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
  }

  @Test func `names line and column of what is wrong`() {
    let failure = #expect(throws: FileFailure.self) { try parse("{\n  \"é\": 1 x\n}") }
    #expect(failure?.description == "x: line 2, column 10: expected \",\" or \"}\", found \"x\"")
  }

  @Test func `that is a git-lfs pointer says so`() {
    let failure = #expect(throws: FileFailure.self) {
      try parse("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n")
    }
    #expect(failure?.hint?.contains("git lfs pull") == true)
  }

  @Test func `is written as Python writes it`() throws {
    let value: JSON = [
      "b": [1, 2.0, 1e-5, 0.0001, 1e16, 123456789012345680.0, -0.0, 1e22, 0.1], "a": "é\u{7F}😀\"\n",
      "c": [:], "d": [], "e": [["f": nil]],
    ]
    #expect(
      value.text(.compact) == #"""
        {"b": [1, 2.0, 1e-05, 0.0001, 1e+16, 1.2345678901234568e+17, -0.0, 1e+22, 0.1], "a": "\u00e9\u007f\ud83d\ude00\"\n", "c": {}, "d": [], "e": [{"f": null}]}
        """#)
    #expect(
      try parse("{\"b\":[1,{\"z\":1,\"y\":[]}],\"a\":{}}").text(.indentedSorted)
        == "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"y\": [],\n      \"z\": 1\n    }\n  ]\n}"
    )
    #expect(try parse("{\"b\": 1, \"a\": [1, 2]}").text(.minified) == "{\"b\":1,\"a\":[1,2]}")
    #expect(try parse("{\"b\": 1, \"a\": 2}").text(.compactSorted) == "{\"a\": 2, \"b\": 1}")
  }

  @Test(arguments: JSON.Style.allCases)
  func `reads back as the value it was written from`(_ style: JSON.Style) throws {
    var generator = Generator(seed: 5)
    for _ in 0..<200 {
      let value = generator.json(depth: 4)
      #expect(try parse(value.text(style)) == value)
    }
  }

  @Test func `with any byte changed is read or refused`() {
    var generator = Generator(seed: 7)
    let text = Array(#"{"a": [1, -2.5e3, "é\u00e9\n", true, null], "b": {"c": {}}}"#.utf8)
    for count in 0..<text.count {
      #expect(throws: FileFailure.self) { try JSON(parsing: Array(text.prefix(count)), path: "x") }
    }
    for _ in 0..<5000 { _ = try? JSON(parsing: generator.damaged(text), path: "x") }
  }
}

@Suite struct `A JSON object` {
  @Test func `finds each of many members and keeps their order`() throws {
    let keys = (0..<5000).map { "key\($0 &* 7919)" }
    var object = JSON.Object(keys.enumerated().map { ($1, .integer($0)) })
    #expect(object.keys == keys)
    for (index, key) in keys.enumerated() { #expect(object[key] == .integer(index)) }
    #expect(object["key"] == nil)
    object[keys[17]] = nil
    object[keys[18]] = "new"
    #expect(object.count == 4999)
    #expect(object[keys[17]] == nil)
    #expect(object[keys[18]] == "new")
    #expect(object[keys[4999]] == 4999)
  }

  @Test func `tells keys apart by their bytes`() throws {
    let object = try parse("{\"é\": 1, \"e\u{301}\": 2}")
    #expect(object["é"] == 1)
    #expect(object["e\u{301}"] == 2)
  }
}

@Suite struct `A field` {
  let root = Field(
    ["config": ["reduction_factor": 8.0, "list": [1, "a"], "none": nil, "a.b": true]],
    file: "f.json")

  @Test func `says where it was found`() throws {
    let config = try root.required("config")
    #expect(config["reduction_factor"]?.place == "$.config.reduction_factor")
    #expect(try config.required("list").array().last?.place == "$.config.list[1]")
    #expect(config["a.b"]?.place == "$.config[\"a.b\"]")
    #expect(config["none"] == nil)
  }

  @Test func `takes no number for an integer and no integer for a boolean`() throws {
    let config = try root.required("config")
    let factor = try config.required("reduction_factor")
    #expect(try factor.number() == 8)
    #expect(throws: FileFailure.self) { try factor.integer() }
    let first = try #require(try config.required("list").array().first)
    #expect(try first.integer(in: 0...1) == 1)
    #expect(try first.number() == 1)
    #expect(throws: FileFailure.self) { try first.bool() }
    #expect(throws: FileFailure.self) { try first.integer(in: 2...3) }
    let missing = #expect(throws: FileFailure.self) { try config.required("none") }
    #expect(missing?.description == "f.json: $.config: \"none\" is null")
  }
}
