/// Coming in: making an account, accepting an invitation, finding the way back without a password.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let joinPages = [
  Endpoint(page: "/join", .anyone, "The page to make an account") { try await joinPage($0) },
  Endpoint(page: "/join/{token}", .anyone, "An invitation to make an account") {
    try await joinPage($0)
  },
  Endpoint(form: "/join", .anyone, "Make an account", join),
  Endpoint(page: "/invitation/{token}", .signedIn, "An invitation into an organisation") {
    try await invitationPage($0)
  },
  Endpoint(form: "/invitation", .signedIn, "Accept an invitation", acceptInvitation),
  Endpoint(page: "/reset/{token}", .anyone, "The page to replace a forgotten password") {
    try await resetPage($0)
  },
  Endpoint(form: "/reset", .anyone, "Replace a forgotten password", reset),
]

extension Call {
  /// Where a link leads.
  func address(of kind: Link.Kind, secret: String) -> String {
    switch kind {
    case .hub, .organisation: "\(baseURL)/join/\(secret)"
    case .reset: "\(baseURL)/reset/\(secret)"
    }
  }

  fileprivate func link(_ secret: String?, _ kinds: Set<Link.Kind>) async throws -> Link {
    try countGuess("link")
    guard let secret, let link = try await registry.link(secret), kinds.contains(link.kind) else {
      throw Problem(.gone, "This link was used already, or is too old: ask for another")
    }
    return link
  }
}

// MARK: - Making an account

private func joinPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) async throws
  -> Response
{
  let secret = call.values["token"] ?? entered?["token"].flatMap { $0.isEmpty ? nil : $0 }
  var page = Page("Join", "join", [:], problem: problem)
  if let secret {
    let link = try await call.link(secret, [.hub, .organisation])
    if call.caller.account != nil {
      // Who has an account already needs none.
      return .seeOther(link.kind == .organisation ? "/invitation/\(percentEncoded(secret))" : "/")
    }
    page.values["token"] = secret
    page.values["creator"] = link.creator
    page.values["organisation"] = link.accountName
    page.values["role"] = link.role?.rawValue
    page.values["next"] = percentEncoded("/invitation/\(secret)")
    page.values["isOpen"] = link.kind == .hub || call.hub.settings.signUp != .closed
  } else {
    guard call.caller.account == nil else { return .seeOther("/") }
    page.values["isOpen"] = call.hub.settings.signUp == .open
    page.values["isInvited"] = call.hub.settings.signUp == .invited
  }
  page.headers[.cacheControl] = "no-store"
  for name in ["name", "full-name", "email"] { page.values[name] = entered?[name] ?? "" }
  return page.response(call)
}

private func join(_ call: Call, _ form: Query) async throws -> Response {
  let secret = form["token"].flatMap { $0.isEmpty ? nil : $0 }
  if let secret {
    let kind = try await call.link(secret, [.hub, .organisation]).kind
    // An organisation's invitation makes an account where the hub lets that happen at all.
    guard kind == .hub || call.hub.settings.signUp != .closed else {
      throw Problem.forbidden("Accounts of this hub are made by its administrators: ask them")
    }
  } else {
    guard call.hub.settings.signUp == .open else {
      throw Problem.forbidden("Making an account needs an invitation here")
    }
  }
  try call.countGuess("join")
  return try await orShownAgain({ try await joinPage(call, form, problem: $0) }) {
    let name = try form.text("name", limit: 100)
    try Registry.checkAccountName(name)
    let password = try form.newPassword(for: name)
    let hash = try await onDisk { try Password.hash(password) }
    let account = try await call.registry.join(
      name, fullName: form.text("full-name"), email: form.email(), passwordHash: hash,
      invitation: secret)
    return try await call.signIn(account, next: "/\(percentEncoded(account.name))")
  }
}

// MARK: - Invitations into organisations

private func invitationPage(_ call: Call) async throws -> Response {
  let secret = try call.value("token")
  let link = try await call.link(secret, [.organisation])
  var page = Page(
    "Invitation", "invitation",
    [
      "organisation": link.accountName ?? "", "role": link.role?.rawValue ?? "",
      "creator": link.creator, "token": secret,
    ], problem: nil)
  page.headers[.cacheControl] = "no-store"
  return page.response(call)
}

private func acceptInvitation(_ call: Call, _ form: Query) async throws -> Response {
  try call.requireWholeToken()
  try call.countGuess("link")
  let organisation = try await call.registry.acceptInvitation(
    form["token"] ?? "", by: call.account())
  return call.done(
    "You belong to \(organisation.name) now.", next: "/\(percentEncoded(organisation.name))")
}

// MARK: - Forgotten passwords

private func resetPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) async throws
  -> Response
{
  let secret = call.values["token"] ?? entered?["token"] ?? ""
  let link = try await call.link(secret, [.reset])
  var page = Page(
    "New password", "reset", ["token": secret, "name": link.accountName ?? ""], problem: problem)
  page.headers[.cacheControl] = "no-store"
  return page.response(call)
}

private func reset(_ call: Call, _ form: Query) async throws -> Response {
  try call.countGuess("reset")
  let secret = form["token"] ?? ""
  let name = try await call.link(secret, [.reset]).accountName ?? ""
  return try await orShownAgain({ try await resetPage(call, form, problem: $0) }) {
    let password = try form.newPassword(for: name)
    let hash = try await onDisk { try Password.hash(password) }
    let account = try await call.registry.resetPassword(hash, link: secret)
    return try await call.signIn(account, next: "/settings/sessions")
  }
}
