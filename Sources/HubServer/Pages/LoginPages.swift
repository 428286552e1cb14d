/// Signing in and out, and the choice of a theme.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let loginPages = [
  Endpoint(page: "/login", .anyone, "The page to sign in", showLogin),
  Endpoint(form: "/login", .anyone, "Sign in", login),
  Endpoint(form: "/logout", .anyone, "Sign out", logout),
  Endpoint(form: "/theme", .anyone, "Choose light or dark", chooseTheme),
]

private func showLogin(_ call: Call) async throws -> Response {
  let next = Call.safeNext(call.query["next"])
  guard call.caller.account == nil else { return .seeOther(next) }
  return loginPage(call, next: next)
}

private func loginPage(
  _ call: Call, next: String, name: String = "", problem: String? = nil
) -> Response {
  var page = Page(
    "Sign in", "login",
    ["next": next, "name": name, "mayJoin": call.hub.settings.signUp == .open])
  page.values["problem"] = problem
  page.isIndexed = false
  if problem != nil { page.status = .unprocessableContent }
  return page.response(call)
}

private func login(_ call: Call, _ form: Query) async throws -> Response {
  let next = Call.safeNext(form["next"])
  let name = form["name"]?.trimmingCharacters(in: .whitespaces) ?? ""
  let password = form["password"] ?? ""
  _ = try call.hub.rates.count(.signIn, caller: .anyone, address: call.address)
  // Guesses from many places slow a name down; to refuse it would let anybody lock its user out.
  let longestName = 254
  if name.utf8.count <= longestName,
    call.hub.rates.isOver(.signIn, address: "name \(name.lowercased())")
  {
    try await Task.sleep(for: .seconds(1))
  }
  let known = name.utf8.count <= longestName ? try await call.registry.password(of: name) : nil
  // Of nobody takes as long as of somebody: it must not tell which names there are.
  let hash = known?.hash ?? Password.nobodys
  guard password.utf8.count <= 1024, try await onDisk({ Password.matches(password, hash) }),
    let account = known?.account
  else {
    return loginPage(
      call, next: next, name: name, problem: "There is no user of this name with this password.")
  }
  return try await call.signIn(account, next: next)
}

extension Call {
  /// Signs a user in and leads on: always in a session that nobody knew before.
  func signIn(_ account: Account, next: String) async throws -> Response {
    // The one that the browser had is of no use to anybody any more.
    if let before = caller.account, let id = caller.sessionID {
      try await registry.endSessions(of: before, id: id, except: nil, by: before.name)
    }
    let session = try await registry.makeSession(
      for: account, client: request.headers[.userAgent] ?? "", address: address)
    let cookie = Cookie.session.header(
      // The hub says when it ends: every use of it puts that off.
      hub.signer.sealed(session: session), seconds: 400 * 86_400, isSecure: isSecure)
    return .seeOther(next, headers: [.setCookie: cookie])
  }
}

private func logout(_ call: Call, _ form: Query) async throws -> Response {
  if let account = call.caller.account, let id = call.caller.sessionID {
    try await call.registry.endSessions(
      of: account, id: id, except: nil, by: account.name)
  }
  let cookie = Cookie.session.header(nil, seconds: 0, isSecure: call.isSecure)
  return .seeOther("/", headers: [.setCookie: cookie])
}

private func chooseTheme(_ call: Call, _ form: Query) async throws -> Response {
  let theme = form["theme"].flatMap { ["light", "dark"].contains($0) ? $0 : nil }
  let cookie = Cookie.theme.header(theme, seconds: 86_400 * 365, isSecure: false)
  return .seeOther(Call.safeNext(form["next"]), headers: [.setCookie: cookie])
}
