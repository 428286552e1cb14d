import Files
import Foundation
import HTTPTypes
import HubClient
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore

@testable import HubServer

/// A hub in a folder of its own, without any socket, with some people in it.
final class TestHub: Sendable {
  let core: HubCore
  let folder: String
  /// Tokens for writing, by user.
  let tokens: [String: String]
  private let turn: HubTurns.Turn

  /// The first function says what is different from the defaults, the second what adapters are.
  init(
    _ change: (inout ServerSettings) -> Void = { _ in },
    inspect: @escaping AdapterInspector = { _ in
      AdapterFacts(library: .adapters, name: "a", method: "lora")
    }
  ) async throws {
    turn = await HubTurns.shared.begin()
    folder = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID())").path
    var settings = ServerSettings(dataFolder: folder)
    settings.publicURL = "http://hub.test"
    settings.rates.isLimited = false
    change(&settings)
    core = try HubCore(
      settings, inspect: inspect,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var tokens: [String: String] = [:]
    for name in ["alice", "bob", "admin"] {
      _ = try await core.registry.makeAccount(
        name, kind: .user, isAdministrator: name == "admin", by: "test")
      tokens[name] = try await core.registry.makeToken(
        for: name, name: "test", scope: .write, repository: nil, expiresAt: nil, by: "test")
    }
    self.tokens = tokens
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Sends requests to the hub.
  func serve<Value: Sendable>(
    _ body: @escaping @Sendable (TestCalls) async throws -> Value
  ) async throws -> Value {
    let application = Application(
      responder: try HubResponder(core, allEndpoints()),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await application.test(.router) { client in
      try await body(TestCalls(client: client, tokens: self.tokens))
    }
  }
}

/// Requests in short.
struct TestCalls: Sendable {
  let client: any TestClientProtocol
  let tokens: [String: String]

  func callAsFunction(
    _ method: HTTPRequest.Method, _ path: String, as user: String? = "alice",
    headers: HTTPFields = [:], body: String? = nil
  ) async throws -> TestResponse {
    var headers = headers
    if let user { headers[.authorization] = "Bearer \(tokens[user] ?? user)" }
    return try await client.execute(
      uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
  }

  /// Makes a repository.
  func create(_ name: String, isPrivate: Bool = false, as user: String = "alice") async throws {
    let response = try await self(
      .post, "/api/repos/create", as: user,
      body: #"{"name": "\#(name)", "private": \#(isPrivate)}"#)
    guard response.status == .ok else { throw Unexpected(response) }
  }

  /// Commits files to main and returns the commit.
  @discardableResult
  func commit(
    _ files: [String: String], to repository: String, as user: String = "alice",
    parent: String? = nil, summary: String = "change"
  ) async throws -> String {
    let response = try await self(
      .post, "/api/models/\(repository)/commit/main", as: user,
      body: commitLines(files, parent: parent, summary: summary))
    guard response.status == .ok, let name = response.json["commitOid"]?.string else {
      throw Unexpected(response)
    }
    return name
  }
}

func commitLines(
  _ files: [String: String], parent: String? = nil, summary: String = "change"
) -> String {
  var lines = [
    JSON.object([
      "key": "header",
      "value": [
        "summary": .string(summary), "description": "",
        "parentCommit": parent.map { .string($0) } ?? .null,
      ],
    ])
  ]
  for (path, content) in files.sorted(by: { $0.key < $1.key }) {
    lines.append([
      "key": "file",
      "value": [
        "content": .string(Data(content.utf8).base64EncodedString()), "path": .string(path),
        "encoding": "base64",
      ],
    ])
  }
  return lines.map { $0.text(.compact) }.joined(separator: "\n") + "\n"
}

/// An answer that a test did not want.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ response: TestResponse) {
    description = "\(response.status): \(response.text)"
  }
}

extension TestResponse {
  var text: String { String(buffer: body) }
  var json: JSON { (try? JSON(parsing: Array(body.readableBytesView), path: "answer")) ?? .null }
}

extension JSON {
  /// The elements, where this is an array.
  var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }
}
