/// Repositories: made, described, moved, set, deleted.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

private let infoQuery: [(name: String, type: String, text: String)] = [
  ("blobs", "boolean", "Whether files come with their sizes and hashes"),
  ("expand", "array", "The properties to answer with, instead of all"),
  ("securityStatus", "boolean", "Accepted; findings are part of `adapter`"),
]

let repositoryEndpoints = [
  Endpoint(
    .post, "/api/repos/create", .signedIn, "Make a repository",
    body: .json([
      "name": "string", "organization": "string", "type": "string", "private": "boolean",
      "visibility": "string",
    ]), createRepository),
  Endpoint(
    .delete, "/api/repos/delete", .signedIn, "Delete a repository",
    body: .json(["name": "string", "organization": "string", "type": "string"]), deleteRepository),
  Endpoint(
    .post, "/api/repos/move", .signedIn, "Give a repository another name",
    body: .json(["fromRepo": "string", "toRepo": "string", "type": "string"]), moveRepository),
  Endpoint(
    .put, "/api/models/{repo}/settings", .administerRepository, "Change visibility and gating",
    body: .json(["private": "boolean", "visibility": "string", "gated": "string"]),
    changeRepository),
  Endpoint(
    .get, "/api/models/{repo}/revision/{revision}", .seeRepository, "A repository at a revision",
    query: infoQuery, { try await info($0, revision: $0.value("revision")) }),
  Endpoint(
    .get, "/api/models/{repo}/auth-check", .readFiles, "Whether the caller may read files",
    { _ in .json(["ok": true]) }),
  Endpoint(
    .get, "/api/models/{repo}/auth-check/write", .writeRepository, "Whether the caller may write",
    { _ in .json(["ok": true]) }),
  Endpoint(
    .post, "/api/models/{repo}/duplicate", .readFiles, "Copy a repository to a new one",
    body: .json(["repository": "string", "private": "boolean", "visibility": "string"]),
    duplicateRepository),
  Endpoint(
    .post, "/api/models/{repo}/like", .signedIn, "Like a repository", { try await like($0, true) }),
  Endpoint(
    .delete, "/api/models/{repo}/like", .signedIn, "Like it no more", { try await like($0, false) }),
  Endpoint(.get, "/api/models/{repo}/likers", .seeRepository, "Who likes a repository", likers),
  Endpoint(
    .get, "/api/models/{repo}", .seeRepository, "A repository at its main branch",
    query: infoQuery, { try await info($0, revision: nil) }),
]

extension Call {
  /// A repository that a body names and the caller may see.
  func visibleRepository(_ name: String) async throws -> KnownRepository {
    guard let identifier = try? RepositoryIdentifier(name),
      let known = try await registry.repository(identifier), caller.level(known.repository) >= .read
    else { throw Problem.noRepository(name, for: caller) }
    return known
  }

  /// A repository that a body names and the caller administers.
  fileprivate func ownRepository(_ name: String) async throws -> KnownRepository {
    let known = try await visibleRepository(name)
    guard caller.level(known.repository) >= .admin else {
      throw Problem.forbidden("\(caller.name) may not do this to \(known.repository.fullName)")
    }
    return known
  }

  /// The account in whose name a repository is to be made.
  fileprivate func owner(_ name: String?) async throws -> Account {
    let account = try account()
    let owner = try await name.mapAsync { try await registry.account($0) } ?? account
    guard caller.mayCreate(in: owner) else {
      throw Problem.forbidden(
        "\(caller.name) may not create repositories under \(owner.name)"
          + (caller.scope == .read ? ": the token is for reading" : ""))
    }
    return owner
  }
}

extension Optional {
  /// `map` for what takes its time.
  func mapAsync<T>(_ transform: (Wrapped) async throws -> T) async rethrows -> T? {
    switch self {
    case .some(let value): try await transform(value)
    case .none: nil
    }
  }
}

/// `private` of older clients, `visibility` of newer ones.
private func isPrivate(_ json: Field) throws -> Bool? {
  if let visibility = try json["visibility"]?.string() {
    guard ["public", "private"].contains(visibility) else {
      throw Problem.unprocessable("visibility is public or private")
    }
    return visibility == "private"
  }
  return try json["private"]?.bool()
}

/// - Throws: `Problem` for data sets and spaces.
private func checkType(_ json: Field) throws {
  guard let type = try json["type"]?.string(), type != "model" else { return }
  throw Problem(
    .notFound, "This hub holds models and adapters, no repositories of type \(quoted(type))")
}

private func createRepository(_ call: Call) async throws -> Response {
  let json = try await call.json()
  try checkType(json)
  var name = try json.required("name").string()
  var organisation = try json["organization"]?.string()
  if let slash = name.firstIndex(of: "/") {
    organisation = organisation ?? String(name[..<slash])
    name = String(name[name.index(after: slash)...])
  }
  let creator = try call.account()
  let owner = try await call.owner(organisation)
  let identifier = try Registry.checkedRepositoryName(owner: owner.name, name: name)
  let url = "\(call.baseURL)/\(owner.name)/\(name)"
  if let known = try await call.registry.repository(identifier), !known.isMoved {
    throw Problem.conflict(
      "You already created this model repo",
      body: [
        "error": "You already created this model repo",
        "url": .string("\(call.baseURL)/\(known.repository.fullName)"),
      ])
  }
  let repository: Repository
  do {
    repository = try await call.registry.makeRepository(
      name, owner: owner, creator: creator, isPrivate: isPrivate(json) ?? false)
  } catch var problem as Problem where problem.status == .conflict {
    problem.body = ["error": .string(problem.message), "url": .string(url)]
    throw problem
  }
  return .json([
    "url": .string(url), "name": .string(repository.fullName),
    "id": .string(String(repository.id)),
  ])
}

private func fullName(_ json: Field, _ call: Call) throws -> String {
  let name = try json.required("name").string()
  if name.contains("/") { return name }
  return "\(try json["organization"]?.string() ?? call.account().name)/\(name)"
}

private func deleteRepository(_ call: Call) async throws -> Response {
  let json = try await call.json()
  try checkType(json)
  let known = try await call.ownRepository(fullName(json, call))
  try await call.registry.delete(known.repository, by: call.caller.name)
  return .json(["deleted": .string(known.repository.fullName)])
}

private func moveRepository(_ call: Call) async throws -> Response {
  let json = try await call.json()
  try checkType(json)
  let known = try await call.ownRepository(json.required("fromRepo").string())
  let target = try json.required("toRepo").string()
  let parts = target.split(separator: "/", omittingEmptySubsequences: false)
  guard parts.count == 2 else {
    throw Problem.badRequest("toRepo must be owner/name, found \(quoted(target))")
  }
  let owner = try await call.owner(String(parts[0]))
  try await call.registry.move(
    known.repository, to: owner, String(parts[1]), by: call.caller.name)
  return .json(["url": .string("\(call.baseURL)/\(owner.name)/\(parts[1])")])
}

private func changeRepository(_ call: Call) async throws -> Response {
  let json = try await call.json()
  var gate: Gate?
  if let field = json["gated"] {
    switch field.json {
    case .bool(false): gate = .no
    case .string("auto"): gate = .auto
    case .string("manual"): gate = .manual
    default: throw Problem.unprocessable("gated is false, \"auto\" or \"manual\"")
    }
  }
  let isPrivate = try isPrivate(json)
  try await call.hub.change(
    call.repository().repository, isPrivate: isPrivate, gate: gate, by: call.caller.name)
  return .json([
    "private": isPrivate.map { .bool($0) } ?? .null,
    "gated": gate.map { $0 == .no ? false : .string($0.rawValue) } ?? .null,
  ])
}

private func duplicateRepository(_ call: Call) async throws -> Response {
  let json = try await call.json()
  let source = try call.repository()
  let target = try json.required("repository").string()
  let parts = target.split(separator: "/")
  guard (1...2).contains(parts.count), let name = parts.last else {
    throw Problem.badRequest("repository must be owner/name, found \(quoted(target))")
  }
  let creator = try call.account()
  let owner = try await call.owner(parts.count == 2 ? String(parts[0]) : nil)
  let hidden = try isPrivate(json) ?? source.repository.isPrivate
  let repository = try await call.registry.makeRepository(
    String(name), owner: owner, creator: creator, isPrivate: hidden)
  let snapshot = try await call.snapshot("main")
  // What was closed to some stays closed to them.
  try await call.registry.change(
    repository, isPrivate: nil, gate: source.repository.gate, by: creator.name)
  let request = CommitRequest(
    title: "Duplicate from \(source.repository.fullName)", message: "", parent: nil,
    changes: snapshot.files.map { file in
      .put(
        path: file.path, name: file.name, digest: file.digest, byteCount: file.byteCount,
        isLarge: file.isLarge)
    })
  do {
    for file in snapshot.files {
      try await call.registry.noteUpload(file.digest, byteCount: file.byteCount, to: repository)
    }
    let (commit, _) = try await call.registry.commit(
      request, to: "main", of: repository, by: creator)
    await call.hub.describeIfPossible(repository, commit: commit.name)
  } catch {
    // Half a copy is none.
    try await call.registry.delete(repository, by: creator.name)
    throw error
  }
  return .json(["url": .string("\(call.baseURL)/\(repository.fullName)")])
}

private func like(_ call: Call, _ isLiked: Bool) async throws -> Response {
  try call.requireWholeToken()
  try await call.registry.like(call.repository().repository, by: call.account(), isLiked)
  return .json(["liked": .bool(isLiked)])
}

private func likers(_ call: Call) async throws -> Response {
  let accounts = try await call.registry.likers(of: call.repository().repository)
  return .json(
    .array(
      accounts.map { account in
        [
          "_id": .string(String(account.id)), "user": .string(account.name),
          "fullname": .string(account.fullName.isEmpty ? account.name : account.fullName),
          "type": "user", "isPro": false, "avatarUrl": "",
        ]
      }))
}

// MARK: - Information

private func info(_ call: Call, revision: String?) async throws -> Response {
  let known = try call.repository()
  let snapshot = try await call.snapshot(revision ?? "main")
  let listed = try await call.registry.listed(known.repository)
  var json = modelJSON(listed, call)
  json["sha"] = .string(snapshot.commit)
  let showsBlobs = call.query.flag("blobs")
  json["siblings"] = .array(
    snapshot.files.map { file in
      var sibling = JSON.Object([("rfilename", .string(file.path))])
      if showsBlobs {
        sibling["size"] = .integer(file.byteCount)
        sibling["blobId"] = .string(file.name)
        if file.isLarge { sibling["lfs"] = file.largeFileJSON }
      }
      return .object(sibling)
    })
  json["usedStorage"] = .integer(known.repository.usedBytes)
  json["spaces"] = []
  return .json(.object(selected(json, call.query.all("expand"))))
}

/// The properties that were asked for, and the id; all of them where none were named.
func selected(_ json: JSON.Object, _ properties: [String]) -> JSON.Object {
  guard !properties.isEmpty else { return json }
  var chosen = JSON.Object([("id", json["id"] ?? .null)])
  for key in ["_id", "modelId"] { chosen[key] = json[key] }
  for property in properties { chosen[property] = json[property] ?? .null }
  return chosen
}

/// A repository as lists and pages of it begin.
func modelJSON(_ listed: ListedRepository, _ call: Call) -> JSON.Object {
  let repository = listed.repository
  let gate: JSON = repository.gate == .no ? false : .string(repository.gate.rawValue)
  var json = JSON.Object([
    ("_id", .string(String(repository.id))), ("id", .string(repository.fullName)),
    ("modelId", .string(repository.fullName)), ("author", .string(repository.owner)),
    ("sha", .string(listed.commit)), ("lastModified", .string(repository.updatedAt.text)),
    ("createdAt", .string(repository.createdAt.text)), ("private", .bool(repository.isPrivate)),
    ("gated", gate), ("disabled", false), ("downloads", .integer(repository.downloads)),
    ("downloadsAllTime", .integer(repository.downloadsOfAllTime)),
    ("likes", .integer(repository.likes)), ("trendingScore", .number(repository.trending)),
    ("tags", .array(listed.tags.map { .string($0) })), ("cardData", listed.card),
    ("config", listed.configuration),
  ])
  if let library = listed.library { json["library_name"] = .string(library) }
  if let task = listed.task { json["pipeline_tag"] = .string(task) }
  if let facts = listed.facts { json["adapter"] = facts }
  if let count = listed.parameters, listed.tags.contains("safetensors") {
    json["safetensors"] = ["total": .integer(count), "parameters": [:]]
  }
  if case .object(let card) = listed.card, let index = card["model-index"] {
    json["model-index"] = index
  }
  return json
}

extension StoredFile {
  /// How the protocol describes a large file's content.
  var largeFileJSON: JSON {
    [
      "sha256": .string(digest), "oid": .string(digest), "size": .integer(byteCount),
      "pointerSize": .integer(GitObject.pointer(digest: digest, byteCount: byteCount).count),
    ]
  }
}
