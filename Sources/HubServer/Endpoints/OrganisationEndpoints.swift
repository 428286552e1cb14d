/// Organisations and their members.
internal import Files
internal import Hummingbird

let organisationEndpoints = [
  Endpoint(
    .post, "/api/organizations", .signedIn, "Make an organisation",
    body: .json(["name": "string", "fullname": "string"]), createOrganisation),
  Endpoint(
    .get, "/api/organizations/{organisation}/overview", .anyone, "An organisation",
    organisationOverview),
  Endpoint(
    .get, "/api/organizations/{organisation}/members", .signedIn, "Who belongs to it", listMembers),
  Endpoint(
    .put, "/api/organizations/{organisation}/members/{user}", .signedIn,
    "Give a user a role: read, contributor, write or admin", body: .json(["role": "string"]),
    setMember),
  Endpoint(
    .delete, "/api/organizations/{organisation}/members/{user}", .signedIn, "Take a user out",
    removeMember),
]

private func organisation(_ call: Call) async throws -> Account {
  let account = try await call.registry.account(call.value("organisation"))
  guard account.kind == .organisation else {
    throw Problem.notFound("There is no organisation \(quoted(account.name))")
  }
  return account
}

private func createOrganisation(_ call: Call) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  let json = try await call.json()
  let name = try json.required("name").string()
  let made = try await call.registry.makeAccount(
    name, kind: .organisation, fullName: String((json["fullname"]?.string() ?? "").prefix(200)),
    by: account.name)
  try await call.registry.setRole(.admin, of: account.name, in: made.name, by: account.name)
  return .json(["name": .string(made.name)])
}

private func organisationOverview(_ call: Call) async throws -> Response {
  let account = try await organisation(call)
  let members = try await call.registry.members(of: account).count
  let models = try await call.registry.repositoryCount(of: account, for: call.caller)
  return .json([
    "_id": .string(String(account.id)), "name": .string(account.name),
    "fullname": .string(account.fullName.isEmpty ? account.name : account.fullName),
    "avatarUrl": "", "type": "org", "isEnterprise": false, "isVerified": false,
    "numUsers": .integer(members), "numModels": .integer(models), "numDatasets": 0, "numSpaces": 0,
    "numFollowers": 0, "isFollowing": false,
  ])
}

private func listMembers(_ call: Call) async throws -> Response {
  let account = try await organisation(call)
  guard call.caller.roles[account.id] != nil || call.caller.account?.isAdministrator ?? false else {
    throw Problem.forbidden("Only members see the members of \(account.name)")
  }
  let members = try await call.registry.members(of: account)
  return .json(
    .array(
      members.map { member, role in
        [
          "_id": .string(String(member.id)), "user": .string(member.name),
          "fullname": .string(member.fullName.isEmpty ? member.name : member.fullName),
          "avatarUrl": "", "type": "user", "isPro": false, "role": .string(role.rawValue),
        ]
      }))
}

private func setMember(_ call: Call) async throws -> Response {
  let json = try await call.json()
  guard let role = Role(rawValue: try json.required("role").string()) else {
    throw Problem.unprocessable("role is read, contributor, write or admin")
  }
  return try await change(call, to: role)
}

private func removeMember(_ call: Call) async throws -> Response { try await change(call, to: nil) }

private func change(_ call: Call, to role: Role?) async throws -> Response {
  let account = try await organisation(call)
  guard call.caller.administers(account) else {
    throw Problem.forbidden("\(call.caller.name) does not administer \(account.name)")
  }
  let user = try await call.registry.account(call.value("user"))
  try await call.registry.setRole(role, of: user.name, in: account.name, by: call.caller.name)
  return .json(["user": .string(user.name), "role": role.map { .string($0.rawValue) } ?? .null])
}
