import Files
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import HubServer

/// A browser asks for HTML.
private let browser: HTTPFields = [.accept: "text/html"]

@Suite struct `The pages of a repository` {
  private let card = """
    ---
    license: mit
    pipeline_tag: text-classification
    model-index:
    - name: intent
      results:
      - task: {type: text-classification}
        dataset: {name: SNIPS, type: snips, split: test}
        metrics:
        - {type: accuracy, value: 0.9771}
    ---
    # Intent

    Knows what *you* want. [Settings](adapter_config.json)
    """

  /// A hub with an adapter of two commits.
  private func served(_ body: @escaping @Sendable (TestCalls) async throws -> Void) async throws {
    let hub = try await TestHub()
    let card = card
    try await hub.serve { call in
      try await call.create("alice/intent")
      try await call.commit(
        [
          "README.md": card, "adapter_config.json": #"{"config": {"reduction_factor": 16}}"#,
          "notes/one.txt": "first\nsecond\n",
        ], to: "alice/intent", summary: "first version")
      try await call.commit(
        [
          "adapter_config.json": #"{"config": {"reduction_factor": 8}}"#,
          "notes/one.txt": "first\nthird <b>\n",
        ], to: "alice/intent", summary: "smaller & <faster>")
      try await body(call)
    }
  }

  private func page(_ call: TestCalls, _ path: String, as user: String? = nil) async throws
    -> String
  {
    let response = try await call(.get, path, as: user, headers: browser)
    #expect(response.status == .ok, "\(path): \(response.text)")
    #expect(response.headers[.contentType] == "text/html; charset=utf-8")
    #expect(response.headers[.contentSecurityPolicy]?.contains("default-src 'none'") ?? false)
    return response.text
  }

  @Test func `show the card, what was measured, and how to use it`() async throws {
    try await served { call in
      let text = try await page(call, "/alice/intent")
      #expect(text.contains("<title>alice/intent · AdapterHub</title>"))
      #expect(text.contains("Knows what <em>you</em> want."))
      #expect(text.contains("href=\"/alice/intent/blob/main/adapter_config.json\""))
      #expect(text.contains("SNIPS") && text.contains("0.9771") && text.contains("split test"))
      #expect(text.contains("adapterhub pull alice/intent"))
      #expect(text.contains("curl -L -O http://hub.test/alice/intent/resolve/main/"))
      #expect(text.contains("mit"))
    }
  }

  @Test func `show files and what is in them`() async throws {
    try await served { call in
      let folder = try await page(call, "/alice/intent/tree/main")
      #expect(folder.contains("href=\"/alice/intent/tree/main/notes\""))
      #expect(folder.contains("smaller &amp; &lt;faster&gt;"))
      let inside = try await page(call, "/alice/intent/tree/main/notes")
      #expect(inside.contains("href=\"/alice/intent/blob/main/notes/one.txt\""))
      let file = try await page(call, "/alice/intent/blob/main/notes/one.txt")
      #expect(file.contains("third &lt;b&gt;"))
      #expect(try await page(call, "/alice/intent/blob/main/README.md").contains("<em>you</em>"))
      let source = try await page(call, "/alice/intent/blob/main/README.md?source=1")
      #expect(source.contains("Knows what *you* want."))
      // A folder in the place of a file, and the reverse, lead to one another.
      let asFile = try await call(.get, "/alice/intent/blob/main/notes", headers: browser)
      #expect(asFile.headers[.location] == "/alice/intent/tree/main/notes")
      let asFolder = try await call(.get, "/alice/intent/tree/main/notes/one.txt", headers: browser)
      #expect(asFolder.headers[.location] == "/alice/intent/blob/main/notes/one.txt")
      let none = try await call(.get, "/alice/intent/blob/main/none", headers: browser)
      #expect(none.status == .notFound)
      #expect(none.text.contains("Nothing here"))
    }
  }

  @Test func `show commits and what they changed`() async throws {
    try await served { call in
      let list = try await page(call, "/alice/intent/commits/main")
      #expect(list.contains("first version") && list.contains("initial commit"))
      let head = try await call(.get, "/api/models/alice/intent").json["sha"]?.string ?? ""
      let commit = try await page(call, "/alice/intent/commit/\(head)")
      #expect(commit.contains("third &lt;b&gt;") && commit.contains("second"))
      #expect(commit.contains("config.reduction_factor"))
      #expect(commit.contains(">16</td>") && commit.contains(">8</td>"))
      let first = try await page(call, "/alice/intent/commits/main?from=\(head)")
      #expect(!first.contains("Newest commits"))
    }
  }

  @Test func `show what differs between any two revisions`() async throws {
    try await served { call in
      let made = try await call(
        .post, "/api/models/alice/intent/tag/main", body: #"{"tag": "v2"}"#)
      #expect(made.status == .ok)
      let commits = try await call(.get, "/api/models/alice/intent/commits/main").json.elements
      let first = try #require(commits.last?["id"]?.string)
      let text = try await page(call, "/alice/intent/compare/\(first)...v2")
      #expect(text.contains("3</strong> files"))
      #expect(text.contains("v2"))
      #expect(try await page(call, "/alice/intent/compare/v2...main").contains("No file differs"))
      for range in ["v2", "none...main", "...", "v2...."] {
        let response = try await call(.get, "/alice/intent/compare/\(range)", headers: browser)
        #expect([400, 404].contains(response.status.code), "\(range)")
      }
    }
  }

  @Test func `stand side by side`() async throws {
    try await served { call in
      try await call.create("alice/other", isPrivate: true)
      let text = try await page(call, "/compare?ids=alice/intent,alice/other", as: "alice")
      #expect(text.contains("alice/other"))
      // Others see no more than that there is nothing for them.
      let stranger = try await page(
        call, "/compare?ids=alice/intent&ids=alice/other&ids=alice/none")
      #expect(
        stranger.contains("There is no adapter &quot;alice/other&quot;, or you may not see it."))
      #expect(
        stranger.contains("There is no adapter &quot;alice/none&quot;, or you may not see it."))
      #expect(try await page(call, "/compare").contains("Nothing to compare yet"))
      let many = (0..<9).map { "ids=a/b\($0)" }.joined(separator: "&")
      #expect(try await page(call, "/compare?\(many)").contains("Four adapters at most"))
    }
  }

  @Test(arguments: [
    "", "/tree/main", "/blob/main/README.md", "/commits/main", "/compare/main...main",
  ])
  func `are nothing to those who may not see it`(_ path: String) async throws {
    try await served { call in
      _ = try await call(
        .put, "/api/models/alice/intent/settings", body: #"{"private": true}"#)
      for user in [nil, "bob"] {
        let response = try await call(.get, "/alice/intent\(path)", as: user, headers: browser)
        let none = try await call(.get, "/alice/none\(path)", as: user, headers: browser)
        #expect(response.status == .notFound && none.status == .notFound)
        #expect(
          response.text.replacing("intent", with: "none")
            .replacing(/value="[0-9a-f]{64}"/, with: "")
            == none.text.replacing(/value="[0-9a-f]{64}"/, with: ""))
      }
      #expect(try await call(.get, "/alice/intent\(path)", headers: browser).status == .ok)
    }
  }

  @Test func `show a gated repository's facts, and its files to those who were let in`()
    async throws
  {
    try await served { call in
      _ = try await call(
        .put, "/api/models/alice/intent/settings", body: #"{"gated": "manual"}"#)
      let text = try await page(call, "/alice/intent", as: "bob")
      #expect(text.contains("SNIPS") && !text.contains("Knows what"))
      let file = try await call(
        .get, "/alice/intent/blob/main/README.md", as: "bob", headers: browser)
      #expect(file.status == .forbidden)
      let change = try await call(
        .get, "/alice/intent/compare/main...main", as: "bob", headers: browser)
      #expect(change.status == .forbidden)
      #expect(try await page(call, "/alice/intent", as: "alice").contains("Knows what"))
    }
  }
}
