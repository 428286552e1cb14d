import Foundation
import HTTPTypes
import Testing

@testable import HubServer

@Suite struct `A path in a repository` {
  @Test(arguments: [
    "README.md", "a/b/c.safetensors", "adapter_config.json", ".gitattributes", "é.txt", "a b.txt",
    "日本/x", "a..b", "...x",
  ])
  func `may be any plain name`(_ path: String) throws {
    #expect(try checkedPath(path, Limits()) == path)
  }

  @Test(arguments: [
    "", "/etc/passwd", "../x", "a/../b", "a/./b", "a//b", "a/", "a\\b", "a\u{0}b", "a\nb",
    ".git/config", "a/.GIT/x", "a /b", " a", "a.", "a\u{202E}txt.exe", "e\u{301}.txt", "\u{FEFF}a",
    String(repeating: "x", count: 256), String(repeating: "x/", count: 600) + "x",
  ])
  func `may not leave, hide or trick`(_ path: String) {
    #expect(throws: Problem.self) { try checkedPath(path, Limits()) }
  }

  private func file(_ path: String) -> Change {
    .put(
      path: path, name: GitObject.name("blob", Array(path.utf8)), digest: path, byteCount: 1,
      isLarge: false)
  }

  @Test func `is a file or a folder, and alone with its letters`() throws {
    let limits = Limits()
    let files = try Registry.apply([file("a/b"), file("c")], to: [], limits)
    #expect(files.map(\.path) == ["a/b", "c"])
    #expect(throws: Problem.self) { try Registry.apply([file("a")], to: files, limits) }
    #expect(throws: Problem.self) { try Registry.apply([file("C")], to: files, limits) }
    #expect(throws: Problem.self) {
      try Registry.apply([.deleteFile(path: "x")], to: files, limits)
    }
    let rest = try Registry.apply([.deleteFolder(path: "a"), file("a")], to: files, limits)
    #expect(rest.map(\.path) == ["a", "c"])
  }
}

@Suite struct `A .gitignore` {
  @Test(arguments: [
    ("*.log", "x.log", true), ("*.log", "a/b/x.log", true), ("*.log", "x.txt", false),
    ("/x", "x", true), ("/x", "a/x", false), ("build/", "build/x", true),
    ("build/", "build", false),
    ("a/*/c", "a/b/c", true), ("a/*/c", "a/b/d/c", false), ("a/**/c", "a/b/d/c", true),
    ("**/cache", "x/y/cache/z", true), ("*.py[co]", "m.pyc", true), ("*.py[!co]", "m.pyc", false),
    ("?.txt", "ab.txt", false), ("# no\n\n*.tmp\n!keep.tmp", "keep.tmp", false),
    ("*.tmp\n!keep.tmp", "other.tmp", true), ("\\#x", "#x", true),
  ])
  func `leaves out what git would`(_ rules: String, _ path: String, _ isIgnored: Bool) {
    #expect(GitIgnore(rules).ignores(path) == isIgnored)
  }

  @Test func `cannot be made slow`() {
    let rules = GitIgnore(String(repeating: "*a", count: 100) + "b")
    #expect(!rules.ignores(String(repeating: "a", count: 1000)))
  }
}

@Suite struct `A range of bytes` {
  @Test(arguments: [
    ("bytes=0-9", ByteRange.part(0..<10)), ("bytes=5-", .part(5..<100)),
    ("bytes=-10", .part(90..<100)), ("bytes=-1000", .part(0..<100)),
    ("bytes=90-1000", .part(90..<100)), ("bytes=100-", .impossible), ("bytes=-0", .impossible),
    ("bytes=0-1,5-6", .whole), ("bytes=9-5", .whole), ("bytes=x-5", .whole), ("chars=0-5", .whole),
    ("bytes=--5", .whole), ("bytes=99999999999999999999-", .whole),
  ])
  func `is what a header says of 100`(_ header: String, _ expected: ByteRange) {
    #expect(byteRange(header, of: 100) == expected)
  }
}

@Suite struct `An address` {
  @Test func `keeps an encoded slash within its part`() {
    #expect(
      pathParts("/api/models/a/b/tree/refs%2Fpr%2F1/") == [
        "api", "models", "a", "b", "tree", "refs/pr/1",
      ])
    #expect(pathParts("/a%00b") == nil)
    #expect(pathParts("/a%zz") == nil)
    #expect(pathParts("/%ff") == nil)
  }

  @Test func `belongs to the endpoint that fits it best`() throws {
    let table = EndpointTable(allEndpoints())
    func route(_ method: String, _ path: String) throws -> String? {
      let parts = try #require(pathParts(path))
      guard case .endpoint(let endpoint, _) = table.match(HTTPRequest.Method(method) ?? .get, parts)
      else {
        return nil
      }
      return endpoint.pattern.description
    }
    #expect(try route("GET", "/api/models/alice/refs") == "/api/models/{repo}")
    #expect(try route("GET", "/api/models/bert/refs") == "/api/models/{repo}")
    #expect(try route("GET", "/api/models/alice/demo/refs") == "/api/models/{repo}/refs")
    #expect(try route("HEAD", "/a/b/resolve/main/x/y") == "/{repo}/resolve/{revision}/{path...}")
    #expect(try route("GET", "/bert/resolve/main/x") == "/{repo}/resolve/{revision}/{path...}")
    #expect(
      try route("POST", "/a/b.git/info/lfs/objects/batch")
        == "/{repo}.git/info/lfs/objects/batch")
    #expect(try route("PATCH", "/api/models") == nil)
  }

  @Test func `of a list's next page says where it begins`() throws {
    let cursor = ListQuery.Cursor(order: .downloads, value: 12.5, id: 7)
    #expect(ListQuery.Cursor(cursor.text) == cursor)
    for text in ["", "zz", "00", hexadecimal("downloads nan 1".utf8), hexadecimal("x 1 2".utf8)] {
      #expect(ListQuery.Cursor(text) == nil)
    }
  }
}

@Suite struct `A search` {
  @Test func `is never taken for an expression`() {
    #expect(
      Registry.searchExpression("bert \"OR\" NEAR(x) -y *")
        == "\"bert\" \"OR\" \"NEAR\" \"x\" \"y\"*")
    #expect(Registry.searchExpression("…!?") == nil)
  }
}

@Suite struct `A password` {
  @Test func `is known again, and no other is`() throws {
    let password = Password.make()
    #expect(password.count == 23)
    let stored = try Password.hash(password)
    #expect(Password.matches(password, stored))
    #expect(!Password.matches(password + "x", stored))
    #expect(!Password.matches(password, "scrypt$1$1"))
    #expect(!stored.contains(password))
  }
}

@Suite struct `A moment` {
  @Test(arguments: [0, 951_782_400_000, 1_709_164_799_999, 1_764_021_600_123, 4_102_444_800_000])
  func `is written as the calendar has it`(_ milliseconds: Int64) {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    #expect(Moment(milliseconds: milliseconds).text == formatter.string(from: date))
  }
}
