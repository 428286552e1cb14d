/// Requests to a hub: the token, redirects, tries again, and errors in words.
internal import AsyncHTTPClient
internal import Files
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// One request, which can be made again when it fails.
struct HubRequest: Sendable {
  /// When a request may be tried a second time.
  enum Repetition {
    /// Also when nobody knows whether the hub has done it.
    case always
    /// Only when the hub said that it has not.
    case refusedOnly
  }

  var method: HTTPMethod = .GET
  var address: WebAddress
  var headers: HTTPHeaders = [:]
  var body: (@Sendable () -> HTTPClientRequest.Body)?
  var sendsToken = true
  var repetition = Repetition.always
  /// What it is about, for errors.
  var subject: String
  /// Statuses besides 2xx that the caller reads.
  var expected: Set<Int> = []

  init(_ method: HTTPMethod = .GET, _ address: WebAddress, about subject: String) {
    self.method = method
    self.address = address
    self.subject = subject
  }

  /// The same with a JSON body.
  func sending(_ json: JSON, type: String = "application/json") -> HubRequest {
    var request = self
    let bytes = ByteBuffer(string: json.text(.minified))
    request.body = { .bytes(bytes) }
    request.headers.replaceOrAdd(name: "content-type", value: type)
    return request
  }
}

/// What sends requests for one hub.
struct Transport: Sendable {
  let settings: ClientSettings

  /// Never shut down: it is as old as the process.
  private static let connections: HTTPClient = {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(15), read: .seconds(60), write: .seconds(60)))
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
    // Tries again are made here, where it is known what may be done twice.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    configuration.tlsConfiguration = trust()
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  /// The system's authorities, and those that a team names for a hub of its own, as Python's
  /// clients are told of them.
  private static func trust() -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    let names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
    let named = names.compactMap { name in getenv(name).map { String(cString: $0) } }
      .first { !$0.isEmpty }
    if let named { configuration.additionalTrustRoots = [.file(named)] }
    return configuration
  }

  /// Sends a request until it has an answer that the caller can use.
  ///
  /// - Throws: ``HubFailure`` in all other cases.
  func send(_ request: HubRequest) async throws -> HTTPClientResponse {
    guard !settings.isOffline else {
      throw HubFailure(
        .offline, request.subject, "the network is switched off by HF_HUB_OFFLINE",
        hint: "unset it to ask the hub")
    }
    var tries = 0
    while true {
      tries += 1
      let mayRepeat = tries < max(1, settings.retryLimit)
      do {
        let response = try await sendOnce(request)
        let status = Int(response.status.code)
        if (200..<300).contains(status) || request.expected.contains(status) { return response }
        let failure = await self.failure(of: response, request)
        guard mayRepeat, isTransient(status, request) else { throw failure }
        try await pause(after: tries, response.headers)
      } catch let failure as HubFailure {
        throw failure
      } catch let failure as FileFailure {
        // A file that is to be sent cannot be read: another try would not help.
        throw failure
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        guard mayRepeat, request.repetition == .always || isRefusedConnection(error) else {
          throw HubFailure(
            .unreachable, request.address.origin, "cannot be reached: \(words(error))",
            hint: "check the network and HF_ENDPOINT")
        }
        try await pause(after: tries, [:])
      }
    }
  }

  /// The JSON that answers a request.
  func json(_ request: HubRequest, limit: Int = 64 << 20) async throws -> Field {
    try await answer(request, limit: limit).json
  }

  /// The JSON that answers a request, with the headers.
  func answer(
    _ request: HubRequest, limit: Int = 64 << 20
  ) async throws -> (json: Field, headers: HTTPHeaders) {
    let response = try await send(request)
    let place = "\(request.address)"
    let bytes: [UInt8]
    do {
      let buffer = try await response.body.collect(upTo: limit)
      bytes = Array(buffer.readableBytesView)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw HubFailure(.unreachable, place, "the answer broke off: \(words(error))")
    }
    do {
      return (Field(try JSON(parsing: bytes, path: place), file: place), response.headers)
    } catch let failure as FileFailure {
      throw HubFailure(
        .damaged, place, "the answer is no JSON: \(failure.problem)",
        hint: "is this the endpoint of a hub?")
    }
  }

  /// An answer read to its end, so that the connection can be used again.
  func whole(
    _ request: HubRequest, limit: Int = 1 << 20
  ) async throws -> (status: Int, bytes: [UInt8]) {
    let response = try await send(request)
    let buffer = try? await response.body.collect(upTo: limit)
    return (Int(response.status.code), buffer.map { Array($0.readableBytesView) } ?? [])
  }

  /// One try, with the redirects that it leads to.
  private func sendOnce(_ request: HubRequest) async throws -> HTTPClientResponse {
    var address = request.address
    for _ in 0..<6 {
      var message = HTTPClientRequest(url: "\(address)")
      message.method = request.method
      message.headers = request.headers
      message.headers.replaceOrAdd(name: "user-agent", value: "adapterhub/0.1.0; swift")
      // The sum of a file is over its own bytes, and ranges count those.
      message.headers.replaceOrAdd(name: "accept-encoding", value: "identity")
      if request.sendsToken, let token = settings.token, address.origin == settings.endpoint.origin
      {
        message.headers.replaceOrAdd(name: "authorization", value: "Bearer \(token)")
      }
      message.body = request.body?()
      let response = try await Self.connections.execute(message, deadline: .distantFuture)
      guard [301, 302, 303, 307, 308].contains(response.status.code),
        let location = response.headers.first(name: "location")
      else { return response }
      guard let next = address.following(location) else {
        throw HubFailure(.damaged, request.subject, "the hub leads on to \(location), no address")
      }
      guard next.scheme == "https" || address.scheme == "http" else {
        throw HubFailure(
          .damaged, request.subject, "the hub leads from https to \(next.origin), which is not")
      }
      // Read to its end, so that the connection can be used again.
      _ = try? await response.body.collect(upTo: 1 << 16)
      address = next
    }
    throw HubFailure(.damaged, request.subject, "the hub leads in a circle")
  }

  private func failure(of response: HTTPClientResponse, _ request: HubRequest) async -> HubFailure {
    let headers = response.headers
    var message = headers.first(name: "x-error-message")
    if let buffer = try? await response.body.collect(upTo: 1 << 16),
      let json = try? JSON(parsing: Array(buffer.readableBytesView), path: "answer")
    {
      message = message ?? Self.message(in: json)
    }
    return HubFailure(
      status: Int(response.status.code), code: headers.first(name: "x-error-code"),
      message: message, subject: request.subject, hasToken: settings.token != nil,
      requestID: headers.first(name: "x-request-id"))
  }

  /// What a body of an error says: `{"error": …}`, or the list of what is wrong with a card.
  private static func message(in json: JSON) -> String? {
    switch json["error"] {
    case .string(let text): return text
    case .array(let values): return values.compactMap(text).joined(separator: "; ")
    default: break
    }
    guard case .array(let errors)? = json["errors"] else { return nil }
    return errors.compactMap { $0["message"].flatMap(text) }.joined(separator: "; ")
  }

  private static func text(_ json: JSON) -> String? {
    if case .string(let text) = json { text } else { nil }
  }

  private func isTransient(_ status: Int, _ request: HubRequest) -> Bool {
    switch status {
    case 429, 503: true
    case 408, 500, 502, 504: request.repetition == .always
    default: false
    }
  }

  private func isRefusedConnection(_ error: any Error) -> Bool {
    if let error = error as? HTTPClientError { return error == .connectTimeout }
    return error is NIOConnectionError
  }

  /// Waits: as long as the hub asks for, or twice as long as the last time.
  func pause(after tries: Int, _ headers: HTTPHeaders) async throws {
    var pause = settings.retryPause * (1 << min(tries - 1, 3))
    if let seconds = headers.first(name: "retry-after").flatMap({ Int($0) }) {
      pause = .seconds(min(max(0, seconds), 300))
    } else if let seconds = headers.first(name: "ratelimit").flatMap(Self.secondsLeft) {
      pause = .seconds(min(seconds, 300))
    }
    // Clients that were refused together do not come back together.
    try await Task.sleep(for: pause * Double.random(in: 1...1.25))
  }

  /// `"api";r=0;t=55` is 55 when nothing remains.
  private static func secondsLeft(_ header: String) -> Int? {
    let parts = header.split(separator: ";").map { $0.filter { $0 != " " } }
    func number(_ key: String) -> Int? {
      parts.first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) }
    }
    guard number("r=") == 0, let seconds = number("t="), seconds >= 0 else { return nil }
    return seconds
  }
}

/// An error of the network in words, without what it is made of.
func words(_ error: any Error) -> String {
  if let error = error as? NIOConnectionError {
    return error.connectionErrors.first.map { words($0.error) } ?? "no address for \(error.host)"
  }
  if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
  if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
    return "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
      ? "its certificate is not trusted (one of your own authority? Name it in SSL_CERT_FILE)"
      : "no TLS connection comes about: \(error)"
  }
  return "\(error)"
}
