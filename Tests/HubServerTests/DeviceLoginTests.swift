import Files
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import HubServer

/// A program that asks to be let in.
private struct Program: Sendable {
  let client: any TestClientProtocol

  func post(_ path: String, _ body: String, agent: String = "hf_hub/2.0.1; python/3.12")
    async throws
    -> TestResponse
  {
    try await client.execute(
      uri: path, method: .post,
      headers: [.contentType: "application/x-www-form-urlencoded", .userAgent: agent],
      body: ByteBuffer(string: body))
  }

  func begin() async throws -> (device: String, user: String) {
    let json = try await post("/oauth/device", "client_id=anything").json
    return (json["device_code"]?.string ?? "", json["user_code"]?.string ?? "")
  }

  func poll(_ device: String) async throws -> TestResponse {
    try await post(
      "/oauth/token",
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=\(device)&client_id=x"
    )
  }
}

@Suite struct `A program without a browser` {
  @Test(arguments: ["read", "write"]) func `is let in by its user`(_ scope: String) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let program = Program(client: calls.client)
      let begun = try await program.post("/oauth/device", "client_id=26be6b09")
      #expect(begun.status == .ok)
      #expect(begun.json["verification_uri"]?.string == "http://hub.test/login/device")
      let device = try #require(begun.json["device_code"]?.string)
      let user = try #require(begun.json["user_code"]?.string)
      let waiting = try await program.poll(device)
      #expect(
        waiting.status == .badRequest && waiting.json["error"]?.string == "authorization_pending")

      let alice = try await hub.browser(calls, as: "alice")
      #expect(try await alice.get("/login/device").text.contains("name=\"user_code\""))
      let typed = user.lowercased().replacing("-", with: "%20")
      let page = try await alice.get("/login/device?user_code=\(typed)")
      #expect(page.text.contains(user) && page.text.contains("hf_hub/2.0.1"))
      let decided = try await alice.submit("/login/device", ["user_code": user, "decision": scope])
      #expect(decided.status == .seeOther)
      let answer = try await program.poll(device).json
      let token = try #require(answer["access_token"]?.string)
      let me = try await calls(.get, "/api/whoami-v2", as: token).json
      #expect(me["name"]?.string == "alice")
      #expect(me["auth"]?["accessToken"]?["role"]?.string == scope)
      #expect(try await program.poll(device).json["error"]?.string == "expired_token", "once")
      #expect(try await alice.get("/login/device?user_code=\(user)").status == .notFound)
    }
  }

  @Test func `is turned away by its user`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let program = Program(client: calls.client)
      let (device, user) = try await program.begin()
      let alice = try await hub.browser(calls, as: "alice")
      _ = try await alice.submit("/login/device", ["user_code": user, "decision": "deny"])
      #expect(try await program.poll(device).json["error"]?.string == "access_denied")
      #expect(try await program.poll(device).json["error"]?.string == "expired_token")
    }
  }

  @Test(arguments: ["session", "account"])
  func `is turned away when the one who let it in is gone`(_ what: String) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let program = Program(client: calls.client)
      let (device, user) = try await program.begin()
      let alice = try await hub.browser(calls, as: "alice")
      _ = try await alice.submit("/login/device", ["user_code": user, "decision": "write"])
      let registry = hub.core.registry
      if what == "session" {
        let account = try await registry.account("alice")
        try await registry.endSessions(of: account, id: nil, except: nil, by: "test")
      } else {
        try await registry.setDisabled(true, of: "alice", by: "test")
      }
      #expect(try await program.poll(device).json["error"]?.string == "access_denied")
      #expect(try await registry.tokens(of: "alice").count == 1, "that of the test")
    }
  }

  @Test func `that asks too often is told to slow down`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let program = Program(client: calls.client)
      let (device, _) = try await program.begin()
      #expect(try await program.poll(device).json["error"]?.string == "authorization_pending")
      #expect(try await program.poll(device).json["error"]?.string == "slow_down")
    }
  }

  @Test func `waits 15 minutes`() throws {
    let codes = DeviceCodes()
    let (device, user) = try codes.begin(client: "a", address: "b")
    let later = Moment(milliseconds: Moment().milliseconds + 15 * 60_000 + 1000)
    #expect(codes.request(userCode: user) != nil)
    #expect(codes.poll(device, at: later) == .expired)
    #expect(codes.request(userCode: user) == nil)
    #expect(throws: Problem.self) { try codes.decide(user, .denied) }
  }

  @Test func `keeps no place from others`() throws {
    let codes = DeviceCodes()
    for _ in 0..<1000 { _ = try codes.begin(client: "a", address: "one") }
    #expect(throws: Problem.self) { try codes.begin(client: "a", address: "one") }
    _ = try codes.begin(client: "a", address: "another")
  }

  @Test(arguments: [
    ("", "invalid_request"), ("grant_type=password", "unsupported_grant_type"),
    ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
    ("grant_type=urn:ietf:params:oauth:grant-type:device_code", "invalid_request"),
    ("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x", "expired_token"),
  ]) func `is refused in the words of the protocol`(_ body: String, _ error: String) async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let response = try await Program(client: calls.client).post("/oauth/token", body)
      #expect(response.status == .badRequest && response.json["error"]?.string == error)
    }
  }

  @Test func `is not let in by a stranger, nor by a token`() async throws {
    let hub = try await TestHub()
    try await hub.serve { calls in
      let program = Program(client: calls.client)
      let (device, user) = try await program.begin()
      let stranger = try await Browser(calls).get("/login/device?user_code=\(user)")
      #expect(stranger.location == "/login?next=%2Flogin%2Fdevice%3Fuser_code%3D\(user)")
      let token = try await calls(
        .post, "/login/device", headers: [.contentType: "application/x-www-form-urlencoded"],
        body: "user_code=\(user)&decision=write")
      #expect(token.status == .forbidden)
      #expect(try await program.poll(device).json["access_token"] == nil)
    }
  }

  @Test(arguments: [
    ("hf_hub/2.0.1; python/3.12", "hf_hub/2.0.1"), ("<b>x", "bx"), ("", "a program"),
    (" ; ", "a program"),
  ]) func `has a name that can be shown`(_ agent: String, _ name: String) {
    #expect(clientName(agent) == name)
  }
}
