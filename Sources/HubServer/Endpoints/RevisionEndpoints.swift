/// Branches, tags and the commits behind them.
internal import Files
internal import HubClient
internal import Hummingbird

let revisionEndpoints = [
  Endpoint(
    .get, "/api/models/{repo}/refs", .seeRepository, "Branches and tags",
    query: [("include_prs", "boolean", "Whether pull requests are listed: there are none")],
    listRevisions),
  Endpoint(
    .get, "/api/models/{repo}/commits/{revision}", .seeRepository, "Commits, newest first",
    query: [
      ("limit", "integer", "How many a page has"), ("p", "integer", "Which page, from 0"),
      ("expand", "array", "`formatted` adds titles and messages as HTML"),
    ], listCommits),
  Endpoint(
    .post, "/api/models/{repo}/branch/{branch}", .writeRepository, "Make a branch",
    body: .json(["startingPoint": "string", "emptyBranch": "boolean"]), createBranch),
  Endpoint(
    .delete, "/api/models/{repo}/branch/{branch}", .writeRepository, "Delete a branch",
    deleteBranch),
  Endpoint(
    .post, "/api/models/{repo}/tag/{revision}", .writeRepository, "Make a tag",
    body: .json(["tag": "string", "message": "string"]), createTag),
  Endpoint(
    .delete, "/api/models/{repo}/tag/{tag}", .writeRepository, "Delete a tag", deleteTag),
  Endpoint(
    .post, "/api/models/{repo}/super-squash/{branch}", .administerRepository,
    "Make one commit of a branch's history", body: .json(["message": "string"]), squash),
]

private func listRevisions(_ call: Call) async throws -> Response {
  let known = try call.repository()
  func list(_ revisions: [String: String], _ prefix: String) -> JSON {
    .array(
      revisions.sorted { $0.key < $1.key }.map { name, commit in
        [
          "name": .string(name), "ref": .string("refs/\(prefix)/\(name)"),
          "targetCommit": .string(commit),
        ]
      })
  }
  var json = JSON.Object([
    ("branches", list(known.branches, "heads")), ("converts", []),
    ("tags", list(known.tags, "tags")),
  ])
  if call.query.flag("include_prs") { json["pullRequests"] = [] }
  return .json(.object(json))
}

private func listCommits(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let commit = try await call.commit(call.value("revision"))
  let limit = try min(max(1, call.query.integer("limit") ?? 50), 1000)
  let page = try max(0, call.query.integer("p") ?? 0)
  let (start, overflow) = page.multipliedReportingOverflow(by: limit)
  guard !overflow, start <= 1_000_000 else { return .json([]) }
  let commits = try await call.registry.history(
    of: repository, from: commit, limit: start + limit + 1)
  let shown = commits.dropFirst(start).prefix(limit)
  let isFormatted = call.query.all("expand").contains("formatted")
  var response = Response.json(
    .array(
      shown.map { commit in
        var json = JSON.Object([
          ("id", .string(commit.name)), ("title", .string(commit.title)),
          ("message", .string(commit.message)),
          ("date", .string(Moment(milliseconds: Int64(commit.time) * 1000).text)),
          ("authors", [["user": .string(commit.author), "avatar": ""]]),
        ])
        if isFormatted {
          json["formatted"] = [
            "title": .string(htmlEscaped(commit.title)),
            "message": .string(htmlEscaped(commit.message)),
          ]
        }
        return .object(json)
      }))
  if commits.count > start + limit {
    let items =
      call.query.items.filter { $0.name != "p" }.map {
        "\(percentEncoded($0.name))=\(percentEncoded($0.value))"
      } + ["p=\(page + 1)"]
    let path = call.request.head.path?.split(separator: "?").first ?? "/"
    response.headers[.link] =
      "<\(call.baseURL)\(path)?\(items.joined(separator: "&"))>; rel=\"next\""
  }
  return response
}

/// A text as it may stand within HTML.
func htmlEscaped(_ text: String) -> String {
  var escaped = ""
  for character in text.unicodeScalars {
    switch character {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    default: escaped.unicodeScalars.append(character)
    }
  }
  return escaped
}

private func createBranch(_ call: Call) async throws -> Response {
  let json = try await call.jsonOrEmpty()
  let known = try call.repository()
  let name = try call.value("branch")
  let start = try json["startingPoint"]?.string() ?? "main"
  let commit = try await call.commit(start)
  try await call.registry.makeRevision(
    .branch, name, at: commit, message: nil, of: known.repository, by: call.caller.name)
  return .json(["ref": .string("refs/heads/\(name)"), "targetCommit": .string(commit)])
}

private func deleteBranch(_ call: Call) async throws -> Response {
  let name = try call.value("branch")
  guard name != "main" else { throw Problem.forbidden("The main branch cannot be deleted") }
  try await call.registry.deleteRevision(
    .branch, name, of: call.repository().repository, by: call.caller.name)
  return .json(["deleted": .string(name)])
}

private func createTag(_ call: Call) async throws -> Response {
  let json = try await call.json()
  let commit = try await call.commit(call.value("revision"))
  let name = try json.required("tag").string()
  try await call.registry.makeRevision(
    .tag, name, at: commit, message: json["message"]?.string(), of: call.repository().repository,
    by: call.caller.name)
  return .json(["ref": .string("refs/tags/\(name)"), "targetCommit": .string(commit)])
}

private func deleteTag(_ call: Call) async throws -> Response {
  let name = try call.value("tag")
  try await call.registry.deleteRevision(
    .tag, name, of: call.repository().repository, by: call.caller.name)
  return .json(["deleted": .string(name)])
}

private func squash(_ call: Call) async throws -> Response {
  let json = try await call.jsonOrEmpty()
  let repository = try call.repository().repository
  let branch = try call.value("branch")
  let message = try json["message"]?.string() ?? "Super-squash branch '\(branch)'"
  let commit = try await call.registry.squash(
    branch, of: repository, message: cleanedTitle(message), by: call.account())
  if branch == "main" { await call.hub.describeIfPossible(repository, commit: commit.name) }
  return .json(["commitOid": .string(commit.name)])
}

/// A commit's title: one line, neither empty nor endless.
func cleanedTitle(_ text: String) -> String {
  let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
  let clean = String(
    String.UnicodeScalarView(
      line.unicodeScalars.filter { $0.properties.generalCategory != .control }))
  return clean.isEmpty ? "Update" : String(clean.prefix(500))
}
