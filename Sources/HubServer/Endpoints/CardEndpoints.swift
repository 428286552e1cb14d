/// Cards are checked before they are committed.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let cardEndpoints = [
  Endpoint(
    .post, "/api/validate-yaml", .anyone, "Check a card's front matter",
    body: .json(["content": "string", "repoType": "string"]), validateCard)
]

private func validateCard(_ call: Call) async throws -> Response {
  let content = try await call.json().required("content").string()
  let (errors, warnings) = cardProblems(content, call.hub.settings.limits)
  return .json(
    ["errors": .array(errors), "warnings": .array(warnings)],
    errors.isEmpty ? .ok : .badRequest)
}

/// What is wrong with a card, as clients show it.
func cardProblems(_ content: String, _ limits: Limits) -> (errors: [JSON], warnings: [JSON]) {
  guard content.utf8.count <= limits.cardBytes else {
    return ([["message": .string("The card is longer than \(limits.cardBytes) bytes")]], [])
  }
  var (errors, warnings): ([JSON], [JSON]) = ([], [])
  for problem in CardFile(content).problems {
    var json = JSON.Object([("message", .string(problem.message))])
    if let line = problem.line { json["line"] = .integer(line) }
    if problem.isError { errors.append(.object(json)) } else { warnings.append(.object(json)) }
  }
  return (errors, warnings)
}
