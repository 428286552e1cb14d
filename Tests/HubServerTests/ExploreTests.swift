import Files
import Foundation
import GRDB
import HTTPTypes
import HubClient
import HummingbirdTesting
import Testing

@testable import HubServer

/// What a test's adapter is: its configuration says it in the words of facts.
private let inspector: AdapterInspector = { folder in
  try AdapterFacts(JSON(contentsOf: "\(folder)/adapter_config.json"))
}

extension TestCalls {
  /// Publishes an adapter of which everything that Explore asks is known.
  fileprivate func publish(
    _ name: String, task: String = "sentiment/sst-2", language: String = "en",
    base: String = "bert-base-uncased", method: String = "lora", head: String? = nil,
    bytes: Int = 3_600_000, metric: Double? = nil, text: String = "Answers one question.",
    isPrivate: Bool = false, as user: String = "alice"
  ) async throws {
    try await create(name, isPrivate: isPrivate, as: user)
    let facts = AdapterFacts(
      library: .adapters, name: name, method: method, baseModel: base, task: head,
      parameterCount: bytes / 4, byteCount: bytes)
    var card = "---\nlanguage: \(language)\nlicense: mit\ntags: [\"adapterhub:\(task)\"]\n"
    if let metric {
      card += """
        model-index:
        - name: x
          results:
          - task: {type: text-classification}
            dataset: {type: sst2, name: SST-2}
            metrics: [{type: accuracy, value: \(metric)}]

        """
    }
    try await commit(
      [
        "adapter_config.json": facts.json.text(.minified),
        "README.md": "\(card)---\n# \(name)\n\n\(text)\n",
      ], to: "\(user)/\(name)", as: user)
  }

  fileprivate func page(_ path: String, as user: String? = nil) async throws -> String {
    let response = try await self(.get, path, as: user)
    guard response.status == .ok else { throw Unexpected(response) }
    return response.text
  }

  /// The adapters of a page, in its order.
  fileprivate func names(_ path: String, as user: String? = nil) async throws -> [String] {
    try await page(path, as: user).matches(of: /<article[^>]*>\s*<h3><a href="\/([^"]+)"/)
      .map { String($0.1) }
  }
}

/// The count that stands beside a choice; nil where it is not offered.
private func count(_ html: String, _ facet: String, _ value: String) -> Int? {
  let start = "name=\"\(facet)\" value=\"\(value)\""
  guard let found = html.range(of: start) else { return nil }
  let rest = html[found.upperBound...].prefix(400)
  return rest.firstMatch(of: /quiet">([\d,]+)</).flatMap {
    Int($0.1.replacing(",", with: ""))
  }
}

@Suite struct `Explore` {
  private func hub() async throws -> TestHub { try await TestHub(inspect: inspector) }

  @Test func `of a new hub says how the first adapter gets there`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      for path in ["/explore", "/"] {
        let html = try await call.page(path)
        #expect(html.contains("publish the first"), "\(path)")
        #expect(html.contains("export HF_ENDPOINT=http://hub.test"), "\(path)")
      }
      // Neither a repository without an adapter nor a base model is one.
      try await call.create("empty")
      try await call.create("base")
      try await call.commit(["config.json": "{}"], to: "alice/base")
      #expect(try await call.page("/explore").contains("publish the first"))
    }
  }

  @Test func `shows an adapter with all that one chooses by`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("polar", metric: 0.9123, text: "Says whether a film was good. More.")
      let html = try await call.page("/explore")
      #expect(html.contains("1 adapter<"))
      for text in [
        "Says whether a film was good.<", "Sentiment: SST-2", "LoRA", "bert-base-uncased",
        "<b>3.6 MB</b>", "instead of 438 MB", "Accuracy</span> <b>91.2</b>", "just now", "English",
      ] {
        #expect(html.contains(text), "\(text)")
      }
    }
  }

  @Test func `is narrowed by facets whose own choices do not count`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("a", base: "bert-base-uncased", method: "lora")
      try await call.publish("b", base: "roberta-base", method: "lora")
      try await call.publish("c", base: "roberta-base", method: "seq_bn")
      try await call.publish("d", task: "qa/squad1", base: "gpt2", method: "seq_bn")
      #expect(try await call.names("/explore") == ["alice/d", "alice/c", "alice/b", "alice/a"])
      let html = try await call.page("/explore?method=lora")
      #expect(try await call.names("/explore?method=lora") == ["alice/b", "alice/a"])
      #expect(count(html, "method", "lora") == 2)
      // What one would see by choosing it too.
      #expect(count(html, "method", "seq_bn") == 2)
      #expect(count(html, "base", "roberta-base") == 1)
      #expect(count(html, "base", "gpt2") == nil)
      // Or within a facet, and between facets.
      #expect(
        try await call.names("/explore?method=lora&method=seq_bn&base=roberta-base")
          == ["alice/c", "alice/b"])
      #expect(try await call.names("/explore?task=qa&method=seq_bn") == ["alice/d"])
      // Each choice can be taken back by a link.
      let both = try await call.page("/explore?method=lora&base=gpt2")
      #expect(both.contains("No adapter matches all of this"))
      #expect(both.contains("href=\"/explore?base=gpt2\""))
      #expect(both.contains("href=\"/explore?method=lora\""))
      #expect(both.contains("value=\"gpt2\" checked"))
    }
  }

  @Test func `finds words, marks them, and harms nobody by what they hold`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("one", text: "Für Müller & <b>Söhne</b>.")
      try await call.publish("two", text: "Nothing of it.")
      #expect(try await call.names("/explore?q=muller") == ["alice/one"])
      let html = try await call.page("/explore?q=M%C3%BCll")
      #expect(
        html.contains("<mark>Müller</mark> &amp; b&gt;") || html.contains("<mark>Müller</mark>"))
      #expect(!html.contains("<b>Söhne"))
      for text in ["\"><script>alert(1)</script>", "'", "a\" onfocus=\"x", "*", "AND OR"] {
        let coded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let html = try await call.page("/explore?q=\(coded)&language=\(coded)")
        #expect(!html.contains("<script>alert"))
        #expect(!html.contains("\" onfocus=\""))
      }
    }
  }

  @Test func `is sorted, and read page by page in both directions`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      for index in 0..<50 {
        try await call.publish(
          "a\(index)", bytes: 1_000_000 + index, metric: Double((index * 7) % 50) / 50)
      }
      let best = try await call.names("/explore?sort=metric")
      #expect(best.count == 24 && best.first == "alice/a7")
      #expect(try await call.names("/explore?sort=size").first == "alice/a0")
      #expect(try await call.names("/explore?sort=updated").first == "alice/a49")
      // All of them once, forwards; the same backwards.
      for sort in ["metric", "trending", "size", "updated"] {
        var (path, seen): (String?, [[String]]) = ("/explore?sort=\(sort)", [])
        var last = ""
        while let next = path {
          last = next
          seen.append(try await call.names(next))
          path = link(try await call.page(next), "next")
        }
        #expect(Set(seen.joined()).count == 50 && seen.joined().count == 50)
        let back = try #require(link(try await call.page(last), "prev"))
        #expect(try await call.names(back) == seen[seen.count - 2])
        #expect(link(try await call.page("/explore?sort=\(sort)"), "prev") == nil)
      }
    }
  }

  private func link(_ html: String, _ relation: String) -> String? {
    guard let start = html.range(of: "rel=\"\(relation)\" href=\"") else { return nil }
    return String(html[start.upperBound...].prefix { $0 != "\"" }).replacing("&amp;", with: "&")
  }

  @Test(arguments: [
    "sort=best", "after=x", "after=1.-1", "before=zzzzzzzzzzzzzzzzzzzzz.1", "owner=a%2Fb",
    "after=\(String(Double.nan.bitPattern, radix: 36)).1",
  ])
  func `says what is wrong with an address`(_ query: String) async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("a")
      let response = try await call(.get, "/explore?\(query)", as: nil)
      #expect(response.status == .badRequest)
      #expect(response.headers[.contentType]?.hasPrefix("text/html") ?? false)
    }
  }

  @Test func `shows private adapters to those alone who may see them`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("open")
      try await call.publish("secret", language: "fi", method: "ia3", isPrivate: true)
      for user in [nil, "bob"] {
        let html = try await call.page("/explore", as: user)
        #expect(!html.contains("secret\"") && html.contains("1 adapter<"))
        #expect(!html.contains("ia3") && !html.contains("Finnish"))
        #expect(!(try await call.page("/languages", as: user)).contains("Finnish"))
        #expect(try await call.names("/explore?q=secret", as: user) == [])
        #expect(try await call.names("/explore?method=ia3", as: user) == [])
        #expect(!(try await call.page("/", as: user)).contains("secret\""))
      }
      #expect(try await call.names("/explore", as: "alice") == ["alice/secret", "alice/open"])
      #expect(try await call.names("/explore", as: "admin") == ["alice/secret", "alice/open"])
    }
  }

  @Test func `keeps in step with what is published, hidden, renamed, deleted`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("a")
      try await call.publish("b", method: "ia3")
      #expect(try await call.names("/explore?q=answers") == ["alice/b", "alice/a"])
      _ = try await call(
        .put, "/api/models/alice/a/settings", body: #"{"private": true}"#)
      #expect(try await call.names("/explore") == ["alice/b"])
      _ = try await call(
        .put, "/api/models/alice/a/settings", body: #"{"private": false}"#)
      _ = try await call(
        .post, "/api/repos/move", body: #"{"fromRepo": "alice/a", "toRepo": "alice/c"}"#)
      #expect(try await call.names("/explore?q=answers") == ["alice/b", "alice/c"])
      #expect(try await call.names("/explore?q=alice+c") == ["alice/c"])
      try await call.commit(["README.md": "---\nlanguage: fi\n---\nOther words."], to: "alice/b")
      #expect(try await call.names("/explore?language=fi") == ["alice/b"])
      #expect(try await call.names("/explore?q=answers") == ["alice/c"])
      _ = try await call(.delete, "/api/repos/delete", body: #"{"name": "b"}"#)
      #expect(try await call.names("/explore?language=fi") == [])
      #expect(try await call.names("/explore") == ["alice/c"])
      for name in ["c"] {
        _ = try await call(.post, "/api/models/alice/\(name)/like")
      }
      #expect(try await call.page("/explore").contains("title=\"1 like\""))
    }
  }

  @Test func `is right after a restore`() async throws {
    let hub = try await hub()
    let backup = "\(hub.folder)-backup"
    defer { try? FileManager.default.removeItem(atPath: backup) }
    try await hub.serve { call in
      try await call.publish("before")
      _ = try await hub.core.backUp(to: backup)
      try await call.publish("after")
      #expect(try await call.names("/explore").count == 2)
      _ = try await hub.core.restore(from: backup, isReplacing: true)
      #expect(try await call.names("/explore") == ["alice/before"])
    }
  }

  @Test func `describes anew what an older hub had described`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("old")
      let registry = try #require(hub.core.registry as? Registry)
      try await registry.write { try $0.execute(sql: "DELETE FROM explore") }
      #expect(try await call.names("/explore") == [])
      try await hub.core.describeTheForgotten()
      #expect(try await call.names("/explore") == ["alice/old"])
    }
  }

  @Test func `leads whole names and identifiers to what they mean`() async throws {
    let hub = try await hub()
    try await hub.serve { call in
      try await call.publish("one", task: "sentiment/sst-2")
      try await call.publish("two", task: "qa/squad1")
      try await call.publish("three", task: "qa/squad1", as: "bob")
      func target(_ text: String) async throws -> String? {
        let response = try await call(.get, "/explore?q=\(text)", as: nil)
        return response.status == .seeOther ? response.headers[.location] : nil
      }
      #expect(try await target("alice/one") == "/alice/one")
      #expect(try await target("sentiment/sst-2") == "/alice/one")
      #expect(try await target("sst-2@alice") == "/alice/one")
      #expect(try await target("@bob/three") == "/bob/three")
      #expect(try await target("qa/squad1@alice") == "/alice/two")
      #expect(try await target("qa/squad1") == "/explore?subtask=qa%2Fsquad1")
      #expect(try await target("squad1@nobody") == nil)
      #expect(try await call.page("/explore?q=squad1@nobody").contains("Nothing here goes by"))
      #expect(try await target("squad1") == nil)
    }
  }
}

@Suite struct `The pages of tasks, languages and base models` {
  @Test func `count, describe and rank what there is`() async throws {
    let hub = try await TestHub(inspect: inspector)
    try await hub.serve { call in
      try await call.publish("good", metric: 91.5)
      try await call.publish("better", base: "roberta-base", metric: 0.95)
      try await call.publish("unmeasured")
      try await call.publish("suomi", task: "fi/wiki", language: "fi", base: "xlm-roberta-base")
      try await call.publish(
        "suomi-ner", task: "ner/own-data", language: "fi", base: "xlm-roberta-base")

      let tasks = try await call.page("/tasks")
      #expect(tasks.contains("href=\"/tasks/sentiment\"") && tasks.contains("3 adapters"))
      #expect(tasks.contains("Waiting for a first adapter") && !tasks.contains("Language adapters"))
      let task = try await call.page("/tasks/sentiment")
      #expect(task.contains("<code>sentiment/sst-2</code>") && task.contains("IMDb"))
      let board = try await call.page("/tasks/sentiment/sst-2")
      let rows = board.matches(of: /<th scope="row"><a href="\/([^"]+)"/).map { String($0.1) }
      #expect(rows == ["alice/better", "alice/good", "alice/unmeasured"])
      #expect(board.contains("<b>95.0</b>") && board.contains("not measured"))
      let filtered = try await call.page("/tasks/sentiment/sst-2?base=roberta-base")
      #expect(filtered.contains("alice/better") && !filtered.contains("alice/good"))
      #expect(try await call.page("/tasks/ner/own-data").contains("alice/suomi-ner"))

      let languages = try await call.page("/languages")
      #expect(languages.contains("Finnish") && languages.contains("<code>fi</code>"))
      let finnish = try await call.page("/languages/fi")
      #expect(finnish.contains("--setup 'stack(lang,task)'"))
      #expect(finnish.contains("lang=alice/suomi ") && finnish.contains("task=alice/suomi-ner"))
      #expect(finnish.contains("Stack(lang, task)"))

      #expect(try await call.page("/base").contains("href=\"/base/xlm-roberta-base\""))
      let base = try await call.page("/base/bert-base-uncased")
      #expect(base.contains("Not hosted on this hub") && base.contains("438 MB"))
      #expect(base.contains("alice/good") && !base.contains("alice/better"))
      // One model by two names.
      let other = try await call(.get, "/base/google-bert/bert-base-uncased", as: nil)
      #expect(other.headers[.location] == "/base/bert-base-uncased")

      let home = try await call.page("/")
      #expect(home.contains("Keep the model. Share the difference."))
      #expect(home.contains("alice/suomi-ner") && home.contains("saved against full copies"))
      #expect(home.contains("data-tab=\"Swift\"") && home.contains("http://hub.test"))
    }
  }

  @Test(arguments: [
    "/tasks/nothing", "/tasks/nothing/at-all", "/languages/qqq", "/base/nobody/nothing",
    "/base/%3Cscript%3E", "/tasks/%22%3E", "/languages/..%2F..",
  ])
  func `are not there for what nobody has`(_ path: String) async throws {
    let hub = try await TestHub(inspect: inspector)
    try await hub.serve { call in
      let response = try await call(.get, path, as: nil)
      #expect(response.status == .notFound, "\(response.status)")
      #expect(
        !response.text.contains("<script>\""))
    }
  }

  @Test(arguments: [
    ("/tasks", "No adapter for any task yet"), ("/tasks/intent", "No adapter for this task yet"),
    ("/tasks/sentiment/sst-2", "No adapter for this data set yet"),
    ("/languages", "No adapter names a language yet"),
    ("/base", "No adapter names its base model yet"),
  ])
  func `have something to say before there is anything`(_ path: String, _ text: String)
    async throws
  {
    let hub = try await TestHub(inspect: inspector)
    try await hub.serve { call in
      let html = try await call.page(path)
      #expect(html.contains(text))
    }
  }
}
