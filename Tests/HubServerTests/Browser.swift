import Files
import Foundation
import HTTPTypes
import HubClient
import HummingbirdTesting
import NIOCore
import Synchronization

@testable import HubServer

/// What somebody does in a browser: it keeps cookies, follows links, and fills in forms.
final class Browser: Sendable {
  let client: any TestClientProtocol
  private let cookies = Mutex<[String: String]>([:])

  init(_ calls: TestCalls) { client = calls.client }

  private func send(
    _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ body: ByteBuffer?
  )
    async throws -> TestResponse
  {
    var headers = headers
    let cookie = cookies.withLock { $0.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
    if !cookie.isEmpty { headers[.cookie] = cookie }
    headers[.accept] = "text/html"
    let response = try await client.execute(
      uri: path, method: method, headers: headers, body: body)
    for header in response.headers[values: .setCookie] {
      let pair = header.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
      let isGone = header.contains("Max-Age=0")
      cookies.withLock {
        $0[String(pair[0])] = isGone || pair.count < 2 ? nil : String(pair[1])
      }
    }
    return response
  }

  func set(_ cookie: String, _ value: String) { cookies.withLock { $0[cookie] = value } }

  func cookie(_ name: String) -> String? { cookies.withLock { $0[name] } }

  func get(_ path: String) async throws -> TestResponse {
    try await send(.get, path, [:], nil)
  }

  /// Sends a form, by default with the token of a page that was looked at before.
  func submit(
    _ path: String, _ fields: [String: String], from page: String? = nil, token: String? = nil
  ) async throws -> TestResponse {
    var fields = fields
    fields["csrf"] = try await formToken(page, token)
    let body = fields.map { "\(percentEncoded($0.key))=\(percentEncoded($0.value))" }
      .joined(separator: "&")
    return try await send(
      .post, path, [.contentType: "application/x-www-form-urlencoded"], ByteBuffer(string: body))
  }

  /// Sends a form with files.
  func upload(
    _ path: String, _ files: [(name: String, content: String)], fields: [(String, String)],
    boundary: String = "line"
  ) async throws -> TestResponse {
    var body = ""
    for (name, value) in fields {
      body +=
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }
    for file in files {
      body +=
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\(file.name)\"\r\n"
        + "Content-Type: application/octet-stream\r\n\r\n\(file.content)\r\n"
    }
    body += "--\(boundary)--\r\n"
    return try await send(
      .post, path, [.contentType: "multipart/form-data; boundary=\(boundary)"],
      ByteBuffer(string: body))
  }

  /// The token that forms of this reader carry.
  func formToken(_ page: String? = nil, _ token: String? = nil) async throws -> String {
    if let token { return token }
    if let token = try await get(page ?? "/login/device").field("csrf") { return token }
    return try await get("/").field("csrf") ?? ""
  }

  @discardableResult
  func signIn(_ name: String, _ password: String, next: String = "/") async throws
    -> TestResponse
  {
    try await submit(
      "/login", ["name": name, "password": password, "next": next], from: "/login")
  }
}

extension TestResponse {
  /// The value of a form's field on this page.
  func field(_ name: String) -> String? {
    let mark = "name=\"\(name)\" value=\""
    guard let start = text.range(of: mark) else { return nil }
    return String(text[start.upperBound...].prefix { $0 != "\"" })
  }

  /// What a page shows once: a token, a password, a link.
  var secret: String? {
    guard let start = text.range(of: "id=\"secret\" tabindex=\"0\">") else { return nil }
    return String(text[start.upperBound...].prefix { $0 != "<" })
  }

  var location: String? { headers[.location] }
}

extension TestHub {
  static let password = "correct horse battery"
  /// Made once: it takes as long as guessing should.
  private static let passwordHash = Result { try Password.hash(password) }

  /// Gives a user a password that is no one-time one.
  func setPassword(_ name: String) async throws {
    try await core.registry.setPassword(
      Self.passwordHash.get(), of: name, mustChange: false, by: "test")
  }

  /// A browser in which a user is signed in.
  func browser(_ calls: TestCalls, as name: String) async throws -> Browser {
    try await setPassword(name)
    let account = try await core.registry.account(name)
    let session = try await core.registry.makeSession(
      for: account, client: "Firefox/140.0 Linux", address: "test")
    let browser = Browser(calls)
    browser.set("adapterhub_session", core.signer.sealed(session: session))
    return browser
  }
}
