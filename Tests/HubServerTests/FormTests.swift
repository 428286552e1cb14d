import Files
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import HubServer

/// An endpoint's pattern with something in each place.
private func path(of endpoint: Endpoint) -> String {
  endpoint.pattern.description
    .replacing("{repo}", with: "alice/one").replacing("{owner}", with: "alice")
    .replacing("{name}", with: "team").replacing("{token}", with: "ahk_x")
    .replacing("{version}", with: "1")
    .replacing(#/\{[a-z]+(\.\.\.)?\}/#, with: "main")
}

private let forms = allEndpoints().filter { $0.kind == .form }.map(path)
private let ownPages = allEndpoints()
  .filter { $0.kind == .page && ![.anyone, .seeRepository, .readFiles].contains($0.access) }
  .map(path)

@Suite struct `A form` {
  private func hub() async throws -> TestHub {
    let hub = try await TestHub { $0.signUp = .open }
    _ = try await hub.core.registry.makeAccount("team", kind: .organisation, by: "test")
    try await hub.core.registry.setRole(.admin, of: "admin", in: "team", by: "test")
    return hub
  }

  @Test(arguments: forms) func `does nothing without the token of its page`(_ path: String)
    async throws
  {
    let hub = try await hub()
    try await hub.serve { calls in
      try await calls.create("one")
      let browser = try await hub.browser(calls, as: "admin")
      let none = try await browser.submit(path, [:], token: "")
      let guessed = try await browser.submit(
        path, [:], token: String(repeating: "0", count: 64))
      let other = try await Browser(calls).get("/login").field("csrf")
      let others = try await browser.submit(path, [:], token: other)
      for response in [none, guessed, others] {
        #expect(response.status == .forbidden, "\(path): \(response.status)")
        #expect(response.text.contains("came from another site"), "\(path)")
      }
    }
  }

  @Test(arguments: forms) func `does nothing for another site`(_ path: String) async throws {
    let hub = try await hub()
    try await hub.serve { calls in
      try await calls.create("one")
      let browser = try await hub.browser(calls, as: "admin")
      let token = try await browser.formToken()
      let cookie = browser.cookie("adapterhub_session") ?? ""
      for site in ["cross-site", "same-site", "none"] {
        let response = try await calls.client.execute(
          uri: path, method: .post,
          headers: [
            .cookie: "adapterhub_session=\(cookie)", .fetchSite: site,
            .contentType: "application/x-www-form-urlencoded",
          ], body: ByteBuffer(string: "csrf=\(token)"))
        #expect(response.status == .forbidden, "\(path), \(site): \(response.status)")
      }
    }
  }

  @Test func `is for browsers, not for tokens`() async throws {
    let hub = try await hub()
    try await hub.serve { calls in
      for path in ["/settings", "/settings/tokens", "/settings/delete", "/hub/users"] {
        let response = try await calls(
          .post, path, as: "admin",
          headers: [.contentType: "application/x-www-form-urlencoded"], body: "csrf=x")
        #expect(response.status == .forbidden && response.text.contains("Forms are for browsers"))
      }
    }
  }

  @Test func `can be sent from where it was shown`() async throws {
    let hub = try await hub()
    try await hub.serve { calls in
      try await calls.create("one")
      let browser = try await hub.browser(calls, as: "admin")
      // So the tests above fail for the token's sake, and for nothing else.
      let token = try await browser.formToken()
      for path in forms where path != "/logout" && path != "/settings/delete" {
        let response = try await browser.submit(path, [:], token: token)
        #expect(
          !response.text.contains("came from another site") || path.hasSuffix("/upload"), "\(path)")
        #expect(response.status.code < 500, "\(path): \(response.text)")
      }
    }
  }
}

@Suite struct `A page of one's own` {
  @Test(arguments: ownPages) func `leads strangers to the sign-in, and back`(_ path: String)
    async throws
  {
    let hub = try await TestHub()
    try await hub.serve { calls in
      try await calls.create("one")
      let response = try await Browser(calls).get(path)
      #expect(response.status == .seeOther, "\(path): \(response.status)")
      #expect(response.location?.hasPrefix("/login?next=%2F") ?? false, "\(path)")
    }
  }

  @Test(arguments: ["/hub", "/hub/users", "/hub/storage", "/hub/audit", "/hub/jobs"])
  func `of administration is for administrators alone`(_ path: String) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let admin = try await hub.browser(calls, as: "admin")
      #expect(try await alice.get(path).status == .forbidden)
      #expect(try await admin.get(path).status == .ok)
    }
  }

  @Test func `cannot be framed, cached by others or run foreign scripts`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let alice = try await hub.browser(calls, as: "alice")
      let response = try await alice.get("/settings/tokens")
      let policy = response.headers[.contentSecurityPolicy] ?? ""
      #expect(policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self'"))
      #expect(response.headers[.cacheControl]?.contains("private") ?? false)
    }
  }
}
