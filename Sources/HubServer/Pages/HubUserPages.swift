/// Administration of users: who there is, ways in, what each may do.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let hubUserPages = [
  Endpoint(page: "/hub/users", .inspectHub, "Users and organisations") { try await usersPage($0) },
  Endpoint(form: "/hub/users", .administerHub, "Make a user", makeUser),
  Endpoint(form: "/hub/invitations", .administerHub, "Invite somebody to the hub", invite),
  Endpoint(form: "/hub/invitations/revoke", .administerHub, "End an invitation", endInvitation),
  Endpoint(page: "/hub/users/{name}", .inspectHub, "A user, for administrators") {
    try await userPage($0)
  },
  Endpoint(form: "/hub/users/{name}", .administerHub, "Change what a user may do", changeUser),
]

private let pageSize = 50

private func usersPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let search = try call.query.text("q")
  let after = try call.query.text("after")
  let accounts = try await call.registry.findAccounts(search, after: after, limit: pageSize + 1)
  let shown = accounts.prefix(pageSize)
  let details = try await call.registry.details(of: Array(shown))
  let links = try await call.registry.links(.hub, of: nil)
  var values: [String: Any] = [
    "isUsers": true, "q": search, "hasUsers": !shown.isEmpty, "isLater": !after.isEmpty,
    "enteredName": entered?["name"] ?? "", "enteredEmail": entered?["email"] ?? "",
    "enteredAdministrator": entered?["administrator"] == "yes",
    "policy": call.hub.settings.signUp.rawValue, "isClosed": call.hub.settings.signUp == .closed,
    "users": shown.map { account in
      let details = details[account.id] ?? .none
      var values: [String: Any] = [
        "name": account.name, "fullName": account.fullName, "email": account.email ?? "",
        "isOrganisation": account.kind == .organisation,
        "isAdministrator": account.isAdministrator, "isDisabled": details.isDisabled,
        "isNew": details.mustChangePassword, "size": byteText(details.usedBytes),
        "count": grouped(details.repositoryCount),
      ]
      values["used"] = details.lastUsedAt?.values
      return values
    },
    "hasInvitations": !links.isEmpty,
    "invitations": links.map { link in
      [
        "id": String(link.id), "creator": link.creator, "expires": link.expiresAt.values,
      ] as [String: Any]
    },
  ]
  if accounts.count > pageSize, let last = shown.last {
    values["older"] = "q=\(percentEncoded(search))&after=\(percentEncoded(last.name))"
  }
  return Page("Users", "hub-users", values, problem: problem).response(call)
}

private func makeUser(_ call: Call, _ form: Query) async throws -> Response {
  try await orShownAgain({ try await usersPage(call, form, problem: $0) }) {
    let password = Password.make()
    let hash = try await onDisk { try Password.hash(password) }
    let user = try await call.registry.makeAccount(
      form.text("name", limit: 100), kind: .user, fullName: "", email: form.email(),
      isAdministrator: form["administrator"] == "yes", passwordHash: hash, by: call.caller.name)
    return call.secretPage(
      "One-time password of \(user.name)",
      "Tell it to \(user.name): it is shown this once, and another has to be chosen with it.",
      secret: password, back: "/hub/users/\(percentEncoded(user.name))")
  }
}

private func invite(_ call: Call, _ form: Query) async throws -> Response {
  try await orShownAgain({ try await usersPage(call, form, problem: $0) }) {
    guard let days = try form.integer("days"), (1...30).contains(days) else {
      throw Problem.unprocessable("An invitation lasts between 1 and 30 days")
    }
    let secret = try await call.registry.makeLink(
      .hub, account: nil, role: nil, days: days, by: call.caller.name)
    return call.secretPage(
      "Invitation to this hub",
      "Send this address to one person: an account can be made with it once, within \(days) "
        + "day\(days == 1 ? "" : "s"). It is shown only now.",
      secret: call.address(of: .hub, secret: secret), back: "/hub/users")
  }
}

private func endInvitation(_ call: Call, _ form: Query) async throws -> Response {
  guard let id = form["id"].flatMap({ Int64($0) }) else {
    throw Problem.badRequest("Which invitation?")
  }
  try await call.registry.removeLink(id, .hub, of: nil, by: call.caller.name)
  return call.done("The invitation does not work any more.", next: "/hub/users")
}

// MARK: - One user

private func userPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) async throws
  -> Response
{
  let account = try await call.registry.account(call.value("name"))
  let details = try await call.registry.details(of: [account])[account.id] ?? .none
  let isUser = account.kind == .user
  let sessions = isUser ? try await call.registry.sessions(of: account) : []
  let tokens = isUser ? try await call.registry.tokens(of: account.name) : []
  let links = isUser ? try await call.registry.links(.reset, of: account) : []
  var values: [String: Any] = [
    "isUsers": true, "name": account.name, "isUser": isUser, "created": account.createdAt.values,
    "isAdministrator": account.isAdministrator, "isDisabled": details.isDisabled,
    "isSelf": account.id == call.caller.account?.id,
    "isNew": details.mustChangePassword, "size": byteText(details.usedBytes),
    "count": grouped(details.repositoryCount),
    "quota": entered?["quota"] ?? details.quotaBytes.map { "\($0 / 1_000_000)" } ?? "",
    "hubQuota": call.hub.settings.limits.quotaBytes.map(byteText) ?? "no limit",
    "sessionCount": "\(sessions.count)", "tokenCount": "\(tokens.count)",
    "query": percentEncoded(account.name),
  ]
  values["links"] = links.map { link in
    ["id": String(link.id), "creator": link.creator, "expires": link.expiresAt.values]
      as [String: Any]
  }
  values["used"] = details.lastUsedAt?.values
  values["fullName"] = account.fullName.isEmpty ? nil : account.fullName
  values["email"] = account.email
  return Page("\(account.name) · Administration", "hub-user", values, problem: problem).response(
    call)
}

private func changeUser(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await call.registry.account(call.value("name"))
  let actor = call.caller.name
  let page = "/hub/users/\(percentEncoded(account.name))"
  return try await orShownAgain({ try await userPage(call, form, problem: $0) }) {
    switch form["do"] {
    case "reset-link":
      let secret = try await call.registry.makeLink(
        .reset, account: account, role: nil, days: 2, by: actor)
      return call.secretPage(
        "A new password for \(account.name)",
        "Send this address to \(account.name): it works once, within 2 days, and is shown only now.",
        secret: call.address(of: .reset, secret: secret), back: page)
    case "end-link":
      guard let id = form["id"].flatMap({ Int64($0) }) else {
        throw Problem.badRequest("Which link?")
      }
      try await call.registry.removeLink(id, .reset, of: account, by: actor)
      return call.done("The link does not work any more.", next: page)
    case "disable":
      try await call.registry.setDisabled(true, of: account.name, by: actor)
      return call.done(
        "\(account.name) is disabled: sessions have ended, tokens sleep.", next: page)
    case "enable":
      try await call.registry.setDisabled(false, of: account.name, by: actor)
      return call.done("\(account.name) is enabled again.", next: page)
    case "promote":
      try await call.registry.setAdministrator(true, of: account.name, by: actor)
      return call.done("\(account.name) administers the hub now.", next: page)
    case "demote":
      try await call.registry.setAdministrator(false, of: account.name, by: actor)
      return call.done("\(account.name) does not administer the hub any more.", next: page)
    case "end":
      try await call.registry.endSessions(of: account, id: nil, except: nil, by: actor)
      let count = try await call.registry.revokeTokens(
        of: account.name, matching: nil, by: actor)
      return call.done(
        "All sessions have ended, and \(count) token\(count == 1 ? "" : "s").", next: page)
    case "quota":
      let text = try form.text("quota", limit: 20)
      let megabytes = Int(text)
      guard text.isEmpty || (megabytes.map { (0...1_000_000_000).contains($0) } ?? false) else {
        throw Problem.unprocessable("The quota is a whole number of megabytes, or empty")
      }
      try await call.registry.setQuota(
        megabytes.map { $0 * 1_000_000 }, of: account.name, by: actor)
      return call.done("The quota was saved.", next: page)
    default: throw Problem.badRequest("There is nothing of this kind to do")
    }
  }
}
