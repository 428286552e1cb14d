/// From a request to its answer: who asks, may they, what do they get, and what is noted of it.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// What Hummingbird knows of a connection, and we want to: the address at its other end.
struct HubContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}

/// Answers every request; nothing gets past it without being authorised, counted and logged.
struct HubResponder: HTTPResponder {
  typealias Context = HubContext

  let hub: HubCore
  let table: EndpointTable
  private let proxies: TrustedProxies

  init(_ hub: HubCore, _ endpoints: [Endpoint]) throws {
    self.hub = hub
    table = EndpointTable(endpoints)
    proxies = try TrustedProxies(hub.settings.trustedProxies)
  }

  func respond(to request: Request, context: HubContext) async throws -> Response {
    let start = ContinuousClock.now
    hub.metrics.begin()
    var trace = Trace(requestID: Self.requestID(request))
    var response: Response
    do {
      response = try await answer(request, context, &trace)
    } catch let error as HTTPParserError {
      // What is no HTTP is answered with 400 by the server below, which then ends the connection.
      hub.metrics.end(
        method: request.method.rawValue, route: trace.route, status: 400,
        seconds: (ContinuousClock.now - start) / .seconds(1))
      throw error
    } catch {
      let problem = problem(of: error, trace)
      response =
        trace.isPage(request) ? page(of: problem, request, trace) : Self.answer(to: problem)
    }
    if request.method == .head { response = response.withoutBody }
    response.headers[.requestID] = trace.requestID
    response.headers.append(contentsOf: trace.headers)
    if response.headers[.contentTypeOptions] == nil {
      response.headers[.contentTypeOptions] = "nosniff"
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    hub.metrics.end(
      method: request.method.rawValue, route: trace.route, status: response.status.code,
      seconds: seconds)
    note(request, response, trace, seconds)
    return response
  }

  /// What is known of a request so far, for its log line.
  private struct Trace {
    let requestID: String
    var route = "none"
    var caller = Caller.anyone
    /// The repository of the path, once the caller is known to see it.
    var known: KnownRepository?
    var address = ""
    var path = ""
    /// What every answer to this caller tells.
    var headers: HTTPFields = [:]
    var baseURL = ""
    /// Nil for a path that leads nowhere.
    var kind: Endpoint.Kind?

    /// Whether the one who asked reads HTML rather than JSON.
    func isPage(_ request: Request) -> Bool {
      if let kind, kind != .program { return true }
      // A link to a file, or to nothing, that somebody opened in a browser.
      return !path.hasPrefix("/api/") && [.get, .head].contains(request.method)
        && request.headers[.accept]?.contains("text/html") ?? false
    }
  }

  private func answer(_ request: Request, _ context: HubContext, _ trace: inout Trace) async throws
    -> Response
  {
    let target = request.head.path ?? "/"
    guard target.utf8.count <= 8192 else {
      throw Problem(.uriTooLong, "The address is longer than 8192 bytes")
    }
    let mark = target.firstIndex(of: "?") ?? target.endIndex
    trace.path = String(target[..<mark])
    let origin = proxies.origin(request, peer: context.remoteAddress, hub.settings)
    trace.address = origin.address
    trace.baseURL = origin.baseURL
    guard let path = pathParts(target[..<mark]) else {
      throw Problem.badRequest("The path is not well encoded")
    }
    let query = try Query(mark < target.endIndex ? target[target.index(after: mark)...] : "")

    let endpoint: Endpoint
    let values: [String: String]
    switch table.match(request.method, path) {
    case .endpoint(let found, let filled): (endpoint, values) = (found, filled)
    case .otherMethods(let methods):
      trace.headers = try hub.rates.count(.api, caller: .anyone, address: origin.address)
      throw Problem(
        .methodNotAllowed, "\(request.method.rawValue) is not possible here",
        headers: [.allow: Set(methods.map(\.rawValue)).sorted().joined(separator: ", ")])
    case .none:
      trace.headers = try hub.rates.count(.api, caller: .anyone, address: origin.address)
      throw Problem.notFound("There is nothing at \(quoted(trace.path))")
    }
    trace.route = endpoint.pattern.description
    trace.kind = endpoint.kind

    let caller: Caller
    do {
      caller = try await self.caller(of: request, endpoint, origin.baseURL)
    } catch {
      // Guessing is counted, by where it comes from.
      trace.headers = try hub.rates.count(.api, caller: .anyone, address: origin.address)
      throw error
    }
    trace.caller = caller
    hub.counters.use(of: caller)
    if endpoint.kind == .form, caller.account != nil, caller.sessionID == nil {
      throw Problem.forbidden("Forms are for browsers that are signed in: programs have /api")
    }
    if caller.mustChangePassword, let elsewhere = try passwordFirst(endpoint, target) {
      return elsewhere
    }
    let kind: RateLimiter.Kind =
      endpoint.pattern.description.hasPrefix("/{repo}") ? .resolvers : .api
    // A balancer's questions about health are never too many, nor are the parts of a page.
    if !endpoint.pattern.description.hasSuffix("z"),
      endpoint.pattern.parts.first != .literal("static")
    {
      do {
        trace.headers = try hub.rates.count(kind, caller: caller, address: origin.address)
      } catch {
        hub.metrics.refused("rate")
        throw error
      }
    }

    if endpoint.pattern.hasRepository {
      let name = values["repo"] ?? ""
      let found = try await repository(name, caller)
      if found.isMoved {
        return Self.redirect(target, endpoint.pattern, name, to: found.repository.fullName)
      }
      trace.known = found
    }
    let call = Call(
      hub: hub, request: request, values: values, query: query, caller: caller,
      known: trace.known, baseURL: origin.baseURL, address: origin.address)
    try await authorise(endpoint, call)
    return try await endpoint.handle(call)
  }

  // MARK: - Who asks

  /// The one behind a request's token.
  ///
  /// Git's clients send it as the password of a user.
  private func caller(of request: Request, _ endpoint: Endpoint, _ baseURL: String) async throws
    -> Caller
  {
    guard let header = request.headers[.authorization], !header.isEmpty else {
      return try await signedIn(request, endpoint, isSecure: baseURL.hasPrefix("https:"))
    }
    let parts = header.split(separator: " ", maxSplits: 1)
    let token: String?
    switch parts.first?.lowercased() {
    case "bearer": token = parts.last.map { String($0).trimmingCharacters(in: .whitespaces) }
    case "basic":
      token = parts.last.flatMap { Data(base64Encoded: String($0)) }
        .flatMap { String(validating: $0, as: UTF8.self) }
        .flatMap { $0.split(separator: ":", maxSplits: 1).last.map(String.init) }
    default: token = nil
    }
    guard let token, token.utf8.count <= 512,
      let caller = try await hub.registry.caller(token: token)
    else {
      hub.metrics.refused("credentials")
      throw Problem(
        .unauthorized, "Invalid credentials in Authorization header",
        headers: [.wwwAuthenticate: "Bearer realm=\"adapterhub\""])
    }
    return caller
  }

  /// The one behind a browser's session.
  ///
  /// A browser sends its cookie along with whatever another site made it send; what changes something
  /// must prove that it comes from a page of ours. Forms do that in their fields.
  private func signedIn(_ request: Request, _ endpoint: Endpoint, isSecure: Bool) async throws
    -> Caller
  {
    guard let cookie = request.cookie(.session, isSecure: isSecure),
      let secret = hub.signer.opened(session: cookie),
      let caller = try await hub.registry.caller(session: secret)
    else { return .anyone }
    if endpoint.kind == .program, ![.get, .head].contains(request.method) {
      let site = request.headers[.fetchSite]
      guard site == nil || site == "same-origin", let id = caller.sessionID,
        let token = request.headers[.formToken],
        isEqual(token, hub.signer.code(["form", "session \(id)"]))
      else {
        throw Problem.forbidden("A browser's session needs the X-CSRF-Token of its pages here")
      }
    }
    return caller
  }

  /// A repository that the caller may know of.
  private func repository(_ name: String, _ caller: Caller) async throws -> KnownRepository {
    guard let identifier = try? RepositoryIdentifier(name),
      let known = try await hub.registry.repository(identifier),
      caller.level(known.repository) >= .read
    else { throw Problem.noRepository(name, for: caller) }
    return known
  }

  /// Whoever signed in with a password for once chooses another before anything else.
  ///
  /// - Returns: where to, unless the endpoint is one that is needed for it.
  private func passwordFirst(_ endpoint: Endpoint, _ target: String) throws -> Response? {
    guard endpoint.kind != .program else {
      throw Problem.forbidden("Choose a password first, at /settings/password")
    }
    if case .literal(let first)? = endpoint.pattern.parts.first,
      ["static", "favicon.ico", "robots.txt", "logout", "theme"].contains(first)
    {
      return nil
    }
    let place = "/settings/password"
    if endpoint.pattern.description == place { return nil }
    guard endpoint.kind == .page, target != "/" else { return .seeOther(place) }
    return .seeOther("\(place)?next=\(percentEncoded(target))")
  }

  private func authorise(_ endpoint: Endpoint, _ call: Call) async throws {
    let access = endpoint.access
    let caller = call.caller
    func require(_ level: Level) throws {
      let repository = try call.repository().repository
      guard caller.level(repository) < level else { return }
      guard caller.account != nil else { throw Problem.signIn }
      throw Problem.forbidden(
        "\(caller.name) may not do this to \(repository.fullName)"
          + (caller.scope == .read ? ": the token is for reading" : ""))
    }
    switch access {
    case .anyone, .seeRepository: return
    case .signedIn:
      _ = try call.account()
      // What is about the account is nothing for a token of one repository.
      guard endpoint.kind == .program || caller.onlyRepository == nil else {
        throw Problem.forbidden("A token for one repository cannot see this")
      }
    case .readFiles: try await call.checkGate()
    case .writeRepository: try require(.write)
    case .administerRepository: try require(.admin)
    case .inspectHub, .administerHub:
      let account = try call.account()
      guard account.isAdministrator, caller.onlyRepository == nil,
        access == .inspectHub || caller.scope == .write
      else { throw Problem.forbidden("This is for administrators of the hub") }
    }
  }

  // MARK: - Answers

  /// Leads from an old name to the new one, by a path alone: clients know it as a rename.
  private static func redirect(
    _ target: String, _ pattern: PathPattern, _ old: String, to new: String
  ) -> Response {
    let mark = target.firstIndex(of: "?") ?? target.endIndex
    var parts = target[..<mark].split(separator: "/").map(String.init)
    let start =
      pattern.parts.firstIndex { $0 == .repository || $0 == .gitRepository } ?? parts.endIndex
    let count = old.contains("/") ? 2 : 1
    let ending = pattern.parts.contains(.gitRepository) ? ".git" : ""
    if start + count <= parts.count {
      parts.replaceSubrange(
        start..<(start + count), with: [percentEncoded(new, keepingSlashes: true) + ending])
    }
    let location = "/\(parts.joined(separator: "/"))\(target[mark...])"
    return Response(status: .temporaryRedirect, headers: [.location: location])
  }

  /// What an error is to the one who asked.
  private func problem(of error: any Error, _ trace: Trace) -> Problem {
    var problem: Problem
    switch error {
    case let error as Problem: problem = error
    case let error as FileFailure where error.isDiskFull:
      hub.log.error("no room on the disk", metadata: ["error": "\(error)"])
      problem = Problem(.noRoom, "The hub's disk is full")
    case is ChannelError, is IOError:
      // Nobody is there any more to read this; the log has it.
      problem = Problem.badRequest("The connection ended before the request did")
    case is CancellationError: problem = Problem(.serviceUnavailable, "The request was cancelled")
    case let error as FileFailure where error.path == "request":
      problem = Problem.badRequest(error.description)
    default:
      if "\(error)".contains("SQLite error 13") {
        problem = Problem(.noRoom, "The hub's disk is full")
      } else {
        hub.log.error(
          "request failed", metadata: ["error": "\(error)", "id": "\(trace.requestID)"])
        problem = Problem(.internalServerError, "Something went wrong in the hub; it was noted")
      }
    }
    if problem.message.utf8.count > 2000 { problem.message = "\(problem.message.prefix(2000))…" }
    return problem
  }

  /// A problem as programs read it.
  private static func answer(to problem: Problem) -> Response {
    var problem = problem
    if let code = problem.code { problem.headers[.errorCode] = code }
    // Some clients cannot read a long header at all.
    problem.headers[.errorMessage] = problem.message.unicodeScalars.prefix(500)
      .map { $0.isASCII && $0.value >= 32 && $0.value != 127 ? String($0) : "?" }.joined()
    return .json(
      problem.body ?? ["error": .string(problem.message)], problem.status, headers: problem.headers)
  }

  /// A problem as people read it.
  private func page(of problem: Problem, _ request: Request, _ trace: Trace) -> Response {
    let call = Call(
      hub: hub, request: request, values: [:], query: Query(items: []), caller: trace.caller,
      known: trace.known, baseURL: trace.baseURL, address: trace.address)
    return problemPage(problem, call)
  }

  private func note(_ request: Request, _ response: Response, _ trace: Trace, _ seconds: Double) {
    // Neither the query nor any header: tokens and signatures must not come into a log.
    hub.log.info(
      "request",
      metadata: [
        "id": "\(trace.requestID)", "method": "\(request.method.rawValue)",
        "path": "\(withoutTokens(trace.path))", "status": "\(response.status.code)",
        "ms": "\((seconds * 1e5).rounded() / 100)", "user": "\(trace.caller.name)",
        "from": "\(trace.address)",
      ])
  }

  /// The client's name for a request where it gave a harmless one, else a new one.
  private static func requestID(_ request: Request) -> String {
    for name in [HTTPField.Name.requestID, .amazonTrace] {
      if let text = request.headers[name], (1...64).contains(text.utf8.count),
        text.utf8.allSatisfy({
          (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
        })
      {
        return text
      }
    }
    return String(UInt64.random(in: 0 ... .max), radix: 16)
  }
}

/// A path as it may come into a log: people paste tokens where they do not belong.
private func withoutTokens(_ path: String) -> String {
  guard let start = path.range(of: "ahk_") else { return path }
  return path[..<start.lowerBound] + "(token)"
}

extension Response {
  /// The answer to HEAD: all headers of GET's, and nothing else.
  fileprivate var withoutBody: Response { createHeadResponse() }
}
