/// Logging in without typing a token: a code is shown here and entered in a browser (RFC 8628).
internal import AsyncHTTPClient
internal import Files
internal import NIOCore
internal import NIOHTTP1

/// What a hub answers to a program that asks to be let in.
public struct DeviceCode: Sendable {
  /// What its user types into the page.
  public let userCode: String
  /// The page.
  public let address: String
  /// The page with the code filled in.
  public let completeAddress: String
  fileprivate let secret: String
  fileprivate let interval: Int
  fileprivate let seconds: Int
}

extension HubClient {
  /// Asks to be let in.
  ///
  /// - Throws: ``HubFailure``, also for a hub that does not know this way.
  public func deviceCode() async throws -> DeviceCode {
    let request = HubRequest(
      .POST, settings.endpoint.appending("/oauth/device"), about: "\(settings.endpoint)"
    ).sending(form: [("client_id", Self.clientID)])
    return try await decoding {
      let json = try await transport.json(request)
      let address = try json.required("verification_uri").string()
      return try DeviceCode(
        userCode: json.required("user_code").string(), address: address,
        completeAddress: json["verification_uri_complete"]?.string() ?? address,
        secret: json.required("device_code").string(),
        interval: max(1, min(60, json["interval"]?.integer() ?? 5)),
        seconds: max(1, min(3600, json.required("expires_in").integer())))
    }
  }

  /// Waits until the user has decided.
  ///
  /// - Returns: the token.
  /// - Throws: ``HubFailure`` where the user said no, or too late.
  public func token(for code: DeviceCode) async throws -> String {
    let end = ContinuousClock.now + .seconds(code.seconds)
    var interval = code.interval
    var request = HubRequest(
      .POST, settings.endpoint.appending("/oauth/token"), about: "\(settings.endpoint)"
    ).sending(form: [
      ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
      ("device_code", code.secret), ("client_id", Self.clientID),
    ])
    request.expected = [400]
    while ContinuousClock.now < end {
      try await Task.sleep(for: .seconds(interval))
      let json = try await transport.json(request)
      if let token = try json["access_token"]?.string() {
        guard let token = try ClientSettings.checkedToken(token, from: "the hub's answer") else {
          break
        }
        return token
      }
      switch try json["error"]?.string() {
      case "authorization_pending": continue
      case "slow_down": interval += 5
      case "access_denied":
        throw HubFailure(.notAllowed, "\(settings.endpoint)", "the login was turned away")
      case "expired_token": throw Self.tooLate(settings.endpoint)
      case let other:
        throw HubFailure(
          .damaged, "\(settings.endpoint)",
          "the hub refuses the login: \(escaped(other ?? "no reason", limit: 200))")
      }
    }
    throw Self.tooLate(settings.endpoint)
  }

  /// Programs need no registration at a hub of this kind.
  private static let clientID = "adapterhub"

  private static func tooLate(_ endpoint: WebAddress) -> HubFailure {
    HubFailure(
      .notAuthenticated, "\(endpoint)", "the code was not entered in time",
      hint: "run adapterhub login again")
  }
}

extension HubRequest {
  /// The same with a form as its body, and without any token.
  fileprivate func sending(form: [(name: String, value: String)]) -> HubRequest {
    var request = self
    let text = form.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
      .joined(separator: "&")
    let bytes = ByteBuffer(string: text)
    request.body = { .bytes(bytes) }
    request.headers.replaceOrAdd(
      name: "content-type", value: "application/x-www-form-urlencoded")
    request.sendsToken = false
    return request
  }
}
