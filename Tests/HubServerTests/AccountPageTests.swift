import Files
import Foundation
import GRDB
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import HubServer

@Suite struct `An account in the browser` {
  @Test func `opens with a password for once, and stays shut until another is chosen`()
    async throws
  {
    let hub = try await TestHub()
    let once = Password.make()
    try await hub.core.registry.setPassword(
      try Password.hash(once), of: "alice", mustChange: true, by: "test")
    try await hub.serve { calls in
      let browser = Browser(calls)
      try await browser.signIn("alice", once)
      for path in ["/", "/settings", "/settings/tokens", "/new", "/alice"] {
        let response = try await browser.get(path)
        #expect(
          response.status == .seeOther
            && response.location?.hasPrefix("/settings/password") == true,
          "\(path)")
      }
      #expect(
        try await browser.get("/new?owner=alice").location
          == "/settings/password?next=%2Fnew%3Fowner%3Dalice")
      // Neither does the session get past the pages.
      let cookie = "adapterhub_session=\(browser.cookie("adapterhub_session") ?? "")"
      let program = try await calls.client.execute(
        uri: "/api/whoami-v2", method: .get, headers: [.cookie: cookie], body: nil)
      #expect(program.status == .forbidden)

      let next = "/new?owner=alice"
      func choose(_ new: String, again: String? = nil) async throws -> TestResponse {
        try await browser.submit(
          "/settings/password",
          ["current": once, "new": new, "again": again ?? new, "next": next],
          from: "/settings/password?next=\(next)")
      }
      for (bad, word) in [
        ("short", "at least 10"), ("alicealice", "name"), ("aaaaaaaaaaaa", "different"),
        (once, "another"),
      ] {
        let response = try await choose(bad)
        #expect(response.status == .unprocessableContent && response.text.contains(word), "\(bad)")
      }
      #expect(try await choose("a good one 1", again: "a good one 2").text.contains("not the same"))
      let form = try await browser.get("/settings/password?next=/new").text
      #expect(form.contains("name=\"next\" value=\"/new\""))
      #expect(try await choose("a good one 1").location == next)
      let sessions = try await browser.get("/settings/sessions")
      #expect(sessions.status == .ok && sessions.text.contains("Your password was changed"))
      #expect(
        try await !browser.get("/settings/sessions").text.contains("Your password was changed"))
      #expect(try await Browser(calls).signIn("alice", once).status == .unprocessableContent)
    }
  }

  @Test func `ends its other sessions when the password changes`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let (here, there) = (try await hub.browser(calls, as: "alice"), Browser(calls))
      try await there.signIn("alice", TestHub.password)
      #expect(try await there.get("/settings").status == .ok)
      _ = try await here.submit(
        "/settings/password",
        ["current": TestHub.password, "new": "another fine one", "again": "another fine one"])
      #expect(try await there.get("/settings").location?.hasPrefix("/login") ?? false)
      #expect(try await here.get("/settings").status == .ok)
    }
  }

  @Test func `lists its sessions and ends one, or all others`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let here = try await hub.browser(calls, as: "alice")
      let others = [Browser(calls), Browser(calls)]
      for other in others { try await other.signIn("alice", TestHub.password) }
      let page = try await here.get("/settings/sessions")
      #expect(page.text.components(separatedBy: "<li class=\"card").count == 4, "three")
      let id = try #require(page.text.split(separator: "name=\"id\" value=\"").dropFirst().first)
        .prefix { $0 != "\"" }
      #expect(
        try await here.submit("/settings/sessions", ["id": String(id)]).status == .seeOther)
      let open = try await [others[0].get("/settings").status, others[1].get("/settings").status]
      #expect(open.count { $0 == .ok } == 1)
      _ = try await here.submit("/settings/sessions", ["others": "yes"])
      for other in others { #expect(try await other.get("/settings").status == .seeOther) }
      #expect(try await here.get("/settings").status == .ok)
    }
  }

  @Test func `cannot end the sessions of others`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let (alice, bob) = (
        try await hub.browser(calls, as: "alice"), try await hub.browser(calls, as: "bob")
      )
      for id in 1...5 { _ = try await bob.submit("/settings/sessions", ["id": "\(id)"]) }
      #expect(try await alice.get("/settings").status == .ok)
    }
  }

  @Test func `stays signed in for 30 days after the last use`() async throws {
    let hub = try await TestHub()
    let registry = try #require(hub.core.registry as? Registry)
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let hour: Int64 = 3_600_000
      let soon = Moment().milliseconds + hour
      try await registry.write { try $0.execute(sql: "UPDATE sessions SET expires_at = \(soon)") }
      #expect(try await alice.get("/settings").status == .ok)
      await hub.core.flushCounters()
      let end = try await registry.read {
        try Int64.fetchOne($0, sql: "SELECT expires_at FROM sessions")
      }
      #expect(try #require(end) > soon + 29 * 24 * hour - hour, "the use put the end off")
      try await registry.write { try $0.execute(sql: "UPDATE sessions SET expires_at = 1") }
      _ = hub.core.counters.take()
      #expect(try await alice.get("/settings").status == .seeOther)
    }
  }

  @Test func `gets a new session at each sign-in, whatever the browser brought`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let browser = try await hub.browser(calls, as: "alice")
      let first = browser.cookie("adapterhub_session")
      try await browser.signIn("alice", TestHub.password)
      #expect(first != nil && browser.cookie("adapterhub_session") != first)
      let old = Browser(calls)
      old.set("adapterhub_session", first ?? "")
      #expect(try await old.get("/settings").status == .seeOther, "the one before has ended")
    }
  }

  @Test(arguments: [
    "//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)", "/a b",
  ])
  func `never leads to another site`(_ next: String) async throws {
    let hub = try await TestHub()
    try await hub.setPassword("alice")
    try await hub.serve { calls in
      let response = try await Browser(calls).signIn("alice", TestHub.password, next: next)
      #expect(response.location == "/")
    }
  }

  @Test func `says the same of a wrong password and of a wrong name`() async throws {
    let hub = try await TestHub()
    try await hub.setPassword("alice")
    try await hub.serve { (calls) async throws -> Void in
      func message(_ name: String) async throws -> String? {
        let text = try await Browser(calls).signIn(name, "not the one").text
        return text.components(separatedBy: "role=\"alert\">").last?.components(separatedBy: "<")
          .first
      }
      #expect(try await message("alice") == message("nobody"))
    }
  }

  @Test func `is guessed at only so often`() async throws {
    let hub = try await TestHub {
      $0.rates.isLimited = true
      $0.rates.signIns = 5
    }
    try await hub.setPassword("alice")
    try await hub.serve { calls in
      let browser = Browser(calls)
      for _ in 0..<5 {
        #expect(try await browser.signIn("alice", "wrong").status == .unprocessableContent)
      }
      let refused = try await browser.signIn("alice", TestHub.password)
      #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] != nil)
    }
  }

  @Test(arguments: ["/join", "/reset", "/join/ahk_x", "/reset/ahk_x", "/oauth/device"])
  func `is no easier to come by through`(_ path: String) async throws {
    let hub = try await TestHub {
      $0.signUp = .open
      $0.rates.isLimited = true
      $0.rates.signIns = 3
    }
    try await hub.serve { calls in
      let browser = Browser(calls)
      let token = try await browser.formToken("/login")
      var statuses: [Int] = []
      for _ in 0..<5 {
        let isPage = path.hasSuffix("x")
        let response =
          isPage ? try await browser.get(path) : try await browser.submit(path, [:], token: token)
        statuses.append(response.status.code)
      }
      #expect(!statuses.prefix(3).contains(429) && statuses.last == 429, "\(statuses)")
    }
  }

  @Test func `saves its profile, and shows what was wrong with one`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let bad = try await alice.submit(
        "/settings", ["full-name": "Alice & Co", "email": "nothing"])
      #expect(bad.status == .unprocessableContent)
      #expect(
        bad.text.contains("value=\"Alice &amp; Co\"") && bad.text.contains("value=\"nothing\""))
      let good = try await alice.submit(
        "/settings", ["full-name": "Alice <b>", "email": "alice@example.org"])
      #expect(good.status == .seeOther)
      #expect(try await alice.get("/alice").text.contains("Alice &lt;b&gt;"))
      #expect(
        try await Browser(calls).signIn("alice@example.org", TestHub.password).status == .seeOther)
      let bob = try await hub.browser(calls, as: "bob")
      let taken = try await bob.submit(
        "/settings", ["full-name": "", "email": "alice@example.org"])
      #expect(taken.status == .conflict)
    }
  }

  @Test func `is deleted with its password and its name, and never the last of its kind`()
    async throws
  {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      func delete(_ browser: Browser, _ name: String, _ password: String = TestHub.password)
        async throws -> TestResponse
      {
        try await browser.submit("/settings/delete", ["confirm": name, "password": password])
      }
      #expect(try await delete(alice, "alic").status == .unprocessableContent)
      #expect(try await delete(alice, "alice", "wrong").status == .unprocessableContent)
      _ = try await alice.submit("/orgs/new", ["name": "team", "full-name": ""])
      #expect(try await delete(alice, "alice").text.contains("last administrator of team"))
      let admin = try await hub.browser(calls, as: "admin")
      #expect(try await delete(admin, "admin").text.contains("last administrator of the hub"))
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await delete(bob, "bob").status == .seeOther)
      #expect(try await bob.get("/settings").status == .seeOther)
      #expect(try await bob.get("/bob").status == .notFound)
    }
  }
}

@Suite struct `A token made in the browser` {
  @Test func `is shown once, does what it is for, and can be revoked`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      try await calls.create("two")
      let alice = try await hub.browser(calls, as: "alice")
      let made = try await alice.submit(
        "/settings/tokens",
        ["name": "nightly <1>", "scope": "write", "repository": "alice/one", "days": "30"])
      let token = try #require(made.secret)
      #expect(made.status == .ok && made.headers[.cacheControl] == "no-store")
      #expect(try await calls.commit(["a": "1"], to: "alice/one", as: token).count == 40)
      let other = try await calls(
        .post, "/api/models/alice/two/commit/main", as: token, body: commitLines(["a": "1"]))
      #expect(other.status == .forbidden)
      let list = try await alice.get("/settings/tokens")
      #expect(list.text.contains("nightly &lt;1&gt;") && !list.text.contains(token))
      #expect(list.text.contains("last used"))
      let id = try #require(
        list.field("id")
          ?? list.text.split(separator: "name=\"id\" value=\"").dropFirst().first.map {
            String($0.prefix { $0 != "\"" })
          })
      let bob = try await hub.browser(calls, as: "bob")
      _ = try await bob.submit("/settings/tokens/revoke", ["id": id])
      #expect(try await calls(.get, "/api/whoami-v2", as: token).status == .ok)
      for id in 1...5 { _ = try await alice.submit("/settings/tokens/revoke", ["id": "\(id)"]) }
      #expect(try await calls(.get, "/api/whoami-v2", as: token).status == .unauthorized)
    }
  }

  @Test(arguments: [
    ["name": "", "scope": "read"], ["name": "a", "scope": "all"],
    ["name": "a", "scope": "read", "days": "0"],
    ["name": "a", "scope": "read", "days": "x"],
    ["name": "a", "scope": "read", "repository": "bob/secret"],
    ["name": String(repeating: "a", count: 101), "scope": "read"],
    ["name": "a\u{202E}b", "scope": "read"],
  ]) func `is not made of what makes no sense`(_ fields: [String: String]) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("secret", isPrivate: true, as: "bob")
      let alice = try await hub.browser(calls, as: "alice")
      let response = try await alice.submit("/settings/tokens", fields)
      #expect(
        [400, 404, 422].contains(response.status.code) && response.text.contains("role=\"alert\""))
      #expect(response.secret == nil)
    }
  }
}

@Suite struct `Joining a hub` {
  private func fields(_ name: String, token: String = "") -> [String: String] {
    [
      "name": name, "full-name": "", "email": "", "new": "a long enough one",
      "again": "a long enough one", "token": token,
    ]
  }

  @Test func `is for everybody where sign-up is open`() async throws {
    let hub = try await TestHub { $0.signUp = .open }
    try await hub.serve { calls in
      let browser = Browser(calls)
      #expect(try await browser.get("/join").text.contains("name=\"again\""))
      let taken = try await browser.submit("/join", fields("Alice"), from: "/join")
      #expect(taken.status == .conflict && taken.text.contains("value=\"Alice\""))
      for bad in ["a/b", "hub", "", "é", String(repeating: "a", count: 43)] {
        let response = try await browser.submit("/join", fields(bad), from: "/join")
        #expect(response.status == .unprocessableContent, "\(bad)")
      }
      let joined = try await browser.submit("/join", fields("carol"), from: "/join")
      #expect(joined.status == .seeOther && joined.location == "/carol")
      #expect(try await browser.get("/settings").status == .ok)
      #expect(try await hub.core.registry.account("carol").isAdministrator == false)
    }
  }

  @Test(arguments: [SignUp.closed, .invited])
  func `is not for everybody elsewhere`(_ policy: SignUp) async throws {
    let hub = try await TestHub { $0.signUp = policy }
    try await hub.serve { (calls) async throws -> Void in
      let browser = Browser(calls)
      #expect(try await !browser.get("/join").text.contains("name=\"again\""))
      #expect(
        try await browser.submit("/join", fields("carol"), from: "/login").status == .forbidden)
    }
  }

  @Test func `works once with an invitation`() async throws {
    let hub = try await TestHub { $0.signUp = .invited }
    try await hub.serve { calls in
      let admin = try await hub.browser(calls, as: "admin")
      let made = try await admin.submit("/hub/invitations", ["days": "7"])
      let link = try #require(made.secret)
      let token = String(link.split(separator: "/").last ?? "")
      let path = "/join/\(token)"
      let browser = Browser(calls)
      #expect(try await browser.get(path).text.contains("admin invites you"))
      let wrong = try await browser.submit(
        "/join", fields("carol").merging(["again": "other", "token": token]) { $1 }, from: path)
      #expect(wrong.status == .unprocessableContent, "a mistake does not use it up")
      #expect(
        try await browser.submit("/join", fields("carol", token: token), from: path).status
          == .seeOther)
      let again = try await Browser(calls).submit(
        "/join", fields("dave", token: token), from: "/login")
      #expect(again.status == .gone)
      #expect(try await Browser(calls).get(path).status == .gone)
    }
  }

  @Test func `and belonging to an organisation go by one link`() async throws {
    let hub = try await TestHub { $0.signUp = .invited }
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      _ = try await alice.submit("/orgs/new", ["name": "team", "full-name": "The Team"])
      func link() async throws -> String {
        let made = try await alice.submit(
          "/orgs/team/invitations", ["role": "contributor", "days": "3"])
        return String(try #require(made.secret).split(separator: "/").last ?? "")
      }
      let first = try await link()
      let carol = Browser(calls)
      #expect(
        try await carol.submit("/join", fields("carol", token: first), from: "/join/\(first)")
          .status == .seeOther)
      let second = try await link()
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await bob.get("/join/\(second)").location == "/invitation/\(second)")
      #expect(try await bob.get("/invitation/\(second)").text.contains("contributor"))
      #expect(try await bob.submit("/invitation", ["token": second]).location == "/team")
      #expect(try await bob.submit("/invitation", ["token": second]).status == .gone)
      let members = try await hub.core.registry.members(of: hub.core.registry.account("team"))
      #expect(
        members.map { "\($0.account.name) \($0.role)" } == [
          "alice admin", "bob contributor", "carol contributor",
        ])
      // A link that adds a lesser role takes nothing away.
      let third = try await link()
      _ = try await alice.submit("/invitation", ["token": third])
      #expect(
        try await hub.core.registry.members(of: hub.core.registry.account("team"))[0].role == .admin
      )
    }
  }

  @Test func `by an organisation's link is for those who have an account, where sign-up is closed`()
    async throws
  {
    let hub = try await TestHub()
    let registry = hub.core.registry
    let team = try await registry.makeAccount("team", kind: .organisation, by: "test")
    let secret = try await registry.makeLink(
      .organisation, account: team, role: .write, days: 1, by: Caller.operatorOfTheHub)
    try await hub.serve { calls in
      let carol = Browser(calls)
      let page = try await carol.get("/join/\(secret)")
      #expect(page.status == .ok && page.text.contains("Sign in to accept"))
      let refused = try await carol.submit(
        "/join", fields("carol", token: secret), from: "/login")
      #expect(refused.status == .forbidden)
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await bob.submit("/invitation", ["token": secret]).location == "/team")
    }
  }

  @Test func `is over when a link is`() async throws {
    let hub = try await TestHub { $0.signUp = .invited }
    let registry = try #require(hub.core.registry as? Registry)
    let secret = try await registry.makeLink(
      .hub, account: nil, role: nil, days: 1, by: Caller.operatorOfTheHub)
    try await registry.write { try $0.execute(sql: "UPDATE links SET expires_at = 1") }
    try await hub.serve { (calls) async throws -> Void in
      #expect(try await Browser(calls).get("/join/\(secret)").status == .gone)
      #expect(try await Browser(calls).get("/join/ahk_nothing").status == .gone)
    }
  }
}

@Suite struct `A link for a new password` {
  @Test func `works once, ends all sessions and lets its user in`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let old = try await hub.browser(calls, as: "alice")
      let answer = try await Administration(hub.core).answer(.makeResetLink(name: "alice", days: 1))
      let link = try #require(answer.secret)
      #expect(link.hasPrefix("http://hub.test/reset/ahk_"))
      let path = String(link.dropFirst("http://hub.test".count))
      let token = String(path.split(separator: "/").last ?? "")
      let browser = Browser(calls)
      #expect(try await browser.get(path).text.contains("A new password for alice"))
      func use(_ browser: Browser) async throws -> TestResponse {
        try await browser.submit(
          "/reset", ["token": token, "new": "something quite new", "again": "something quite new"],
          from: path)
      }
      #expect(try await use(browser).status == .seeOther)
      #expect(try await browser.get("/settings").status == .ok)
      #expect(try await old.get("/settings").status == .seeOther)
      #expect(try await use(browser).status == .gone)
      #expect(try await Browser(calls).signIn("alice", "something quite new").status == .seeOther)
    }
  }

  @Test func `does not open an account that is disabled`() async throws {
    let hub = try await TestHub()
    let registry = hub.core.registry
    let secret = try await registry.makeLink(
      .reset, account: registry.account("alice"), role: nil, days: 1, by: Caller.operatorOfTheHub)
    try await registry.setDisabled(true, of: "alice", by: "test")
    try await hub.serve { (calls) async throws -> Void in
      #expect(try await Browser(calls).get("/reset/\(secret)").status == .gone)
    }
    await #expect(throws: Problem.self) {
      try await registry.makeLink(
        .reset, account: registry.account("alice"), role: nil, days: 1, by: Caller.operatorOfTheHub)
    }
  }
}
