import Files
import Foundation
import HTTPTypes
import HubClient
import HummingbirdTesting
import NIOCore
import Testing

@testable import HubServer

@Suite struct `Publishing in the browser` {
  @Test func `goes from an empty form to files that can be pulled`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let form = [
        "owner": "alice", "name": "intent", "visibility": "public", "base": "bert-base-uncased",
        "task": "text-classification", "licence": "mit",
      ]
      let made = try await alice.submit("/new", form, from: "/new")
      #expect(made.status == .seeOther && made.location == "/alice/intent/upload")
      let card = try await calls(.get, "/alice/intent/resolve/main/README.md").text
      #expect(CardFile(card).errors.isEmpty, "\(CardFile(card).errors)")
      #expect(card.contains("base_model: \"bert-base-uncased\"") && card.contains("# intent"))
      let again = try await alice.submit("/new", form, from: "/new")
      #expect(again.status == .conflict && again.text.contains("value=\"intent\""))

      let page = try await alice.get("/alice/intent/upload")
      #expect(page.text.contains("enctype=\"multipart/form-data\""))
      let token = try await alice.formToken()
      let sent = try await alice.upload(
        "/alice/intent/upload",
        [
          ("adapter_config.json", "{\"a\": \"\r\n--lin\r\n\"}"), ("weights/a b.bin", ""),
          ("ü.txt", "\r\n\r\n"),
        ], fields: [("csrf", token), ("title", "First files")])
      #expect(sent.status == .seeOther, "\(sent.text)")
      let file = try await calls(.get, "/alice/intent/resolve/main/adapter_config.json")
      #expect(file.text == "{\"a\": \"\r\n--lin\r\n\"}")
      #expect(try await calls(.get, "/alice/intent/resolve/main/%C3%BC.txt").text == "\r\n\r\n")
      #expect(try await calls(.get, "/alice/intent/resolve/main/weights/a%20b.bin").text == "")
      let commits = try await calls(.get, "/api/models/alice/intent/commits/main").json.elements
      #expect(commits.first?["title"]?.string == "First files")
    }
  }

  @Test(arguments: [
    ["name": "a/b"], ["name": ""], ["name": "x", "base": "a b"],
    ["name": "x", "base": "a\"\nlicense: x"],
    ["name": "x", "licence": "mine"], ["name": "x", "task": "---"],
    ["name": "x", "owner": "nobody"],
  ]) func `is not begun with what makes no sense`(_ fields: [String: String]) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let response = try await alice.submit(
        "/new", ["owner": "alice", "visibility": "public"].merging(fields) { $1 }, from: "/new")
      #expect([400, 404, 422].contains(response.status.code), "\(fields): \(response.status)")
      #expect(response.text.contains("role=\"alert\""))
      #expect(try await calls(.get, "/api/models/alice/x").status == .notFound)
    }
  }

  @Test func `under another's name is not possible`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let bob = try await hub.browser(calls, as: "bob")
      let response = try await bob.submit(
        "/new", ["owner": "alice", "name": "mine", "visibility": "public"], from: "/new")
      #expect(response.status == .forbidden)
      for page in ["upload", "edit", "settings"] {
        #expect(try await bob.get("/alice/one/\(page)").status == .forbidden, "\(page)")
      }
      try await calls.create("hidden", isPrivate: true)
      #expect(try await bob.get("/alice/hidden/settings").status == .notFound)
      #expect(try await bob.submit("/alice/hidden/like", ["liked": "yes"]).status == .notFound)
    }
  }

  @Test func `keeps nothing of a form that does not prove where it comes from`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let alice = try await hub.browser(calls, as: "alice")
      let token = try await alice.formToken()
      for fields in [[], [("title", "x")], [("csrf", "wrong")]] {
        let response = try await alice.upload("/alice/one/upload", [("a", "1")], fields: fields)
        #expect(response.status == .forbidden)
      }
      // The proof comes first, and nothing else than what the form has.
      let late = try await alice.upload(
        "/alice/one/upload", [("a", "1")], fields: [("title", "x"), ("csrf", token)])
      #expect(late.status == .forbidden)
      for name in ["other", "csrf", String(repeating: "n", count: 101)] {
        let odd = try await alice.upload(
          "/alice/one/upload", [("a", "1")], fields: [("csrf", token), (name, "x")])
        #expect(odd.status == .badRequest, "\(name)")
      }
      let none = try await alice.upload("/alice/one/upload", [("", "")], fields: [("csrf", token)])
      #expect(none.status == .unprocessableContent && none.text.contains("at least one file"))
      for path in ["../a", "/a", "a\u{202E}b", ".git/config", ""] where !path.isEmpty {
        let bad = try await alice.upload(
          "/alice/one/upload", [(path, "1")], fields: [("csrf", token)])
        #expect(bad.status == .unprocessableContent, "\(path)")
      }
    }
  }

  @Test func `refuses what is larger than the limits`() async throws {
    let hub = try await TestHub { $0.limits.fileBytes = 100 }
    try await hub.serve { calls in
      try await calls.create("one")
      let alice = try await hub.browser(calls, as: "alice")
      let token = try await alice.formToken()
      func upload(_ count: Int) async throws -> HTTPResponse.Status {
        try await alice.upload(
          "/alice/one/upload", [("a", String(repeating: "x", count: count))],
          fields: [("csrf", token)]
        ).status
      }
      #expect(try await upload(100) == .seeOther)
      #expect(try await upload(101) == .contentTooLarge)
    }
  }
}

@Suite struct `A form with files` {
  /// Everything that a body holds, however it is cut.
  private func read(_ body: String, piece: Int) throws -> [String] {
    var form = try Multipart(contentType: "multipart/form-data; boundary=\"b\"")
    var found: [String] = []
    let bytes = Array(body.utf8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      for event in try form.take(bytes[start..<min(start + piece, bytes.count)]) {
        switch event {
        case .part(let name, let file): found.append("\(name) \(file ?? "-") ")
        case .content(let bytes): found[found.count - 1] += String(decoding: bytes, as: UTF8.self)
        case .end: found[found.count - 1] += "|"
        }
      }
    }
    try form.finish()
    return found
  }

  private let body =
    "before\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n-\r\n--c\r\n\r\n--b  \r\n"
    + "content-disposition: form-data; name=f; filename=\"x;%22y.bin\"\r\nX: y\r\n\r\n\r\n--b--\r\nafter"

  @Test(arguments: [1, 2, 3, 5, 7, 16, 17, 1000]) func `is read alike in pieces of any size`(
    _ piece: Int
  )
    throws
  {
    #expect(try read(body, piece: piece) == ["a - 1\r\n-\r\n--c\r\n|", "f x;\"y.bin |"])
  }

  @Test func `that breaks off is refused`() throws {
    for count in stride(from: 0, to: body.utf8.count - 12, by: 5) {
      #expect(throws: Problem.self) {
        try read(String(decoding: body.utf8.prefix(count), as: UTF8.self), piece: 9)
      }
    }
  }

  @Test(arguments: [
    nil, "", "text/plain", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
  ]) func `needs a boundary`(_ type: String?) {
    #expect(throws: Problem.self) { try Multipart(contentType: type) }
  }
}

@Suite struct `A card that is edited` {
  @Test func `is shown before it is saved, and saved on top of what was read`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let first = try await calls.commit(["README.md": "# One\n"], to: "alice/one")
      let alice = try await hub.browser(calls, as: "alice")
      let page = try await alice.get("/alice/one/edit")
      #expect(page.field("parent") == first && page.text.contains("# One"))
      let shown = try await alice.submit(
        "/alice/one/preview", ["text": "# Two <script>\r\n", "parent": first])
      #expect(shown.status == .ok && shown.text.contains("Two &lt;script&gt;"))
      #expect(!shown.text.contains("<script>\n"))
      let saved = try await alice.submit(
        "/alice/one/edit", ["text": "# Two\r\n", "parent": first, "title": "Better"])
      #expect(saved.status == .seeOther)
      #expect(try await calls(.get, "/alice/one/resolve/main/README.md").text == "# Two\n")

      let late = try await alice.submit("/alice/one/edit", ["text": "# Three", "parent": first])
      #expect(
        late.status == .conflict && late.text.contains("# Two") && late.text.contains("# Three"))
      let now = try #require(late.field("parent"))
      #expect(now != first)
      #expect(
        try await alice.submit("/alice/one/edit", ["text": "# Three", "parent": now]).status
          == .seeOther)
    }
  }

  @Test func `with a front matter that cannot be read stays in the editor`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let alice = try await hub.browser(calls, as: "alice")
      let parent = try #require(try await alice.get("/alice/one/edit").field("parent"))
      let response = try await alice.submit(
        "/alice/one/edit", ["text": "---\nlicense: [\n---\n# Kept", "parent": parent])
      #expect(response.status == .unprocessableContent && response.text.contains("# Kept"))
      #expect(response.text.contains("Line"))
      let wrong = try await alice.submit("/alice/one/edit", ["text": "a", "parent": "main"])
      #expect(wrong.status == .badRequest)
    }
  }
}

@Suite struct `A repository's settings` {
  @Test func `rename it, hide it, and gate it`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let alice = try await hub.browser(calls, as: "alice")
      #expect(try await alice.get("/alice/one/settings").status == .ok)
      let moved = try await alice.submit(
        "/alice/one/settings/name", ["owner": "alice", "name": "two"])
      #expect(moved.location == "/alice/two/settings")
      #expect(try await alice.get("/alice/one/settings").location == "/alice/two/settings")
      let stolen = try await alice.submit(
        "/alice/two/settings/name", ["owner": "bob", "name": "two"])
      #expect(stolen.status == .forbidden)
      _ = try await alice.submit(
        "/alice/two/settings/access", ["visibility": "private", "gate": "no"])
      #expect(try await calls(.get, "/api/models/alice/two", as: "bob").status == .notFound)
      let wrong = try await alice.submit(
        "/alice/two/settings/access", ["visibility": "all", "gate": "no"])
      #expect(wrong.status == .unprocessableContent)
    }
  }

  @Test func `decide who is let in`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      try await calls.commit(["a": "1"], to: "alice/one")
      let (alice, bob) = (
        try await hub.browser(calls, as: "alice"), try await hub.browser(calls, as: "bob")
      )
      _ = try await alice.submit(
        "/alice/one/settings/access", ["visibility": "public", "gate": "manual"])
      func status() async throws -> HTTPResponse.Status {
        try await calls(.get, "/alice/one/resolve/main/a", as: "bob").status
      }
      #expect(try await status() == .forbidden)
      #expect(try await bob.get("/alice/one/access").text.contains("Ask to be let in"))
      _ = try await bob.submit("/alice/one/access", ["reason": "Research <1>"])
      #expect(try await bob.get("/alice/one/access").text.contains("waits for a decision"))
      let page = try await alice.get("/alice/one/settings")
      #expect(page.text.contains("Research &lt;1&gt;"))
      _ = try await alice.submit(
        "/alice/one/settings/requests", ["user": "bob", "decision": "accepted"])
      #expect(try await status() == .ok)
      _ = try await alice.submit(
        "/alice/one/settings/requests", ["user": "bob", "decision": "rejected"])
      #expect(try await status() == .forbidden)
      _ = try await bob.submit("/alice/one/access", ["reason": "again"])
      #expect(try await status() == .forbidden, "asking again does not undo a decision")
    }
  }

  @Test func `protect a tag from being deleted and from being hidden`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      try await calls.commit(["a": "1"], to: "alice/one")
      func api(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws
        -> HTTPResponse.Status
      {
        try await calls(method, "/api/models/alice/one/\(path)", body: body).status
      }
      #expect(try await api(.post, "tag/main", #"{"tag": "v1"}"#) == .ok)
      let alice = try await hub.browser(calls, as: "alice")
      let done = try await alice.submit(
        "/alice/one/settings/tags", ["tag": "v1", "protect": "yes"])
      #expect(done.status == .seeOther)
      #expect(try await api(.delete, "tag/v1") == .forbidden)
      #expect(try await api(.post, "branch/v1") == .forbidden)
      #expect(try await api(.post, "tag/main", #"{"tag": "v1"}"#) == .conflict)
      _ = try await alice.submit("/alice/one/settings/tags", ["tag": "v1", "protect": "no"])
      #expect(try await api(.delete, "tag/v1") == .ok)
      let gone = try await alice.submit(
        "/alice/one/settings/tags", ["tag": "v1", "protect": "yes"])
      #expect(gone.status == .notFound)
    }
  }

  @Test func `delete it by its name, and its owner takes that back`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      try await calls.commit(["README.md": "# Findable\n"], to: "alice/one")
      let alice = try await hub.browser(calls, as: "alice")
      let wrong = try await alice.submit("/alice/one/settings/delete", ["confirm": "one"])
      #expect(wrong.status == .unprocessableContent)
      let deleted = try await alice.submit("/alice/one/settings/delete", ["confirm": "alice/one"])
      #expect(deleted.location == "/alice?deleted=1")
      #expect(try await calls(.get, "/api/models/alice/one").status == .notFound)
      let page = try await alice.get("/alice?deleted=1")
      let id = try #require(page.text.split(separator: "name=\"id\" value=\"").dropFirst().first)
        .prefix { $0 != "\"" }
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await !bob.get("/alice?deleted=1").text.contains("Restore"))
      let stolen = try await bob.submit("/settings/restore", ["owner": "alice", "id": String(id)])
      #expect(stolen.status == .forbidden)
      let back = try await alice.submit("/settings/restore", ["owner": "alice", "id": String(id)])
      #expect(back.location == "/alice/one")
      let found = try await calls(.get, "/api/models?search=findable").json.elements
      #expect(found.count == 1, "it is found by its text again")
      let again = try await alice.submit("/settings/restore", ["owner": "alice", "id": String(id)])
      #expect(again.status == .notFound)
    }
  }

  @Test func `cannot bring back what was swept, or whose name is taken`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let registry = hub.core.registry
      let owner = try await registry.account("alice")
      func delete() async throws -> Int64 {
        let known = try #require(try await registry.repository(RepositoryIdentifier("alice/one")))
        try await registry.delete(known.repository, by: "alice")
        return known.repository.id
      }
      let first = try await delete()
      try await calls.create("one")
      await #expect(throws: Problem.self) {
        try await registry.restore(first, of: owner, by: "alice")
      }
      let second = try await delete()
      _ = try await registry.restore(first, of: owner, by: "alice")
      _ = try await delete()
      try await Task.sleep(for: .milliseconds(5))
      _ = try await hub.core.collectGarbage(graceSeconds: 0, isDryRun: false)
      await #expect(throws: Problem.self) {
        try await registry.restore(second, of: owner, by: "alice")
      }
    }
  }

  @Test func `are liked, and not any more`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await bob.submit("/alice/one/like", ["liked": "yes"]).location == "/alice/one")
      #expect(try await bob.get("/bob?tab=likes").text.contains("/alice/one"))
      let away = try await bob.submit("/alice/one/like", ["liked": "no", "next": "//evil"])
      #expect(away.location == "/")
      #expect(try await !bob.get("/bob?tab=likes").text.contains("/alice/one"))
    }
  }
}
