/// Organisations: made, named, joined, left.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let organisationPages = [
  Endpoint(page: "/orgs/new", .signedIn, "The page to make an organisation") { newPage($0) },
  Endpoint(form: "/orgs/new", .signedIn, "Make an organisation", makeOrganisation),
  Endpoint(page: "/orgs/{name}/settings", .signedIn, "An organisation's members and invitations") {
    try await settingsPage($0)
  },
  Endpoint(form: "/orgs/{name}/settings", .signedIn, "Name an organisation", rename),
  Endpoint(form: "/orgs/{name}/members", .signedIn, "Give a user a role, or take it", setMember),
  Endpoint(form: "/orgs/{name}/invitations", .signedIn, "Make an invitation", invite),
  Endpoint(form: "/orgs/{name}/invitations/revoke", .signedIn, "End an invitation", endInvitation),
  Endpoint(form: "/orgs/{name}/delete", .signedIn, "Delete an organisation", delete),
  Endpoint(form: "/orgs/{name}/leave", .signedIn, "Leave an organisation", leave),
]

private let roleTexts: [(Role, String)] = [
  (.read, "sees private repositories"), (.contributor, "also creates, and writes to those"),
  (.write, "also writes to all"), (.admin, "also deletes, and decides who belongs to it"),
]

private func newPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) -> Response {
  Page(
    "New organisation", "organisation-new",
    ["name": entered?["name"] ?? "", "fullName": entered?["full-name"] ?? ""], problem: problem
  ).response(call)
}

private func makeOrganisation(_ call: Call, _ form: Query) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  return try await orShownAgain({ newPage(call, form, problem: $0) }) {
    let made = try await call.registry.makeAccount(
      form.text("name", limit: 100), kind: .organisation, fullName: form.text("full-name"),
      by: account.name)
    try await call.registry.setRole(.admin, of: account.name, in: made.name, by: account.name)
    return call.done(
      "\(made.name) is there. Invite those who belong to it.",
      next: "/orgs/\(percentEncoded(made.name))/settings")
  }
}

/// The organisation of the path, which the caller administers.
private func organisation(_ call: Call) async throws -> Account {
  let account = try await call.registry.account(call.value("name"))
  guard account.kind == .organisation else {
    throw Problem.notFound("There is no organisation \(quoted(account.name))")
  }
  guard call.caller.administers(account) else {
    throw Problem.forbidden("\(call.caller.name) does not administer \(account.name)")
  }
  return account
}

private func settingsPath(_ account: Account) -> String {
  "/orgs/\(percentEncoded(account.name))/settings"
}

private func settingsPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let account = try await organisation(call)
  let members = try await call.registry.members(of: account)
  let links = try await call.registry.links(.organisation, of: account)
  func roles(_ chosen: Role) -> [[String: Any]] {
    options(roleTexts.map { ($0.0.rawValue, $0.0.rawValue) }, chosen: chosen.rawValue)
  }
  return Page(
    "\(account.name): settings", "organisation-settings",
    [
      "name": account.name, "path": "/orgs/\(percentEncoded(account.name))",
      "fullName": entered?["full-name"] ?? account.fullName,
      "enteredUser": entered?["user"] ?? "",
      "memberCount": "\(members.count)",
      "members": members.map { member, role in
        [
          "user": member.name, "memberName": member.fullName, "role": role.rawValue,
          "roles": roles(role), "isSelf": member.id == call.caller.account?.id,
        ] as [String: Any]
      },
      "newRoles": roles(Role(rawValue: entered?["role"] ?? "") ?? .write),
      "roleTexts": roleTexts.map { ["role": $0.0.rawValue, "text": $0.1] },
      "hasInvitations": !links.isEmpty,
      "invitations": links.map { link in
        [
          "id": String(link.id), "role": link.role?.rawValue ?? "", "creator": link.creator,
          "expires": link.expiresAt.values,
        ] as [String: Any]
      },
    ], problem: problem
  ).response(call)
}

private func rename(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await organisation(call)
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    try await call.registry.change(
      account, fullName: form.text("full-name"), email: account.email, by: call.caller.name)
    return call.done("Saved.", next: settingsPath(account))
  }
}

private func setMember(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await organisation(call)
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    let user = try await call.registry.account(form.text("user"))
    if form["remove"] != nil {
      try await call.registry.setRole(nil, of: user.name, in: account.name, by: call.caller.name)
      return call.done(
        "\(user.name) does not belong to \(account.name) any more.", next: settingsPath(account))
    }
    guard let role = Role(rawValue: form["role"] ?? "") else {
      throw Problem.unprocessable("A role is read, contributor, write or admin")
    }
    try await call.registry.setRole(role, of: user.name, in: account.name, by: call.caller.name)
    return call.done(
      "\(user.name) has the role \(role.rawValue) now.", next: settingsPath(account))
  }
}

private func invite(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await organisation(call)
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    guard let role = Role(rawValue: form["role"] ?? "") else {
      throw Problem.unprocessable("A role is read, contributor, write or admin")
    }
    guard let days = try form.integer("days"), (1...30).contains(days) else {
      throw Problem.unprocessable("An invitation lasts between 1 and 30 days")
    }
    let secret = try await call.registry.makeLink(
      .organisation, account: account, role: role, days: days, by: call.caller.name)
    return call.secretPage(
      "Invitation to \(account.name)",
      "Send this address to one person: it works once, within \(days) day\(days == 1 ? "" : "s"), "
        + "and is shown only now.", secret: call.address(of: .organisation, secret: secret),
      back: settingsPath(account))
  }
}

private func endInvitation(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await organisation(call)
  guard let id = form["id"].flatMap({ Int64($0) }) else {
    throw Problem.badRequest("Which invitation?")
  }
  try await call.registry.removeLink(id, .organisation, of: account, by: call.caller.name)
  return call.done("The invitation does not work any more.", next: settingsPath(account))
}

private func delete(_ call: Call, _ form: Query) async throws -> Response {
  let account = try await organisation(call)
  try call.requireWholeToken()
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    guard form["confirm"] == account.name else {
      throw Problem.unprocessable("To delete the organisation, enter its name: \(account.name)")
    }
    try await call.registry.removeOrganisation(account, by: call.caller.name)
    return call.done("\(account.name) is gone.", next: "/settings")
  }
}

private func leave(_ call: Call, _ form: Query) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  let organisation = try await call.registry.account(call.value("name"))
  try await call.registry.setRole(nil, of: account.name, in: organisation.name, by: account.name)
  return call.done("You left \(organisation.name).", next: "/settings")
}
