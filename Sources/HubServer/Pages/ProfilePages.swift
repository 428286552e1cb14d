/// Users and organisations: who they are, what they share, what they like.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let profilePages = [
  Endpoint(page: "/{owner}", .anyone, "A user or an organisation, or an old name", profile),
  Endpoint(
    form: "/settings/restore", .signedIn, "Take back that a repository was deleted", restore),
]

private let pageSize = 30

private func profile(_ call: Call) async throws -> Response {
  let name = try call.value("owner")
  let account: Account
  do {
    account = try await call.registry.account(name)
  } catch let problem as Problem where problem.status == .notFound {
    return try await repository(ofOldName: name, call, otherwise: problem)
  }
  guard account.name == name else {
    let query = call.target.drop { $0 != "?" }
    return .seeOther("/\(percentEncoded(account.name))\(query)")
  }
  let mayManage = call.caller.administers(account)
  let isMember =
    call.caller.roles[account.id] != nil || call.caller.account?.isAdministrator ?? false
  let tab = call.query["deleted"] != nil && mayManage ? "deleted" : call.query["tab"] ?? ""
  let count = try await call.registry.repositoryCount(of: account, for: call.caller)
  var values: [String: Any] = [
    "name": account.name, "ownerName": account.name,
    "initial": String(account.name.prefix(1)).uppercased(),
    "isOrganisation": account.kind == .organisation, "since": account.createdAt.values,
    "count": "\(count)", "countsOne": count == 1,
    "isSelf": account.id == call.caller.account?.id, "mayManage": mayManage,
    "mayCreate": call.caller.mayCreate(in: account),
    "seesMembers": account.kind == .organisation && isMember,
  ]
  values["fullName"] = account.fullName.isEmpty ? nil : account.fullName
  if account.kind == .user { values["organisations"] = try await shared(account, call) }
  switch (tab, account.kind) {
  case ("likes", .user):
    let liked = try await call.registry.liked(by: account).reversed()
      .filter { call.caller.level($0.repository) >= .read }.prefix(200)
    values["isLikes"] = true
    values["likes"] = liked.map { repository, moment in
      ["name": repository.fullName, "at": moment.values] as [String: Any]
    }
  case ("members", .organisation) where isMember:
    values["isMembers"] = true
    values["members"] = try await call.registry.members(of: account).map { member, role in
      ["name": member.name, "fullName": member.fullName, "role": role.rawValue]
    }
  case ("deleted", _):
    values["isDeleted"] = true
    values["deleted"] = try await call.registry.deletedRepositories(of: account)
      .map { repository, moment in
        [
          "id": String(repository.id), "name": repository.fullName, "at": moment.values,
          "size": byteText(repository.usedBytes),
        ] as [String: Any]
      }
  default:
    values["isRepositories"] = true
    try await addRepositories(of: account, to: &values, call)
  }
  var page = Page(
    account.fullName.isEmpty ? account.name : "\(account.fullName) (\(account.name))", "profile",
    values)
  page.description = "\(count) adapter\(count == 1 ? "" : "s") of \(account.name)."
  page.isIndexed = tab.isEmpty
  return page.response(call)
}

/// `bert-base-uncased` and the like: names from before there were owners.
private func repository(ofOldName name: String, _ call: Call, otherwise problem: Problem)
  async throws -> Response
{
  guard let identifier = try? RepositoryIdentifier(name),
    let known = try await call.registry.repository(identifier),
    call.caller.level(known.repository) >= .read
  else { throw problem }
  return Response(
    status: .temporaryRedirect,
    headers: [.location: "/\(percentEncoded(known.repository.fullName, keepingSlashes: true))"])
}

/// The organisations of a user that the reader may know of: those that both belong to.
private func shared(_ account: Account, _ call: Call) async throws -> [[String: Any]] {
  guard let reader = call.caller.account else { return [] }
  let seesAll = reader.isAdministrator || reader.id == account.id
  return try await call.registry.memberships(of: account)
    .filter { seesAll || call.caller.roles[$0.account.id] != nil }
    .map { ["name": $0.account.name, "role": $0.role.rawValue] }
}

private func addRepositories(of account: Account, to values: inout [String: Any], _ call: Call)
  async throws
{
  var query = ListQuery(author: account.name, order: .lastModified, limit: pageSize)
  query.after = call.query["after"].flatMap { ListQuery.Cursor($0) }
  let (listed, next) = try await call.registry.list(query, for: call.caller)
  let cards = try await call.registry.exploreCards(listed.map(\.repository))
  values["repositories"] = listed.map { listed -> [String: Any] in
    let repository = listed.repository
    // Of an adapter its weights count, not what its history takes.
    let weights = listed.facts.flatMap { try? AdapterFacts($0).byteCount } ?? 0
    let bytes = weights > 0 ? weights : repository.usedBytes
    var values: [String: Any] = [
      "name": repository.fullName, "short": repository.name, "isPrivate": repository.isPrivate,
      "isGated": repository.gate != .no, "updated": repository.updatedAt.values,
      "downloads": repository.downloads, "likes": repository.likes,
      "size": byteText(bytes),
    ]
    let card = cards[repository.id]?.values()
    values["summary"] = card?["summary"]
    values["task"] = card?["task"] ?? listed.task.map { ["name": $0] }
    values["method"] = card?["method"]
    values["base"] = card?["base"]
    values["language"] = card?["language"]
    return values
  }
  values["hasRepositories"] = !listed.isEmpty
  values["after"] = next?.text
  values["isLater"] = query.after != nil
}

private func restore(_ call: Call, _ form: Query) async throws -> Response {
  let owner = try await call.registry.account(form["owner"] ?? "")
  guard call.caller.administers(owner) else {
    throw Problem.forbidden("\(call.caller.name) does not administer \(owner.name)")
  }
  guard let id = form["id"].flatMap({ Int64($0) }) else {
    throw Problem.badRequest("Which repository?")
  }
  let repository = try await call.registry.restore(id, of: owner, by: call.caller.name)
  let identifier = try RepositoryIdentifier(repository.fullName)
  if let head = try await call.registry.repository(identifier)?.branches["main"] {
    await call.hub.describeIfPossible(repository, commit: head)
  }
  return call.done("\(repository.fullName) is back.", next: call.path(of: repository))
}

extension Call {
  /// The path of a repository's pages.
  func path(of repository: Repository) -> String {
    "/\(percentEncoded(repository.fullName, keepingSlashes: true))"
  }
}
