import Files
import Foundation
import GRDB
import HTTPTypes
import HubClient
import HummingbirdTesting
import NIOCore
import Testing

@testable import HubServer

@Suite struct `A profile` {
  @Test func `shows what the reader may see, and counts no more`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("open")
      try await calls.create("hidden", isPrivate: true)
      let (alice, bob) = (
        try await hub.browser(calls, as: "alice"), try await hub.browser(calls, as: "bob")
      )
      let own = try await alice.get("/alice").text
      #expect(own.contains("alice/hidden") && own.contains("<dd>2</dd>"))
      for reader in [bob, Browser(calls)] {
        let page = try await reader.get("/alice").text
        #expect(page.contains("alice/open") && !page.contains("alice/hidden"))
        #expect(page.contains("<dd>1</dd>"))
      }
      // Neither do likes tell.
      _ = try await alice.submit("/alice/hidden/like", ["liked": "yes"])
      #expect(try await !bob.get("/alice?tab=likes").text.contains("alice/hidden"))
    }
  }

  @Test func `of an old name leads to the repository, and of none says so`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("bert")
      try await calls.create("hidden", isPrivate: true)
      let answer = Administration(hub.core)
      _ = try await answer.answer(.alias(name: "bert-base-uncased", repository: "alice/bert"))
      _ = try await answer.answer(.alias(name: "secret-model", repository: "alice/hidden"))
      let reader = Browser(calls)
      #expect(try await reader.get("/bert-base-uncased").location == "/alice/bert")
      #expect(try await reader.get("/secret-model").status == .notFound)
      #expect(try await reader.get("/ALICE?tab=likes").location == "/alice?tab=likes")
      for path in ["/nobody", "/%00", "/%E2%80%AE", "/" + String(repeating: "a", count: 300)] {
        #expect([404, 400].contains(try await reader.get(path).status.code), "\(path)")
      }
    }
  }

  @Test func `goes on to further pages`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      for index in 0..<35 { try await calls.create("r\(index)") }
      let reader = Browser(calls)
      let first = try await reader.get("/alice").text
      let next = try #require(first.split(separator: "href=\"/alice?after=").dropFirst().first)
        .prefix { $0 != "\"" }
      let second = try await reader.get("/alice?after=\(next)").text
      func count(_ text: String) -> Int { text.components(separatedBy: "<h3><a href").count - 1 }
      #expect(count(first) == 30 && count(second) == 5)
      #expect(try await reader.get("/alice?after=zz").status == .ok)
    }
  }
}

@Suite struct `An organisation's settings` {
  @Test func `give roles and take them, but not the last administrator's`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let (alice, bob) = (
        try await hub.browser(calls, as: "alice"), try await hub.browser(calls, as: "bob")
      )
      let made = try await alice.submit("/orgs/new", ["name": "team", "full-name": "The <Team>"])
      #expect(made.location == "/orgs/team/settings")
      #expect(
        try await alice.submit("/orgs/new", ["name": "team", "full-name": ""]).status == .conflict)
      #expect(try await bob.get("/orgs/team/settings").status == .forbidden)
      func set(_ fields: [String: String]) async throws -> TestResponse {
        try await alice.submit("/orgs/team/members", fields)
      }
      #expect(try await set(["user": "bob", "role": "write"]).status == .seeOther)
      #expect(try await set(["user": "nobody", "role": "write"]).status == .notFound)
      #expect(try await set(["user": "bob", "role": "king"]).status == .unprocessableContent)
      #expect(try await set(["user": "alice", "role": "read"]).text.contains("last administrator"))
      #expect(try await set(["user": "alice", "remove": "yes"]).status == .conflict)
      #expect(try await bob.get("/team?tab=members").text.contains("/alice"))
      #expect(try await !Browser(calls).get("/team?tab=members").text.contains("href=\"/alice\""))
      #expect(try await bob.get("/bob").text.contains("href=\"/team\""))
      #expect(try await !Browser(calls).get("/bob").text.contains("href=\"/team\""))
      #expect(try await bob.submit("/orgs/team/leave", [:]).status == .seeOther)
      #expect(try await set(["user": "bob", "role": "admin"]).status == .seeOther)
      #expect(try await set(["user": "alice", "remove": "yes"]).status == .seeOther)
    }
  }

  @Test func `delete it once it owns nothing`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let bob = try await hub.browser(calls, as: "bob")
      _ = try await alice.submit("/orgs/new", ["name": "team", "full-name": ""])
      _ = try await alice.submit("/orgs/team/members", ["user": "bob", "role": "write"])
      try await calls.create("one")
      let team = try await hub.core.registry.account("team")
      let one = try #require(
        try await hub.core.registry.repository(RepositoryIdentifier("alice/one"))
      ).repository
      try await hub.core.registry.move(one, to: team, "one", by: "alice")
      func delete(_ name: String = "team") async throws -> TestResponse {
        try await alice.submit("/orgs/team/delete", ["confirm": name])
      }
      let form = ["confirm": "team"]
      #expect(try await bob.submit("/orgs/team/delete", form).status == .forbidden)
      #expect(try await delete("teams").status == .unprocessableContent)
      #expect(try await delete().text.contains("still owns 1 repository"))
      let moved = try #require(
        try await hub.core.registry.repository(RepositoryIdentifier("team/one"))
      ).repository
      try await hub.core.registry.delete(moved, by: "alice")
      #expect(try await delete().text.contains("can still be restored"))
      try await Task.sleep(for: .milliseconds(5))
      _ = try await hub.core.collectGarbage(graceSeconds: 0, isDryRun: false)
      #expect(try await delete().location == "/settings")
      #expect(try await alice.get("/team").status == .notFound)
      #expect(try await !bob.get("/settings").text.contains("team"))
    }
  }

  @Test func `end invitations`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      _ = try await alice.submit("/orgs/new", ["name": "team", "full-name": ""])
      let made = try await alice.submit("/orgs/team/invitations", ["role": "read", "days": "3"])
      let token = String(try #require(made.secret).split(separator: "/").last ?? "")
      for days in ["0", "31", "x", ""] {
        let wrong = try await alice.submit(
          "/orgs/team/invitations", ["role": "read", "days": days])
        #expect([400, 422].contains(wrong.status.code), "\(days)")
      }
      let bob = try await hub.browser(calls, as: "bob")
      #expect(try await bob.get("/invitation/\(token)").status == .ok)
      let id = try #require(
        try await alice.get("/orgs/team/settings").text.split(separator: "name=\"id\" value=\"")
          .dropFirst().first
      ).prefix { $0 != "\"" }
      _ = try await alice.submit("/orgs/team/invitations/revoke", ["id": String(id)])
      #expect(try await bob.get("/invitation/\(token)").status == .gone)
    }
  }
}

@Suite struct `Administration in the browser` {
  @Test func `makes users, disables and enables them`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let admin = try await hub.browser(calls, as: "admin")
      let made = try await admin.submit("/hub/users", ["name": "carol", "email": ""])
      let password = try #require(made.secret)
      let carol = Browser(calls)
      try await carol.signIn("carol", password)
      #expect(try await carol.get("/").location == "/settings/password")
      let taken = try await admin.submit("/hub/users", ["name": "carol", "email": ""])
      #expect(taken.status == .conflict && taken.text.contains("value=\"carol\""))
      _ = try await admin.submit("/settings", ["full-name": "", "email": "a@example.org"])
      let address = try await admin.submit(
        "/hub/users", ["name": "dora", "email": "a@example.org"])
      #expect(address.status == .conflict && address.text.contains("this address"))
      #expect(try await admin.get("/hub/users?q=CAR").text.contains("/hub/users/carol"))
      #expect(try await !admin.get("/hub/users?q=CAR").text.contains("/hub/users/alice\""))

      func change(_ name: String, _ what: String, _ more: [String: String] = [:]) async throws
        -> TestResponse
      {
        try await admin.submit("/hub/users/\(name)", ["do": what].merging(more) { $1 })
      }
      let alice = try await hub.browser(calls, as: "alice")
      #expect(try await change("alice", "disable").status == .seeOther)
      #expect(try await alice.get("/settings").status == .seeOther)
      #expect(try await calls(.get, "/api/whoami-v2").status == .unauthorized, "tokens sleep")
      #expect(
        try await Browser(calls).signIn("alice", TestHub.password).status == .unprocessableContent)
      #expect(try await change("alice", "enable").status == .seeOther)
      #expect(try await calls(.get, "/api/whoami-v2").status == .ok)
      #expect(try await change("admin", "disable").text.contains("last administrator"))
      #expect(try await change("admin", "demote").status == .conflict)
      #expect(try await change("alice", "promote").status == .seeOther)
      #expect(try await change("admin", "demote").status == .seeOther)
      #expect(try await admin.get("/hub").status == .forbidden)
    }
  }

  @Test func `sets quotas and ends what may have leaked`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let admin = try await hub.browser(calls, as: "admin")
      let page = "/hub/users/alice"
      #expect(try await admin.submit(page, ["do": "quota", "quota": "5"]).status == .seeOther)
      #expect(try await admin.get(page).text.contains("value=\"5\""))
      for wrong in ["-1", "x", "9999999999999999999", "1.5"] {
        let response = try await admin.submit(page, ["do": "quota", "quota": wrong])
        #expect(response.status == .unprocessableContent, "\(wrong)")
      }
      #expect(try await admin.submit(page, ["do": "quota", "quota": ""]).status == .seeOther)
      #expect(try await admin.submit(page, ["do": "dance"]).status == .badRequest)
      #expect(try await admin.submit(page, ["do": "end"]).status == .seeOther)
      #expect(try await calls(.get, "/api/whoami-v2").status == .unauthorized)
      let link = try #require(try await admin.submit(page, ["do": "reset-link"]).secret)
      #expect(link.hasPrefix("http://hub.test/reset/"))
      let shown = try await admin.get(page).text
      let id = try #require(shown.split(separator: "name=\"id\" value=\"").dropFirst().first)
        .prefix { $0 != "\"" }
      let path = String(link.dropFirst("http://hub.test".count))
      #expect(try await Browser(calls).get(path).status == .ok)
      #expect(
        try await admin.submit(page, ["do": "end-link", "id": String(id)]).status == .seeOther)
      #expect(try await Browser(calls).get(path).status == .gone)
    }
  }

  @Test func `shows the log, filtered and page by page, and whether it is whole`() async throws {
    let hub = try await TestHub()
    let registry = try #require(hub.core.registry as? Registry)
    for index in 0..<150 { try await registry.note("test.row", subject: "s\(index)", by: "alice") }
    try await hub.serve { calls in
      let admin = try await hub.browser(calls, as: "admin")
      func count(_ path: String) async throws -> Int {
        try await admin.get(path).text.components(separatedBy: "<tr><td").count - 1
      }
      #expect(try await count("/hub/audit") == 100)
      #expect(try await count("/hub/audit?action=test&before=60") < 60)
      #expect(try await count("/hub/audit?subject=s149") == 1)
      #expect(try await count("/hub/audit?actor=nobody") == 0)
      #expect(try await count("/hub/audit?actor=%27%20OR%201") == 0)
      #expect(try await admin.get("/hub/audit?before=x").status == .badRequest)
      #expect(try await admin.get("/hub/audit?check=1").text.contains("The log is whole"))
      try await registry.write {
        try $0.execute(sql: "UPDATE audit SET actor = 'bob' WHERE subject = 's7'")
      }
      #expect(try await admin.get("/hub/audit?check=1").text.contains("The log was changed"))
    }
  }

  @Test func `runs one job at a time and shows what came of it`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let admin = try await hub.browser(calls, as: "admin")
      await hub.core.maintenance.begin()
      let start = try await admin.submit("/hub/jobs", ["job": "dry-sweep", "hours": "24"])
      #expect(start.status == .seeOther)
      let running = try await admin.get("/hub/jobs")
      #expect(running.text.contains("running") && running.headers[.refresh] == "2")
      let second = try await admin.submit("/hub/jobs", ["job": "check"])
      #expect(second.status == .conflict && second.text.contains("one job at a time"))
      hub.core.maintenance.end()
      for _ in 0..<100 where hub.core.jobs.current?.endedAt == nil {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(try await admin.get("/hub/jobs").text.contains("Would remove"))
      for wrong in [
        ["job": "dance"], ["job": "sweep", "hours": "-1"], ["job": "sweep", "hours": "nan"],
      ] {
        #expect(try await admin.submit("/hub/jobs", wrong).status == .unprocessableContent)
      }
      let log = try await admin.get("/hub/audit?action=hub.job")
      #expect(log.text.contains("dry-sweep"))
    }
  }
}
