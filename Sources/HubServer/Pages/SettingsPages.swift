/// What a user sets about their own account: profile, password, sessions, tokens.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let settingsPages = [
  Endpoint(page: "/settings", .signedIn, "The profile of the one who is signed in") { call in
    try await profilePage(call)
  },
  Endpoint(form: "/settings", .signedIn, "Change the profile", changeProfile),
  Endpoint(form: "/settings/delete", .signedIn, "Close the own account", closeAccount),
  Endpoint(page: "/settings/password", .signedIn, "Choose a password") { call in
    try passwordPage(call)
  },
  Endpoint(form: "/settings/password", .signedIn, "Choose a password", choosePassword),
  Endpoint(page: "/settings/sessions", .signedIn, "Where one is signed in", sessionsPage),
  Endpoint(form: "/settings/sessions", .signedIn, "End one session, or all others", endSessions),
  Endpoint(page: "/settings/tokens", .signedIn, "The tokens of one's programs") { call in
    try await tokensPage(call)
  },
  Endpoint(form: "/settings/tokens", .signedIn, "Make a token", makeToken),
  Endpoint(form: "/settings/tokens/revoke", .signedIn, "End a token", revokeToken),
]

/// The account of a browser; what follows is nothing that a token should do.
private func owner(_ call: Call) throws -> Account {
  let account = try call.account()
  try call.requireWholeToken()
  return account
}

// MARK: - Profile

private func profilePage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let account = try call.account()
  let organisations = try await call.registry.organisations(of: call.caller)
  return Page(
    "Settings", "settings",
    [
      "isProfile": true, "name": account.name, "isLight": call.theme == "light",
      "isDark": call.theme == "dark",
      "fullName": entered?["full-name"] ?? account.fullName,
      "email": entered?["email"] ?? account.email ?? "",
      "organisations": organisations.map { organisation, role in
        [
          "name": organisation.name, "role": role.rawValue, "isAdmin": role == .admin,
        ] as [String: Any]
      },
    ], problem: problem
  ).response(call)
}

private func changeProfile(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  return try await orShownAgain({ try await profilePage(call, form, problem: $0) }) {
    try await call.registry.change(
      account, fullName: form.text("full-name"), email: form.email(), by: account.name)
    return call.done("Your profile was saved.", next: "/settings")
  }
}

private func closeAccount(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  return try await orShownAgain({ try await profilePage(call, problem: $0) }) {
    guard form["confirm"] == account.name else {
      throw Problem.unprocessable("To delete your account, enter its name: \(account.name)")
    }
    try await requirePassword(call, account, form["password"])
    try await call.registry.closeAccount(account)
    let cookie = Cookie.session.header(nil, seconds: 0, isSecure: call.isSecure)
    return .seeOther("/", headers: [.setCookie: cookie])
  }
}

/// Whoever finds a browser open must not take the account with them.
private func requirePassword(_ call: Call, _ account: Account, _ password: String?) async throws {
  _ = try call.hub.rates.count(.signIn, caller: .anyone, address: "own \(account.id)")
  let known = try await call.registry.password(of: account.name)
  let hash = known?.hash ?? Password.nobodys
  let password = password ?? ""
  guard password.utf8.count <= 1024, try await onDisk({ Password.matches(password, hash) }) else {
    throw Problem.unprocessable("Your password is another one")
  }
}

// MARK: - Password

private func passwordPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) throws
  -> Response
{
  Page(
    "Password", "password",
    [
      "isPassword": true, "isFirst": call.caller.mustChangePassword,
      "name": try call.account().name, "next": (entered ?? call.query)["next"] ?? "",
    ],
    problem: problem
  ).response(call)
}

private func choosePassword(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  return try await orShownAgain({ try passwordPage(call, form, problem: $0) }) {
    try await requirePassword(call, account, form["current"])
    let password = try form.newPassword(for: account.name)
    guard password != form["current"] else {
      throw Problem.unprocessable("Choose another password than the one you have")
    }
    let hash = try await onDisk { try Password.hash(password) }
    try await call.registry.choosePassword(hash, of: account, keeping: call.caller.sessionID)
    // The first password is chosen on the way to something else.
    return call.caller.mustChangePassword
      ? call.done("Your password was changed. Welcome.", next: Call.safeNext(form["next"]))
      : call.done(
        "Your password was changed; all other sessions have ended.", next: "/settings/sessions")
  }
}

// MARK: - Sessions

private func sessionsPage(_ call: Call) async throws -> Response {
  // What was counted so far is part of what is shown.
  await call.hub.flushCounters()
  let sessions = try await call.registry.sessions(of: call.account())
  return Page(
    "Sessions", "sessions",
    [
      "isSessions": true, "hasOthers": sessions.count > 1,
      "sessions": sessions.map { session in
        [
          "id": String(session.id), "client": browserName(session.client),
          "agent": session.client, "address": session.address,
          "created": session.createdAt.values, "used": session.lastUsedAt.values,
          "isThis": session.id == call.caller.sessionID,
        ] as [String: Any]
      },
    ], problem: nil
  ).response(call)
}

private func endSessions(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  if form["others"] != nil {
    try await call.registry.endSessions(
      of: account, id: nil, except: call.caller.sessionID, by: account.name)
    return call.done("All other sessions have ended.", next: "/settings/sessions")
  }
  guard let id = form["id"].flatMap({ Int64($0) }) else {
    throw Problem.badRequest("Which session?")
  }
  try await call.registry.endSessions(of: account, id: id, except: nil, by: account.name)
  return call.done("The session has ended.", next: "/settings/sessions")
}

/// A browser as people call it.
func browserName(_ agent: String) -> String {
  let browsers = [
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"),
  ]
  let systems = [
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
  ]
  let system = systems.first { agent.contains($0.0) }.map { " on \($0.1)" } ?? ""
  guard let browser = browsers.first(where: { agent.contains($0.0) })?.1 else {
    return agent.isEmpty ? "Unknown" : String(agent.prefix(40))
  }
  return browser + system
}

// MARK: - Tokens

private let lifetimes = [
  (value: "30", label: "30 days"), (value: "90", label: "90 days"),
  (value: "365", label: "A year"), (value: "", label: "Until it is revoked"),
]

private func tokensPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let account = try call.account()
  await call.hub.flushCounters()
  let tokens = try await call.registry.tokens(of: account.name)
  let now = Moment()
  return Page(
    "Tokens", "tokens",
    [
      "isTokens": true,
      "tokens": tokens.reversed().map { token in
        var values: [String: Any] = [
          "id": String(token.id), "name": token.name, "prefix": token.prefix,
          "scope": token.scope.rawValue, "mayWrite": token.scope == .write,
          "created": token.createdAt.values,
          "isOver": token.expiresAt.map { $0 < now } ?? false,
        ]
        values["repository"] = token.repository
        values["expires"] = token.expiresAt?.values
        values["used"] = token.lastUsedAt?.values
        return values
      },
      "enteredName": entered?["name"] ?? "",
      "enteredRepository": entered?["repository"] ?? "",
      "isWrite": entered?["scope"] == "write",
      "lifetimes": options(lifetimes, chosen: entered.map { $0["days"] ?? "" } ?? "90"),
    ], problem: problem
  ).response(call)
}

private func makeToken(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  return try await orShownAgain({ try await tokensPage(call, form, problem: $0) }) {
    let name = try form.text("name", limit: 100)
    guard !name.isEmpty else { throw Problem.unprocessable("Give the token a name to know it by") }
    guard let scope = Caller.Scope(rawValue: form["scope"] ?? "") else {
      throw Problem.unprocessable("A token is for reading, or for reading and writing")
    }
    let days = try form.integer("days")
    guard days.map({ (1...3650).contains($0) }) ?? true else {
      throw Problem.unprocessable("A token lasts between 1 and 3650 days")
    }
    let repositoryName = try form.text("repository")
    let repository =
      repositoryName.isEmpty
      ? nil : try await call.visibleRepository(repositoryName).repository
    let token = try await call.registry.makeToken(
      for: account.name, name: name, scope: scope, repository: repository?.id,
      expiresAt: days.map { Moment(milliseconds: Moment().milliseconds + Int64($0) * 86_400_000) },
      by: account.name)
    return call.secretPage(
      "Token “\(name)”",
      "Copy it now: it is shown this once. A hash is all that is kept of it.", secret: token,
      back: "/settings/tokens")
  }
}

private func revokeToken(_ call: Call, _ form: Query) async throws -> Response {
  let account = try owner(call)
  // By its number alone: a name may be that of several.
  guard let id = form["id"].flatMap({ Int64($0) }) else { throw Problem.badRequest("Which token?") }
  let count = try await call.registry.revokeTokens(
    of: account.name, matching: String(id), by: account.name)
  return call.done(
    count > 0 ? "The token was revoked." : "The token was not there any more.",
    next: "/settings/tokens")
}
