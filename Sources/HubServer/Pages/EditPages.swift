/// Editing a card in the browser: with a preview, and without overwriting what others wrote.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let editPages = [
  Endpoint(page: "/{repo}/edit", .writeRepository, "The page to edit the card", showEditor),
  Endpoint(form: "/{repo}/edit", .writeRepository, "Save the card", saveCard),
  Endpoint(form: "/{repo}/preview", .writeRepository, "Show how a card will look", previewCard),
]

/// What the editor holds.
private struct Draft {
  var text: String
  /// The commit that the text was made from.
  var parent: String
  var title = ""
  /// What the card is by now, where somebody else saved one meanwhile.
  var other: String?
  var isPreviewed = false
}

private func showEditor(_ call: Call) async throws -> Response {
  let (text, parent) = try await currentCard(call)
  return try editor(call, Draft(text: text, parent: parent))
}

/// The card of the main branch, and the commit that it is of.
private func currentCard(_ call: Call) async throws -> (text: String, commit: String) {
  let snapshot = try await call.snapshot("main")
  guard let file = snapshot.file("README.md") else { return ("", snapshot.commit) }
  guard file.byteCount <= call.hub.settings.limits.cardBytes else {
    throw Problem.tooLarge("The card is too long to be edited here: push it instead")
  }
  let blobs = call.hub.blobs
  let bytes = try await onDisk { try readFile(blobs.path(file.digest)) }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw Problem.unprocessable("The card is not UTF-8: push another instead")
  }
  return (text, snapshot.commit)
}

private func editor(_ call: Call, _ draft: Draft, problem: Problem? = nil) throws -> Response {
  let repository = try call.repository().repository
  var page = Page(
    "Edit the card of \(repository.fullName)", "edit",
    [
      "repository": repository.fullName, "path": call.path(of: repository),
      "owner": repository.owner, "short": repository.name, "text": draft.text,
      "parent": draft.parent, "title": draft.title,
    ], problem: problem)
  page.values["other"] = draft.other.map { $0.isEmpty ? "(no card)" : $0 }
  if draft.isPreviewed {
    let (errors, warnings) = cardProblems(draft.text, call.hub.settings.limits)
    func lines(_ problems: [JSON]) -> [String] {
      problems.map { problem in
        let line: String =
          if case .integer(let line)? = problem["line"] { "Line \(line): " } else { "" }
        return line + (problem["message"]?.string ?? "")
      }
    }
    page.values["preview"] =
      [
        "html": renderMarkdown(CardFile(draft.text).body), "errors": lines(errors),
        "warnings": lines(warnings),
      ] as [String: Any]
  }
  return page.response(call)
}

private func draft(_ form: Query) throws -> Draft {
  guard let parent = form["parent"], isCommitName(parent) else {
    throw Problem.badRequest("The form does not say which version the text was made from")
  }
  // Forms bring line ends of their own kind.
  let text = (form["text"] ?? "").replacing("\r\n", with: "\n")
  return Draft(text: text, parent: parent, title: try form.text("title", limit: 500))
}

private func previewCard(_ call: Call, _ form: Query) async throws -> Response {
  var draft = try draft(form)
  draft.isPreviewed = true
  return try editor(call, draft)
}

private func saveCard(_ call: Call, _ form: Query) async throws -> Response {
  var draft = try draft(form)
  let repository = try call.repository().repository
  let (errors, _) = cardProblems(draft.text, call.hub.settings.limits)
  guard errors.isEmpty else {
    draft.isPreviewed = true
    return try editor(
      call, draft,
      problem: .unprocessable("The card cannot be saved like this: see what is wrong below"))
  }
  do {
    _ = try await call.commit(
      draft.text, at: "README.md", to: repository,
      title: draft.title.isEmpty ? "Edit the card" : draft.title, message: "", parent: draft.parent)
  } catch let problem as Problem where problem.status == .preconditionFailed {
    let (other, commit) = try await currentCard(call)
    draft.other = other
    // Whoever has seen both may save over it.
    draft.parent = commit
    return try editor(
      call, draft,
      problem: .conflict(
        "Somebody else saved the card meanwhile. Both are below: take over what you need, then save"
      ))
  } catch let problem as Problem where [413, 422, 507].contains(problem.status.code) {
    return try editor(call, draft, problem: problem)
  }
  return call.done("The card was saved.", next: call.path(of: repository))
}
