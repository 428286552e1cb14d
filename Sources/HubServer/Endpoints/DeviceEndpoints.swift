/// How programs without a browser are let in, for programs: RFC 8628.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let deviceEndpoints = [
  Endpoint(
    .post, "/oauth/device", .anyone, "Ask to be let in: answers with a code for the user",
    body: .form(["client_id": "string"]), beginDeviceLogin),
  Endpoint(
    .post, "/oauth/token", .anyone, "Ask whether the user has decided, and get a token",
    body: .form(["grant_type": "string", "device_code": "string", "client_id": "string"]),
    deviceToken),
]

private func beginDeviceLogin(_ call: Call) async throws -> Response {
  // There are no accounts of programs: any id will do, and none as well.
  _ = try await call.form()
  try call.countGuess("device")
  let (deviceCode, userCode) = try call.hub.deviceCodes.begin(
    client: clientName(call.request.headers[.userAgent]), address: call.address)
  let page = "\(call.baseURL)/login/device"
  return .json(
    [
      "device_code": .string(deviceCode), "user_code": .string(userCode),
      "verification_uri": .string(page),
      "verification_uri_complete": .string("\(page)?user_code=\(userCode)"),
      "expires_in": .integer(DeviceCodes.minutes * 60),
      "interval": .integer(DeviceCodes.interval),
    ], headers: [.cacheControl: "no-store"])
}

private func deviceToken(_ call: Call) async throws -> Response {
  let form = try await call.form()
  switch form["grant_type"] {
  case "urn:ietf:params:oauth:grant-type:device_code": break
  case "refresh_token":
    return refusal("invalid_grant", "Tokens of this hub are not renewed: log in again")
  case nil, "": return refusal("invalid_request", "grant_type is missing")
  default: return refusal("unsupported_grant_type", "Only the device flow is known here")
  }
  guard let code = form["device_code"], !code.isEmpty, code.utf8.count <= 200 else {
    return refusal("invalid_request", "device_code is missing")
  }
  switch call.hub.deviceCodes.poll(code) {
  case .pending: return refusal("authorization_pending", "Nobody has decided yet")
  case .slowDown: return refusal("slow_down", "Ask less often")
  case .denied: return refusal("access_denied", "The user has said no")
  case .expired: return refusal("expired_token", "The code is too old: begin again")
  case .allowed(let accountID, let sessionID, let scope, let client):
    // Minutes may lie between: whoever was signed out meanwhile, for a stolen session, a new
    // password or a closed account, lets nobody in any more.
    guard let account = try await call.registry.account(id: accountID),
      try await call.registry.sessions(of: account).contains(where: { $0.id == sessionID })
    else { return refusal("access_denied", "The session that allowed it has ended") }
    let token = try await call.registry.makeToken(
      for: account.name, name: "\(client) \(Moment().text.prefix(10))", scope: scope,
      repository: nil, expiresAt: nil, by: account.name)
    return .json(
      [
        "access_token": .string(token), "token_type": "bearer", "scope": .string(scope.rawValue),
      ], headers: [.cacheControl: "no-store"])
  }
}

/// A refusal as RFC 6749 has them.
private func refusal(_ error: String, _ text: String) -> Response {
  .json(
    ["error": .string(error), "error_description": .string(text)], .badRequest,
    headers: [.cacheControl: "no-store"])
}

/// The first words of what a program calls itself: `hf_hub/2.0.1`.
func clientName(_ header: String?) -> String {
  let name = (header ?? "").unicodeScalars.prefix { $0 != ";" && $0 != " " }.prefix(60)
    .filter {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-/".unicodeScalars.contains($0))
    }
  return name.isEmpty ? "a program" : String(String.UnicodeScalarView(name))
}
