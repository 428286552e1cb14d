/// What the administrators of a repository decide about it, and what its readers tell it.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let repositorySettingsPages = [
  Endpoint(page: "/{repo}/settings", .administerRepository, "A repository's settings") {
    try await settingsPage($0)
  },
  Endpoint(form: "/{repo}/settings/name", .administerRepository, "Rename or transfer", move),
  Endpoint(form: "/{repo}/settings/access", .administerRepository, "Say who may read", setAccess),
  Endpoint(
    form: "/{repo}/settings/requests", .administerRepository, "Decide about a request", decide),
  Endpoint(form: "/{repo}/settings/tags", .administerRepository, "Protect a tag", protect),
  Endpoint(form: "/{repo}/settings/delete", .administerRepository, "Delete a repository", delete),
  Endpoint(form: "/{repo}/like", .signedIn, "Like a repository, or not any more", like),
  Endpoint(page: "/{repo}/access", .signedIn, "Whether one may read a gated repository") {
    try await accessPage($0)
  },
  Endpoint(form: "/{repo}/access", .signedIn, "Ask to be let in", askForAccess),
]

private func settingsPath(_ call: Call, _ repository: Repository) -> String {
  "\(call.path(of: repository))/settings"
}

private func settingsPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let known = try call.repository()
  let repository = known.repository
  let account = try call.account()
  let organisations = try await call.registry.organisations(of: call.caller).map(\.account)
  var owners = ([account] + organisations).filter { call.caller.mayCreate(in: $0) }.map(\.name)
  if !owners.contains(repository.owner) { owners.insert(repository.owner, at: 0) }
  let protected = try await call.registry.protectedTags(of: repository)
  func requests(_ status: String) async throws -> [[String: Any]] {
    try await call.registry.accessRequests(repository, status: status).map {
      account, reason, moment in
      var values: [String: Any] = [
        "user": account.name, "userFullName": account.fullName, "at": moment.values,
      ]
      values["reason"] = reason.flatMap { $0.isEmpty ? nil : $0 }
      return values
    }
  }
  let pending = try await requests("pending")
  let accepted = try await requests("accepted")
  let gates = [
    ("no", "Open: whoever sees it may read its files"),
    ("auto", "Gated: whoever asks is let in, and you see who"),
    ("manual", "Gated: you decide about each request"),
  ]
  return Page(
    "\(repository.fullName): settings", "repository-settings",
    [
      "repository": repository.fullName, "path": call.path(of: repository),
      "owner": repository.owner, "short": repository.name,
      "owners": options(
        owners.map { ($0, $0) }, chosen: entered?["owner"] ?? repository.owner),
      "name": entered?["name"] ?? repository.name,
      "isPrivate": repository.isPrivate,
      "gates": options(gates.map { ($0.0, $0.1) }, chosen: repository.gate.rawValue),
      "isGated": repository.gate != .no, "pending": pending, "accepted": accepted,
      "hasPending": !pending.isEmpty, "hasAccepted": !accepted.isEmpty,
      "enteredUser": entered?["user"] ?? "",
      "hasTags": !known.tags.isEmpty,
      "tags": known.tags.sorted { $0.key < $1.key }.map { tag, commit in
        [
          "tag": tag, "commit": String(commit.prefix(8)), "isProtected": protected.contains(tag),
        ] as [String: Any]
      },
      "confirm": entered?["confirm"] ?? "",
    ], problem: problem
  ).response(call)
}

private func move(_ call: Call, _ form: Query) async throws -> Response {
  let repository = try call.repository().repository
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    let owner = try await call.registry.account(form.text("owner"))
    let name = try form.text("name")
    guard owner.id == repository.ownerID || call.caller.mayCreate(in: owner) else {
      throw Problem.forbidden("\(call.caller.name) may not create adapters under \(owner.name)")
    }
    let identifier = try Registry.checkedRepositoryName(owner: owner.name, name: name)
    guard identifier.description != repository.fullName else {
      return .seeOther(settingsPath(call, repository))
    }
    try await call.registry.move(repository, to: owner, name, by: call.caller.name)
    return call.done(
      "\(repository.fullName) is \(identifier) now; the old name leads there.",
      next: "/\(percentEncoded("\(identifier)", keepingSlashes: true))/settings")
  }
}

private func setAccess(_ call: Call, _ form: Query) async throws -> Response {
  let repository = try call.repository().repository
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    guard let gate = Gate(rawValue: form["gate"] ?? ""),
      let visibility = form["visibility"], ["public", "private"].contains(visibility)
    else { throw Problem.unprocessable("Choose who sees it, and who reads its files") }
    try await call.hub.change(
      repository, isPrivate: visibility == "private", gate: gate, by: call.caller.name)
    return call.done("Saved.", next: settingsPath(call, repository))
  }
}

private func decide(_ call: Call, _ form: Query) async throws -> Response {
  let repository = try call.repository().repository
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    let user = try await call.registry.account(form.text("user"))
    guard user.kind == .user else { throw Problem.unprocessable("Users are let in") }
    let status = form["decision"] ?? ""
    guard ["accepted", "rejected"].contains(status) else {
      throw Problem.unprocessable("Let them in, or turn them away")
    }
    try await call.registry.setAccess(
      repository, account: user, status: status, reason: nil, by: call.caller.name)
    return call.done(
      status == "accepted" ? "\(user.name) may read the files now." : "\(user.name) may not.",
      next: settingsPath(call, repository))
  }
}

private func protect(_ call: Call, _ form: Query) async throws -> Response {
  let repository = try call.repository().repository
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    let tag = try form.text("tag")
    let isProtected = form["protect"] == "yes"
    try await call.registry.protect(tag, isProtected, of: repository, by: call.caller.name)
    return call.done(
      isProtected
        ? "\(tag) is protected: nobody deletes it by mistake."
        : "\(tag) is not protected any more.",
      next: settingsPath(call, repository))
  }
}

private func delete(_ call: Call, _ form: Query) async throws -> Response {
  let repository = try call.repository().repository
  return try await orShownAgain({ try await settingsPage(call, form, problem: $0) }) {
    guard form["confirm"]?.trimmingCharacters(in: .whitespaces) == repository.fullName else {
      throw Problem.unprocessable("To delete it, enter its whole name: \(repository.fullName)")
    }
    try await call.registry.delete(repository, by: call.caller.name)
    return call.done(
      "\(repository.fullName) was deleted. It can be restored here for a while.",
      next: "/\(percentEncoded(repository.owner))?deleted=1")
  }
}

// MARK: - Readers

private func like(_ call: Call, _ form: Query) async throws -> Response {
  try call.requireWholeToken()
  let repository = try call.repository().repository
  try await call.registry.like(repository, by: call.account(), form["liked"] == "yes")
  let next = form["next"].map { Call.safeNext($0) } ?? call.path(of: repository)
  return .seeOther(next)
}

private func accessPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil)
  async throws -> Response
{
  let repository = try call.repository().repository
  let account = try call.account()
  let status = try await call.registry.accessStatus(repository, account: account)
  return Page(
    "Access to \(repository.fullName)", "access",
    [
      "repository": repository.fullName, "path": call.path(of: repository),
      "owner": repository.owner, "short": repository.name, "isOpen": repository.gate == .no,
      "isManual": repository.gate == .manual, "isPending": status == "pending",
      "isAccepted": status == "accepted" || call.caller.level(repository) >= .write,
      "isRejected": status == "rejected", "reason": entered?["reason"] ?? "",
      "email": account.email ?? "no e-mail address",
    ], problem: problem
  ).response(call)
}

private func askForAccess(_ call: Call, _ form: Query) async throws -> Response {
  try call.requireWholeToken()
  let repository = try call.repository().repository
  let account = try call.account()
  return try await orShownAgain({ try await accessPage(call, form, problem: $0) }) {
    guard repository.gate != .no else {
      throw Problem.unprocessable("\(repository.fullName) is open to all")
    }
    let next = call.path(of: repository)
    // A decision stays: asking again does not undo it.
    if try await call.registry.accessStatus(repository, account: account) != nil {
      return .seeOther(next)
    }
    let reason = (form["reason"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    guard reason.unicodeScalars.count <= 2000 else {
      throw Problem.unprocessable("The reason is longer than 2000 characters")
    }
    let isAutomatic = repository.gate == .auto
    try await call.registry.setAccess(
      repository, account: account, status: isAutomatic ? "accepted" : "pending",
      reason: reason.isEmpty ? nil : reason, by: account.name)
    return call.done(
      isAutomatic ? "You may read the files now." : "Your request was sent to \(repository.owner).",
      next: next)
  }
}
