/// What went wrong, as a page.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

/// Says what went wrong and what can be done; leads to the sign-in where that is all that is missing.
func problemPage(_ problem: Problem, _ call: Call) -> Response {
  if problem.status == .unauthorized, problem.code != "RepoNotFound", call.caller.account == nil,
    [.get, .head].contains(call.request.method)
  {
    return Call.login(next: call.target)
  }
  // Whether a repository is private or not there looks the same.
  let status = problem.code == "RepoNotFound" ? .notFound : problem.status
  var (title, advice) = words(status, isSignedIn: call.caller.account != nil)
  // What the field's clients are told about a gate has addresses for programs.
  let gated = problem.code == "GatedRepo" ? try? call.repository().repository : nil
  if gated != nil {
    title = "Not let in yet"
    advice = "Ask, or see what became of your request."
  }
  var page = Page(
    title, "problem",
    [
      "status": status.code, "title": title, "advice": advice,
      "canSignIn": call.caller.account == nil && [401, 403, 404].contains(status.code),
      "next": percentEncoded(call.target),
      "message": gated.map { "The files of \($0.fullName) are for those whom \($0.owner) lets in." }
        ?? problem.message,
    ])
  page.values["ask"] = gated.map { "\(call.path(of: $0))/access" }
  page.status = status
  page.isIndexed = false
  page.headers = problem.headers
  page.headers[.wwwAuthenticate] = nil
  if let code = problem.code { page.headers[.errorCode] = code }
  return page.response(call)
}

private func words(_ status: HTTPResponse.Status, isSignedIn: Bool) -> (
  title: String, advice: String
) {
  switch status.code {
  case 401: ("Sign in first", "This is for people who are signed in.")
  case 403:
    (
      "Not allowed",
      "Your account may not do this. Somebody who administers it can give you a role."
    )
  case 404:
    (
      "Nothing here",
      isSignedIn
        ? "The address may be misspelled, or what was here was renamed, deleted or made private."
        : "The address may be misspelled, or this is private: then you see it once you sign in."
    )
  case 405: ("Not like that", "This address is not for a browser.")
  case 409: ("That does not fit", "Somebody was there before. Go back and look again.")
  case 413:
    (
      "Too large",
      "There are limits to what one request may hold; the command line sends large files."
    )
  case 429:
    ("Slow down", "There were too many requests from here. Wait a little, then reload the page.")
  case 507:
    ("No room left", "The hub's disk is full. Nothing was stored; its operator has to make room.")
  case 500...:
    ("Something broke", "It was noted. Try again; if it stays, tell the one who runs the hub.")
  default: ("That did not work", "Go back, check what you entered, and try again.")
  }
}
