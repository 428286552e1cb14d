import Files
import Foundation
import HTTPTypes
import HubClient
import HummingbirdTesting
import Testing

@testable import HubServer

/// Stands in everything within the private repository, and nowhere else.
private let secret = "zebraquagga"

/// Every page, with the private repository in its place and its words as values.
private let pages = allEndpoints().filter { $0.kind == .page }.map(\.pattern)

private func path(_ pattern: PathPattern, repository: String) -> String {
  let values = [
    "revision": "main", "path": "notes/\(secret).txt", "commit": "main", "range": "main...main",
    "owner": "team", "name": "team", "organisation": "team", "user": "alice", "task": secret,
    "subtask": secret, "code": secret, "version": "x", "token": secret,
  ]
  return "/"
    + pattern.parts.map { part in
      switch part {
      case .literal(let text): text
      case .parameter(let name): values[name] ?? "x"
      case .repository, .gitRepository: repository
      case .rest(let name): name == "path" ? "notes/\(secret).txt" : "org/\(secret)-base"
      }
    }.joined(separator: "/")
}

@Suite struct `What pages show` {
  /// A hub with a private adapter of an organisation, whose every word is a secret.
  private func hub() async throws -> (TestHub, [String: String]) {
    let hub = try await TestHub { settings in settings.signUp = .open }
    let registry = hub.core.registry
    let team = try await registry.makeAccount("team", kind: .organisation, by: "test")
    for (name, role) in [("member", Role.read), ("owner", .admin)] {
      _ = try await registry.makeAccount(name, kind: .user, by: "test")
      try await registry.setRole(role, of: name, in: "team", by: "test")
    }
    let owner = try await registry.account("owner")
    let made = try await registry.makeRepository(
      "the-\(secret)", owner: team, creator: owner, isPrivate: true)
    let other = try await registry.makeRepository(
      "other", owner: team, creator: owner, isPrivate: true)
    var tokens = hub.tokens
    for name in ["member", "owner"] {
      tokens[name] = try await registry.makeToken(
        for: name, name: "t", scope: .write, repository: nil, expiresAt: nil, by: "test")
    }
    tokens["elsewhere"] = try await registry.makeToken(
      for: "owner", name: "t", scope: .write, repository: other.id, expiresAt: nil, by: "test")
    let token = tokens["owner"]
    try await hub.serve { call in
      let card = """
        ---
        tags: [adapters, "adapterhub:\(secret)/\(secret)", \(secret)]
        language: en
        license: mit
        base_model: org/\(secret)-base
        pipeline_tag: text-classification
        ---
        # \(secret)

        A \(secret) adapter.
        """
      let answer = try await call(
        .post, "/api/models/\(made.fullName)/commit/main", as: token,
        body: commitLines(
          [
            "README.md": card, "adapter_config.json": "{}", "notes/\(secret).txt": "\(secret)\n",
          ], summary: secret))
      #expect(answer.status == .ok, "\(answer.text)")
    }
    // What is liked and asked for is of those who may see it.
    try await registry.like(made, by: owner, true)
    return (hub, tokens)
  }

  @Test func `of a private repository is for those who may read it`() async throws {
    let (hub, tokens) = try await hub()
    let repository = "team/the-\(secret)"
    let searches = [
      "/explore?q=\(secret)", "/explore?q=adapter", "/explore?task=\(secret)",
      "/explore?base=org/\(secret)-base", "/explore?license=mit", "/explore?language=en",
      "/tasks/\(secret)", "/languages/en", "/compare?ids=\(repository)", "/team", "/owner",
      "/owner?tab=likes", "/explore?q=%40team%2F\(secret)", "/explore?q=\(secret)%2F\(secret)",
    ]
    let paths = pages.map { path($0, repository: repository) } + searches
    try await hub.serve { call in
      var seen = 0
      for path in paths {
        for who in [nil, "bob", "elsewhere"] {
          let response = try await call(
            .get, path, as: who.flatMap { tokens[$0] }, headers: [.accept: "text/html"])
          // The words that were asked for may be repeated; nothing else may.
          let text = response.text.replacing(path, with: "")
            .replacing(percentEncoded(path), with: "").replacing(repository, with: "")
            .replacing("value=\"\(secret)\"", with: "")
          #expect(!text.contains("the-\(secret)"), "\(path), \(who ?? "nobody")")
          #expect(!text.contains("A \(secret) adapter"), "\(path), \(who ?? "nobody")")
          #expect(!text.contains("\(secret)\n"), "\(path), \(who ?? "nobody")")
          #expect(response.status.code < 500, "\(path), \(who ?? "nobody")")
        }
        for who in ["member", "owner", "admin"] {
          let response = try await call(
            .get, path, as: tokens[who], headers: [.accept: "text/html"])
          #expect(response.status.code < 500, "\(path), \(who)")
          if response.status == .ok, response.text.contains("the-\(secret)") { seen += 1 }
        }
      }
      // Or else the tests above would pass on pages that show nothing to anybody.
      #expect(seen > 60, "\(seen)")
    }
  }

  @Test func `counts what the reader may see`() async throws {
    let (hub, tokens) = try await hub()
    try await hub.serve { call in
      for path in ["/", "/explore", "/tasks", "/languages", "/base", "/team"] {
        let stranger = try await call(.get, path, as: nil, headers: [.accept: "text/html"])
        let other = try await call(
          .get, path, as: tokens["bob"], headers: [.accept: "text/html"])
        for response in [stranger, other] {
          #expect(!response.text.contains(secret), "\(path)")
          #expect(!response.text.contains("1 adapter"), "\(path)")
        }
      }
      let member = try await call(
        .get, "/explore", as: tokens["member"], headers: [.accept: "text/html"])
      #expect(member.text.contains("1 adapter"))
    }
  }

  @Test(arguments: pages) func `is an answer, whatever is asked`(_ pattern: PathPattern)
    async throws
  {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("a")
      try await call.commit(["README.md": "# A", "x.json": "{}"], to: "alice/a")
      for tail in [
        "", "?", "?x=%00", "?q=%F0%9F%A6%93&sort=nothing&cursor=zz&page=-1&after=x",
        "?q=" + String(repeating: "a%20", count: 1000), "?task=a&task=b&size=%3Cscript%3E",
        "?tab=%27&from=none&ids=,,,&next=//evil.example",
      ] {
        for who in [nil, "alice", "admin"] {
          let response = try await call(
            .get, path(pattern, repository: "alice/a") + tail, as: who,
            headers: [.accept: "text/html"])
          #expect(response.status.code < 500, "\(pattern)\(tail): \(response.text.prefix(300))")
          // Whatever a page is asked to lead to, it leads within the hub.
          let location = response.headers[.location] ?? "/"
          #expect(location.hasPrefix("/") && !location.hasPrefix("//"), "\(location)")
        }
      }
    }
  }
}
