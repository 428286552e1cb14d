/// The history of a repository: its commits, and what one of them changed.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let historyPages = [
  Endpoint(page: "/{repo}/commits/{revision}", .seeRepository, "The commits of a branch", commits),
  Endpoint(page: "/{repo}/commit/{commit}", .readFiles, "What a commit changed", showCommit),
  Endpoint(
    page: "/{repo}/compare/{range}", .readFiles, "What changed between two revisions",
    compareRevisions),
]

private func commits(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let revision = try call.value("revision")
  let head = try await call.commit(revision)
  // A page begins at any commit of the branch; the address of the first is the branch alone.
  let start = try await call.query["from"].mapAsync { try await call.commit($0) } ?? head
  let size = 50
  let found = try await call.registry.history(of: repository, from: start, limit: size + 1)
  let base = "/\(repository.fullName)"
  let encoded = percentEncoded(revision)
  var tags: [String: [String]] = [:]
  for (name, commit) in try call.repository().tags { tags[commit, default: []].append(name) }

  var page = Page(
    "History of \(shortRevision(revision)) · \(repository.fullName) · AdapterHub", "commits")
  page.description = "The commits of \(repository.fullName) at \(revision)."
  page.isIndexed = false
  page.values = [
    "repository": try await call.repositoryHead(
      try await call.registry.listed(repository), .history),
    "revision": try call.revisionValues(revision, head, kind: "commits", path: ""),
    "commits": found.prefix(size).map { commit in
      var values: [String: Any] = [
        "title": commit.title, "author": commit.author, "short": String(commit.name.prefix(8)),
        "link": "\(base)/commit/\(commit.name)", "tree": "\(base)/tree/\(commit.name)",
        "time": Moment(milliseconds: Int64(commit.time) * 1000).values,
        "tags": (tags[commit.name] ?? []).sorted().map { ["name": $0] },
      ]
      if commit.name != head { values["compare"] = "\(base)/compare/\(commit.name)...\(encoded)" }
      return values
    },
    "isLater": start != head, "first": "\(base)/commits/\(encoded)",
  ]
  if found.count > size, let next = found.last {
    page.values["next"] = "\(base)/commits/\(encoded)?from=\(next.name)"
  }
  return page.response(call)
}

private func showCommit(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let name = try await call.commit(call.value("commit"))
  let found = try await call.registry.history(of: repository, from: name, limit: 2)
  guard let commit = found.first else { throw Problem.noRevision(name) }
  var page = Page("\(commit.title) · \(repository.fullName) · AdapterHub", "difference")
  page.description = "Commit \(name.prefix(8)) of \(repository.fullName) by \(commit.author)."
  page.values = [
    "commit": [
      "title": commit.title, "message": commit.message, "hasMessage": !commit.message.isEmpty,
      "author": commit.author, "name": name,
      "time": Moment(milliseconds: Int64(commit.time) * 1000).values,
      "tree": "/\(repository.fullName)/tree/\(name)",
    ] as [String: Any]
  ]
  if let parent = commit.parent {
    page.values["parent"] = [
      "short": String(parent.prefix(8)), "link": "/\(repository.fullName)/commit/\(parent)",
    ]
  }
  return try await differencePage(page, from: commit.parent, to: name, call)
}

private func compareRevisions(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let range = try call.value("range")
  guard let dots = range.range(of: "...") else {
    throw Problem.badRequest("Two revisions are compared as old...new, found \(quoted(range))")
  }
  let (old, new) = (String(range[..<dots.lowerBound]), String(range[dots.upperBound...]))
  let (from, to) = (try await call.commit(old), try await call.commit(new))
  var page = Page(
    "\(shortRevision(old)) → \(shortRevision(new)) · \(repository.fullName) · AdapterHub",
    "difference")
  page.description =
    "What changed in \(repository.fullName) from \(shortRevision(old)) to \(shortRevision(new))."
  page.values = [
    "comparison": [
      "old": shortRevision(old), "new": shortRevision(new),
      "oldLink": "/\(repository.fullName)/tree/\(percentEncoded(old))",
      "newLink": "/\(repository.fullName)/tree/\(percentEncoded(new))",
      "swap": "/\(repository.fullName)/compare/\(percentEncoded(new))...\(percentEncoded(old))",
    ]
  ]
  return try await differencePage(page, from: from, to: to, call)
}

/// Adds what differs between two commits to a page; nil as the old one stands for nothing at all.
private func differencePage(_ page: Page, from old: String?, to new: String, _ call: Call)
  async throws -> Response
{
  let repository = try call.repository().repository
  guard let after = try await call.registry.snapshot(repository, commit: new) else {
    throw Problem.noRevision(new)
  }
  var before: Snapshot?
  if let old { before = try await call.registry.snapshot(repository, commit: old) }
  let files = try await fileDifferences(before, after, call)
  var page = page
  page.isIndexed = false
  page.values["repository"] = try await call.repositoryHead(
    try await call.registry.listed(repository), .history)
  page.values["files"] = files.shown
  page.values["count"] = files.count
  page.values["isOne"] = files.count == 1
  page.values["hasNone"] = files.count == 0
  page.values["hasMore"] = files.count > files.shown.count
  page.values["left"] = files.count - files.shown.count
  return page.response(call)
}
