/// Who the caller is, and who others are.
internal import Files
internal import Hummingbird

let identityEndpoints = [
  Endpoint(.get, "/api/whoami-v2", .signedIn, "Who the token belongs to", whoAmI),
  Endpoint(.get, "/api/users/{user}/overview", .anyone, "A user", userOverview),
  Endpoint(.get, "/api/users/{user}/likes", .anyone, "What a user likes", likesOfUser),
  Endpoint(.get, "/api/settings/tokens", .signedIn, "The caller's tokens", listTokens),
  Endpoint(
    .post, "/api/settings/tokens", .signedIn, "Make a token; it is shown this once",
    body: .json(["name": "string", "scope": "string", "repository": "string", "days": "integer"]),
    createToken),
  Endpoint(
    .delete, "/api/settings/tokens/{token}", .signedIn, "End a token of the caller", deleteToken),
]

private func whoAmI(_ call: Call) async throws -> Response {
  let account = try call.account()
  let organisations = try await call.registry.organisations(of: call.caller)
  return .json([
    "type": "user", "id": .string(String(account.id)), "name": .string(account.name),
    "fullname": .string(account.fullName.isEmpty ? account.name : account.fullName),
    "email": account.email.map { .string($0) } ?? .null,
    "emailVerified": .bool(account.email != nil),
    "canPay": false, "isPro": false, "periodEnd": nil, "avatarUrl": "",
    "isAdmin": .bool(account.isAdministrator),
    "orgs": .array(
      organisations.map { organisation, role in
        [
          "type": "org", "id": .string(String(organisation.id)),
          "name": .string(organisation.name),
          "fullname": .string(
            organisation.fullName.isEmpty ? organisation.name : organisation.fullName),
          "email": nil, "canPay": false, "periodEnd": nil, "isEnterprise": false, "avatarUrl": "",
          "roleInOrg": .string(role.rawValue),
        ]
      }),
    "auth": [
      "type": "access_token",
      "accessToken": [
        "displayName": .string(call.caller.tokenName), "role": .string(call.caller.scope.rawValue),
        "createdAt": .string(call.caller.tokenCreatedAt.text),
      ],
    ],
  ])
}

private func userOverview(_ call: Call) async throws -> Response {
  let account = try await call.registry.account(call.value("user"))
  guard account.kind == .user else {
    throw Problem.notFound("There is no user \(quoted(account.name))")
  }
  let count = try await call.registry.repositoryCount(of: account, for: call.caller)
  return .json([
    "_id": .string(String(account.id)), "user": .string(account.name),
    "fullname": .string(account.fullName.isEmpty ? account.name : account.fullName),
    "avatarUrl": "", "type": "user", "isPro": false, "numModels": .integer(count),
    "numDatasets": 0, "numSpaces": 0, "numDiscussions": 0, "numPapers": 0, "numUpvotes": 0,
    "numLikes": 0, "numFollowers": 0, "numFollowing": 0, "orgs": [],
    "createdAt": .string(account.createdAt.text),
  ])
}

private func likesOfUser(_ call: Call) async throws -> Response {
  let account = try await call.registry.account(call.value("user"))
  let liked = try await call.registry.liked(by: account)
  return .json(
    .array(
      liked.filter { call.caller.level($0.repository) >= .read }.map { repository, moment in
        [
          "createdAt": .string(moment.text),
          "repo": ["name": .string(repository.fullName), "type": "model"],
        ]
      }))
}

// MARK: - Tokens

private func listTokens(_ call: Call) async throws -> Response {
  guard call.caller.onlyRepository == nil else {
    throw Problem.forbidden("A token for one repository cannot see the others")
  }
  let tokens = try await call.registry.tokens(of: call.account().name)
  return .json(
    .array(
      tokens.map { token in
        [
          "id": .integer(Int(token.id)), "name": .string(token.name),
          "prefix": .string(token.prefix), "scope": .string(token.scope.rawValue),
          "repository": token.repository.map { .string($0) } ?? .null,
          "createdAt": .string(token.createdAt.text),
          "expiresAt": token.expiresAt.map { .string($0.text) } ?? .null,
          "lastUsedAt": token.lastUsedAt.map { .string($0.text) } ?? .null,
        ]
      }))
}

private func createToken(_ call: Call) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  let json = try await call.json()
  let name = try json["name"]?.string() ?? "token"
  guard (1...100).contains(name.count) else {
    throw Problem.unprocessable("A token's name has 1 to 100 characters")
  }
  guard let scope = Caller.Scope(rawValue: try json["scope"]?.string() ?? "read") else {
    throw Problem.unprocessable("scope is read or write")
  }
  var repository: Int64?
  if let text = try json["repository"]?.string() {
    let known = try await call.visibleRepository(text)
    repository = known.repository.id
  }
  let days = try json["days"]?.integer(in: 1...3650)
  var expiry = days.map { Moment(milliseconds: Moment().milliseconds + Int64($0) * 86_400_000) }
  // A token cannot outlive itself by making another.
  if let own = call.caller.expiresAt { expiry = min(expiry ?? own, own) }
  let token = try await call.registry.makeToken(
    for: account.name, name: name, scope: scope, repository: repository, expiresAt: expiry,
    by: account.name)
  return .json(["token": .string(token), "name": .string(name), "scope": .string(scope.rawValue)])
}

private func deleteToken(_ call: Call) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  let count = try await call.registry.revokeTokens(
    of: account.name, matching: call.value("token"), by: account.name)
  guard count > 0 else { throw Problem.notFound("There is no such token") }
  return .json(["revoked": .integer(count)])
}
