import Files
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import HubServer

@Suite struct `What a caller may do` {
  /// A hub with an organisation, a member in each role, and tokens of narrower kinds.
  private func hub() async throws -> (TestHub, [String: String]) {
    let hub = try await TestHub()
    let registry = hub.core.registry
    var tokens = hub.tokens
    _ = try await registry.makeAccount("team", kind: .organisation, by: "test")
    for role in Role.allCases {
      let name = "the-\(role.rawValue)"
      _ = try await registry.makeAccount(name, kind: .user, by: "test")
      try await registry.setRole(role, of: name, in: "team", by: "test")
      tokens[name] = try await registry.makeToken(
        for: name, name: "t", scope: .write, repository: nil, expiresAt: nil, by: "test")
    }
    let owner = try await registry.account("the-admin")
    let team = try await registry.account("team")
    let mine = try await registry.account("the-contributor")
    _ = try await registry.makeRepository("private", owner: team, creator: owner, isPrivate: true)
    _ = try await registry.makeRepository("own", owner: team, creator: mine, isPrivate: true)
    let other = try await registry.makeRepository(
      "other", owner: team, creator: owner, isPrivate: true)
    for (name, scope, repository, expiry) in [
      ("reading", Caller.Scope.read, nil, nil), ("elsewhere", .write, other.id, nil),
      ("expired", .write, nil, Moment(milliseconds: 1)),
    ] as [(String, Caller.Scope, Int64?, Moment?)] {
      tokens[name] = try await registry.makeToken(
        for: "the-admin", name: name, scope: scope, repository: repository, expiresAt: expiry,
        by: "test")
    }
    return (hub, tokens)
  }

  /// Who, and what the answers are to: see it, write to it, set it, see the contributor's, create.
  @Test(arguments: [
    ("alice", [404, 404, 404, 404, 403]), ("the-read", [200, 403, 403, 200, 403]),
    ("the-contributor", [200, 403, 403, 200, 200]), ("the-write", [200, 200, 403, 200, 200]),
    ("the-admin", [200, 200, 200, 200, 200]), ("admin", [200, 200, 200, 200, 200]),
    ("reading", [200, 403, 403, 200, 403]), ("elsewhere", [404, 404, 404, 404, 403]),
    ("expired", [401, 401, 401, 401, 401]), ("nobody", [401, 401, 401, 401, 401]),
  ])
  func `follows from role and token`(_ who: String, _ expected: [Int]) async throws {
    let (hub, tokens) = try await hub()
    try await hub.serve { call in
      let token = who == "nobody" ? nil : tokens[who]
      let answers = [
        try await call(.get, "/api/models/team/private", as: token),
        try await call(
          .post, "/api/models/team/private/commit/main", as: token, body: commitLines(["a": "1"])),
        try await call(
          .put, "/api/models/team/private/settings", as: token, body: #"{"private": true}"#),
        try await call(.get, "/api/models/team/own", as: token),
        try await call(
          .post, "/api/repos/create", as: token,
          body: #"{"name": "new", "organization": "team"}"#),
      ]
      #expect(answers.map(\.status.code) == expected)
      let listed = try await call(.get, "/api/models?author=team", as: token).json.elements.count
      let sees = expected[0] == 200
      #expect(listed == (who == "elsewhere" ? 1 : sees ? (expected[4] == 200 ? 4 : 3) : 0))
    }
  }

  @Test func `lets a contributor write to what they made`() async throws {
    let (hub, tokens) = try await hub()
    try await hub.serve { call in
      let own = try await call(
        .post, "/api/models/team/own/commit/main", as: tokens["the-contributor"],
        body: commitLines(["a": "1"]))
      #expect(own.status == .ok)
    }
  }

  @Test func `ends with the account`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("kept")
      #expect(try await call(.get, "/api/whoami-v2").status == .ok)
      try await hub.core.registry.removeUser("alice", by: "test")
      #expect(try await call(.get, "/api/whoami-v2").status == .unauthorized)
      #expect(try await call(.get, "/api/models/alice/kept", as: "bob").status == .ok)
    }
  }

  @Test func `depends on being let in where a repository is gated`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("gated")
      try await call.commit(["a": "1"], to: "alice/gated")
      for gate in ["manual", "auto"] {
        let set = try await call(
          .put, "/api/models/alice/gated/settings", body: #"{"gated": "\#(gate)"}"#)
        #expect(set.status == .ok)
        let user = gate == "manual" ? "bob" : "admin"
        let file = "/alice/gated/resolve/main/a"
        #expect(try await call(.get, file, as: nil).headers[.errorCode] == "GatedRepo")
        #expect(try await call(.get, "/api/models/alice/gated", as: nil).status == .ok)
        guard user == "bob" else { continue }
        let refused = try await call(.head, file, as: user)
        #expect(refused.status == .forbidden)
        #expect(refused.headers[.errorCode] == "GatedRepo")
        let asked = try await call(
          .post, "/api/models/alice/gated/user-access-request", as: user,
          body: #"{"reason": "please"}"#)
        #expect(asked.json["status"] == "pending")
        #expect(try await call(.get, file, as: user).status == .forbidden)
        let pending = try await call(.get, "/api/models/alice/gated/user-access-request/pending")
        #expect(pending.json.elements.first?["user"]?["user"] == "bob")
        _ = try await call(
          .post, "/api/models/alice/gated/user-access-request/handle",
          body: #"{"user": "bob", "status": "accepted"}"#)
        #expect(try await call(.get, file, as: user).text == "1")
      }
    }
  }

  @Test func `is limited by a quota`() async throws {
    let hub = try await TestHub { $0.limits.quotaBytes = 100 }
    try await hub.serve { call in
      try await call.create("demo")
      try await call.commit(["a": String(repeating: "x", count: 60)], to: "alice/demo")
      // What is there takes no more room, under another name or sent once more.
      try await call.commit(["c": String(repeating: "x", count: 60)], to: "alice/demo")
      let much = commitLines(["b": String(repeating: "y", count: 60)])
      let refused = try await call(.post, "/api/models/alice/demo/commit/main", body: much)
      #expect(refused.status == .contentTooLarge)
      #expect(refused.headers[.errorMessage]?.contains("quota") ?? false)
      try await hub.core.registry.setQuota(1000, of: "alice", by: "test")
      #expect(
        try await call(.post, "/api/models/alice/demo/commit/main", body: much).status == .ok)
    }
  }
}
