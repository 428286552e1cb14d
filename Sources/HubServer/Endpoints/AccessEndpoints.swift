/// Gated repositories: who asked to be let in, and who was.
internal import Files
internal import Hummingbird

let accessEndpoints = [
  Endpoint(
    .post, "/api/models/{repo}/user-access-request", .signedIn, "Ask to be let in",
    body: .json(["reason": "string"]), askForAccess),
  Endpoint(
    .post, "/api/models/{repo}/user-access-request/handle", .administerRepository,
    "Decide about a request",
    body: .json([
      "user": "string", "requestId": "string", "status": "string", "rejectionReason": "string",
    ]), handleAccess),
  Endpoint(
    .post, "/api/models/{repo}/user-access-request/grant", .administerRepository,
    "Let somebody in who did not ask", body: .json(["user": "string"]), grantAccess),
  Endpoint(
    .get, "/api/models/{repo}/user-access-request/{status}", .administerRepository,
    "The requests that are pending, accepted or rejected", listAccess),
]

private let statuses = ["pending", "accepted", "rejected"]

private func listAccess(_ call: Call) async throws -> Response {
  let status = try call.value("status")
  guard statuses.contains(status) else {
    throw Problem.notFound("There are requests \(statuses.joined(separator: ", "))")
  }
  let requests = try await call.registry.accessRequests(
    call.repository().repository, status: status)
  return .json(
    .array(
      requests.map { account, reason, moment in
        [
          "requestId": .string(String(account.id)),
          "user": [
            "_id": .string(String(account.id)), "user": .string(account.name),
            "fullname": .string(account.fullName.isEmpty ? account.name : account.fullName),
            "email": account.email.map { .string($0) } ?? .null, "avatarUrl": "",
          ],
          "status": .string(status), "timestamp": .string(moment.text),
          "fields": ["reason": reason.map { .string($0) } ?? .null],
        ]
      }))
}

private func askForAccess(_ call: Call) async throws -> Response {
  let json = try await call.jsonOrEmpty()
  let repository = try call.repository().repository
  let account = try call.account()
  guard repository.gate != .no else {
    throw Problem.unprocessable("\(repository.fullName) is open to all")
  }
  if let status = try await call.registry.accessStatus(repository, account: account) {
    return .json(["status": .string(status)])
  }
  let status = repository.gate == .auto ? "accepted" : "pending"
  let reason = try json["reason"]?.string()
  try await call.registry.setAccess(
    repository, account: account, status: status, reason: reason.map { String($0.prefix(2000)) },
    by: account.name)
  return .json(["status": .string(status)])
}

private func handleAccess(_ call: Call) async throws -> Response {
  let json = try await call.json()
  let status = try json.required("status").string()
  guard statuses.contains(status) else {
    throw Problem.unprocessable("status is one of \(statuses.joined(separator: ", "))")
  }
  let repository = try call.repository().repository
  let account: Account
  // Newer clients name the request, older ones the user.
  if let request = try json["requestId"]?.string() {
    guard let id = Int64(request), let known = try await call.registry.account(id: id) else {
      throw Problem.notFound("There is no request \(quoted(request))")
    }
    account = known
  } else {
    account = try await call.registry.account(json.required("user").string())
  }
  guard try await call.registry.accessStatus(repository, account: account) != nil else {
    throw Problem.notFound("\(account.name) has not asked for access")
  }
  try await call.registry.setAccess(
    repository, account: account, status: status, reason: json["rejectionReason"]?.string(),
    by: call.caller.name)
  return .json(["status": .string(status)])
}

private func grantAccess(_ call: Call) async throws -> Response {
  let json = try await call.json()
  let account = try await call.registry.account(json.required("user").string())
  try await call.registry.setAccess(
    call.repository().repository, account: account, status: "accepted", reason: nil,
    by: call.caller.name)
  return .json(["status": "accepted"])
}
