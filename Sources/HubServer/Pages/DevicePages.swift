/// Letting in a program that shows a code: the page where its user decides.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

let devicePages = [
  Endpoint(page: "/login/device", .signedIn, "The page to let a program in") { devicePage($0) },
  Endpoint(form: "/login/device", .signedIn, "Let a program in, or not", decide),
]

private func devicePage(_ call: Call, problem: Problem? = nil) -> Response {
  let code = call.query["user_code"] ?? ""
  var page = Page("Let a program in", "device", ["code": String(code.prefix(40))], problem: problem)
  guard !code.isEmpty, problem == nil else { return page.response(call) }
  do {
    try call.countGuess("code \(call.caller.name)")
  } catch {
    return problemPage(error as? Problem ?? .forbidden("Not now"), call)
  }
  if let request = call.hub.deviceCodes.request(userCode: code) {
    page.values["request"] =
      [
        "code": request.userCode, "client": request.client, "address": request.address,
        "asked": request.createdAt.values,
      ] as [String: Any]
  } else {
    page.values["problem"] =
      "No program waits with this code. Codes last \(DeviceCodes.minutes) minutes and work once."
    page.status = .notFound
  }
  return page.response(call)
}

private func decide(_ call: Call, _ form: Query) async throws -> Response {
  let account = try call.account()
  try call.requireWholeToken()
  try call.countGuess("code \(account.name)")
  let code = form["user_code"] ?? ""
  return try await orShownAgain({ devicePage(call, problem: $0) }) {
    switch form["decision"] {
    case "deny":
      try call.hub.deviceCodes.decide(code, .denied)
      return call.done("The program was turned away.", next: "/settings/tokens")
    case "read", "write":
      let scope: Caller.Scope = form["decision"] == "write" ? .write : .read
      guard let session = call.caller.sessionID else {
        throw Problem.forbidden("Programs are let in by somebody who is signed in with a browser")
      }
      try call.hub.deviceCodes.decide(
        code, .allowed(account: account.id, session: session, scope: scope))
      return call.done(
        "The program was let in: it fetches its token within seconds. You can revoke it here.",
        next: "/settings/tokens")
    default: throw Problem.badRequest("Allow it, or deny it")
    }
  }
}
