/// A request on its way through the hub, with all that an endpoint needs to answer it.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import NIOCore

struct Call: Sendable {
  let hub: HubCore
  let request: Request
  /// What stands in the places of the path.
  let values: [String: String]
  let query: Query
  let caller: Caller
  /// The repository of the path, which the caller may see.
  let known: KnownRepository?
  /// Where the hub is for this caller: `https://hub.example.org`, no slash at the end.
  let baseURL: String
  /// The address of the client.
  let address: String
  /// Names the reader's browser where it has no name yet.
  let visitor: String

  init(
    hub: HubCore, request: Request, values: [String: String], query: Query, caller: Caller,
    known: KnownRepository?, baseURL: String, address: String
  ) {
    self.hub = hub
    self.request = request
    self.values = values
    self.query = query
    self.caller = caller
    self.known = known
    self.baseURL = baseURL
    self.address = address
    visitor =
      request.cookie(.visitor, isSecure: baseURL.hasPrefix("https:"))
      ?? String(UInt64.random(in: 0 ... .max), radix: 36)
      + String(UInt64.random(in: 0 ... .max), radix: 36)
  }

  var registry: any MetadataStore { hub.registry }

  func value(_ name: String) throws -> String {
    guard let value = values[name] else { throw Problem.badRequest("\(name) is missing") }
    return value
  }

  /// The repository of the path; endpoints with one in their pattern always have it.
  func repository() throws -> KnownRepository {
    guard let known else { throw Problem.notFound("There is no repository in this path") }
    return known
  }

  /// The caller's account.
  func account() throws -> Account {
    guard let account = caller.account else { throw Problem.signIn }
    return account
  }

  /// Refuses tokens for reading, and for one repository: what follows is about the account.
  func requireWholeToken() throws {
    guard caller.scope == .write, caller.onlyRepository == nil else {
      throw Problem.forbidden("A token for reading, or for one repository, cannot do this")
    }
  }

  /// The commit that a revision of the path's repository leads to.
  ///
  /// A branch or a tag, also with `refs/heads/` or `refs/tags/` before it, a commit, or the
  /// beginning of its name.
  func commit(_ revision: String) async throws -> String {
    let known = try repository()
    if let commit = known.commit(named: revision) { return commit }
    if revision.hasPrefix("refs/heads/"),
      let commit = known.branches[String(revision.dropFirst(11))]
    {
      return commit
    }
    if revision.hasPrefix("refs/tags/"), let commit = known.tags[String(revision.dropFirst(10))] {
      return commit
    }
    if isCommitName(revision) {
      if try await registry.snapshot(known.repository, commit: revision) != nil { return revision }
    } else if (7..<40).contains(revision.utf8.count),
      revision.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
      let commit = try await registry.commit(abbreviated: revision, of: known.repository)
    {
      return commit
    }
    throw Problem.noRevision(revision)
  }

  /// The files of the commit that a revision leads to.
  func snapshot(_ revision: String) async throws -> Snapshot {
    let commit = try await commit(revision)
    guard let snapshot = try await registry.snapshot(repository().repository, commit: commit) else {
      throw Problem.noRevision(revision)
    }
    return snapshot
  }

  // MARK: - Bodies

  func bytes(limit: Int) async throws -> [UInt8] {
    if let text = request.headers[.contentLength], let length = Int(text), length > limit {
      throw Problem.tooLarge("The request is \(length) bytes long, the limit is \(limit)")
    }
    var bytes: [UInt8] = []
    for try await buffer in request.body {
      guard bytes.count + buffer.readableBytes <= limit else {
        throw Problem.tooLarge("The request is longer than the limit of \(limit) bytes")
      }
      bytes += buffer.readableBytesView
    }
    return bytes
  }

  /// The body as a JSON object.
  func json() async throws -> Field { try json(of: try await bytes(limit: jsonLimit)) }

  /// The body as a JSON object, where none at all counts as an empty one.
  func jsonOrEmpty() async throws -> Field {
    let bytes = try await bytes(limit: jsonLimit)
    return bytes.isEmpty || bytes == Array("null".utf8)
      ? Field([:], file: "request") : try json(of: bytes)
  }

  private var jsonLimit: Int { hub.settings.limits.jsonBytes }

  private func json(of bytes: [UInt8]) throws -> Field {
    let json: JSON
    do {
      json = try JSON(parsing: bytes, path: "request")
    } catch let failure as FileFailure {
      throw Problem.badRequest("\(failure)")
    }
    guard case .object = json else { throw Problem.badRequest("The request must be a JSON object") }
    return Field(json, file: "request")
  }

  /// The body as a form; a JSON object of texts and lists of texts will do as well.
  func form() async throws -> Query {
    let bytes = try await bytes(limit: hub.settings.limits.jsonBytes)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem.badRequest("The request is not UTF-8")
    }
    guard request.headers[.contentType]?.hasPrefix("application/json") ?? false else {
      return try Query(text)
    }
    let field: [(key: String, value: Field)]
    do {
      field = try Field(JSON(parsing: bytes, path: "request"), file: "request").object()
    } catch let failure as FileFailure {
      throw Problem.badRequest("\(failure)")
    }
    return Query(
      items: field.flatMap { key, value -> [(name: String, value: String)] in
        switch value.json {
        case .string(let text): [(key, text)]
        case .bool(let flag): [(key, "\(flag)")]
        case .integer(let number): [(key, "\(number)")]
        case .array(let values):
          values.compactMap { if case .string(let text) = $0 { (key, text) } else { nil } }
        default: []
        }
      })
  }
}

extension Query {
  init(items: [(name: String, value: String)]) { self.items = items }
}

extension Problem {
  static let signIn = Problem(
    .unauthorized, "Sign in: this needs a token",
    headers: [.wwwAuthenticate: "Bearer realm=\"adapterhub\""])
}

extension Response {
  /// A JSON answer.
  static func json(
    _ json: JSON, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:],
    type: String = "application/json; charset=utf-8"
  ) -> Response {
    var headers = headers
    headers[.contentType] = type
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: json.text(.minified))))
  }

  static func text(
    _ text: String, _ status: HTTPResponse.Status = .ok,
    type: String = "text/plain; charset=utf-8", headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = type
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
