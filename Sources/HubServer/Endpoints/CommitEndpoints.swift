/// Uploads: what to send how, and the commit that makes it part of a repository.
internal import Files
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

let commitEndpoints = [
  Endpoint(
    .post, "/api/models/{repo}/preupload/{revision}", .writeRepository,
    "How each file is to be sent", query: [("create_pr", "boolean", "Not in this hub")],
    body: .json(["files": "array", "gitIgnore": "string"]), preupload),
  Endpoint(
    .post, "/api/models/{repo}/commit/{revision}", .writeRepository, "Make a commit",
    query: [("create_pr", "boolean", "Not in this hub")], body: .lines, commit),
  Endpoint(
    .get, "/api/models/{repo}/lfs-files", .writeRepository, "The large files of a repository",
    listLargeFiles),
]

/// - Throws: `Problem` where a pull request is asked for.
private func refusePullRequest(_ call: Call) throws {
  guard call.query.flag("create_pr") else { return }
  throw Problem(.notFound, "This hub has no pull requests: commit to a branch")
}

/// The branch that an upload is for; its name may come with `refs/heads/`.
private func branch(_ call: Call) throws -> String {
  let text = try call.value("revision")
  let name = text.hasPrefix("refs/heads/") ? String(text.dropFirst(11)) : text
  guard try call.repository().branches[name] != nil else { throw Problem.noRevision(text) }
  return name
}

private func preupload(_ call: Call) async throws -> Response {
  try refusePullRequest(call)
  let json = try await call.json()
  let branch = try branch(call)
  let snapshot = try await call.snapshot(branch)
  let files = try json.required("files").array()
  guard files.count <= call.hub.settings.limits.filesPerCommit else {
    throw Problem.tooLarge("Ask for \(call.hub.settings.limits.filesPerCommit) files at most")
  }
  var ignore = try json["gitIgnore"]?.string()
  if ignore == nil, let file = snapshot.file(".gitignore"), file.byteCount <= 1 << 20 {
    let blobs = call.hub.blobs
    ignore = try await onDisk {
      String(decoding: try readFile(blobs.path(file.digest)), as: UTF8.self)
    }
  }
  let paths = try files.map {
    try checkedPath($0.required("path").string(), call.hub.settings.limits)
  }
  // Off the pool that all requests share: hostile rules and paths take their time.
  let text = ignore ?? ""
  let ignored = try await onDisk { () throws -> [Bool] in
    let rules = GitIgnore(text)
    let deadline = ContinuousClock.now + .seconds(2)
    return try paths.map { path in
      guard ContinuousClock.now < deadline else {
        throw Problem.unprocessable("The rules of .gitignore take too long to be applied")
      }
      return rules.ignores(path)
    }
  }
  var answers: [JSON] = []
  for (index, file) in files.enumerated() {
    let path = paths[index]
    let size = try file.required("size").integer(in: 0...Int.max)
    guard size <= call.hub.settings.limits.fileBytes else {
      throw Problem.tooLarge(
        "\(quoted(path)) is \(size) bytes long, the limit is \(call.hub.settings.limits.fileBytes)")
    }
    let isLarge = size > call.hub.settings.limits.regularBytes
    var answer = JSON.Object([
      ("path", .string(path)), ("uploadMode", isLarge ? "lfs" : "regular"),
      ("shouldIgnore", .bool(ignored[index])),
    ])
    // Clients leave out what is there already; they compare the kind of hash that goes with the
    // way of sending.
    if let there = snapshot.file(path), there.isLarge == isLarge {
      answer["oid"] = .string(there.entityTag)
    }
    answers.append(.object(answer))
  }
  var response = Response.json(
    ["files": .array(answers), "commitOid": .string(snapshot.commit)])
  if answers.contains(where: { $0["uploadMode"] == "lfs" }) {
    // Clients that would send them by another protocol show this, and then fail without a word.
    response.headers[.warningForPeople] =
      "xet; This hub takes files above \(call.hub.settings.limits.regularBytes) bytes by LFS: "
      + "set HF_HUB_DISABLE_XET=1"
  }
  return response
}

private func listLargeFiles(_ call: Call) async throws -> Response {
  let known = try call.repository()
  guard let head = known.branches["main"],
    let snapshot = try await call.registry.snapshot(known.repository, commit: head)
  else { return .json([]) }
  return .json(
    .array(
      snapshot.files.filter(\.isLarge).map { file in
        [
          "fileOid": .string(file.digest), "filename": .string(file.path),
          "oid": .string(file.digest), "pushedAt": .string(known.repository.updatedAt.text),
          "ref": "refs/heads/main", "size": .integer(file.byteCount),
        ]
      }))
}

// MARK: - Commit

private func commit(_ call: Call) async throws -> Response {
  try refusePullRequest(call)
  let branch = try branch(call)
  let repository = try call.repository().repository
  let limits = call.hub.settings.limits
  var reader = CommitReader(call.hub, repository: repository)
  // Until the commit names them, or fails, no sweep takes what came with it.
  defer { reader.release() }
  if let text = call.request.headers[.contentLength], let length = Int(text),
    length > limits.commitBytes
  {
    throw Problem.tooLarge("The commit is \(length) bytes long, the limit is \(limits.commitBytes)")
  }
  var received = 0
  for try await buffer in call.request.body {
    received += buffer.readableBytes
    guard received <= limits.commitBytes else {
      throw Problem.tooLarge("The commit is longer than the limit of \(limits.commitBytes) bytes")
    }
    call.hub.metrics.received(buffer.readableBytes)
    try await reader.take(buffer)
  }
  let request = try await reader.finish()
  let (commit, isNew) = try await call.registry.commit(
    request, to: branch, of: repository, by: call.account())
  if isNew {
    call.hub.metrics.commit()
    Crash.point("commit-before-description")
    if branch == "main" { await call.hub.describeIfPossible(repository, commit: commit.name) }
  }
  return .json([
    "success": true, "commitOid": .string(commit.name),
    "commitUrl": .string("\(call.baseURL)/\(repository.fullName)/commit/\(commit.name)"),
    "hookOutput": "",
  ])
}

/// Reads the lines of a commit, or the files of a form; files go to the disk as they come.
struct CommitReader {
  private let hub: HubCore
  private let repository: Repository
  private var lines = CommitLines()
  private var file: IncomingFile?
  private var header: Field?
  private var changes: [Change] = []
  private var lineCount = 0
  private var held: [String] = []

  mutating func release() {
    for digest in held { hub.arriving.remove(digest) }
    held = []
  }

  init(_ hub: HubCore, repository: Repository) {
    self.hub = hub
    self.repository = repository
  }

  mutating func take(_ buffer: ByteBuffer) async throws {
    var events: [CommitLines.Event] = []
    try buffer.withUnsafeReadableBytes { bytes in try lines.take(bytes) { events.append($0) } }
    for event in events { try await handle(event) }
  }

  mutating func finish() async throws -> CommitRequest {
    var events: [CommitLines.Event] = []
    try lines.finish { events.append($0) }
    for event in events { try await handle(event) }
    guard let header else { throw Problem.badRequest("The commit has no header line") }
    let parent = try header["parentCommit"]?.string()
    guard parent.map(isCommitName) ?? true else {
      throw Problem.badRequest("parentCommit must be the whole name of a commit")
    }
    guard !changes.isEmpty || lineCount == 1 else { throw Problem.badRequest("Nothing to commit") }
    return CommitRequest(
      title: cleanedTitle(try header["summary"]?.string() ?? ""),
      message: String((try header["description"]?.string() ?? "").prefix(65_536)), parent: parent,
      changes: changes)
  }

  private mutating func handle(_ event: CommitLines.Event) async throws {
    switch event {
    case .content(let bytes): try await takeContent(bytes)
    case .line(let json, let hadContent):
      lineCount += 1
      guard lineCount <= hub.settings.limits.filesPerCommit + 1 else {
        throw Problem.tooLarge(
          "A commit may have \(hub.settings.limits.filesPerCommit) changes")
      }
      do {
        try await handle(Field(json, file: "line \(lineCount)"), hadContent: hadContent)
      } catch let failure as FileFailure where failure.path.hasPrefix("line ") {
        throw Problem.badRequest("\(failure)")
      }
      file = nil
    }
  }

  /// Takes the next bytes of the file that is coming.
  mutating func takeContent(_ bytes: [UInt8]) async throws {
    let file = try self.file ?? hub.blobs.receive()
    self.file = file
    try await file.write(bytes)
    guard await file.byteCount <= hub.settings.limits.fileBytes else {
      throw Problem.tooLarge("A file is longer than \(hub.settings.limits.fileBytes) bytes")
    }
  }

  /// Keeps the file that has come whole, for those who know its path beside its content.
  mutating func endFile(_ path: String) async throws {
    guard changes.count < hub.settings.limits.filesPerCommit else {
      throw Problem.tooLarge("A commit may have \(hub.settings.limits.filesPerCommit) changes")
    }
    try await keep(path: checkedPath(path, hub.settings.limits))
    file = nil
  }

  /// The commit of the files that were kept.
  func request(_ title: String, message: String, parent: String?) -> CommitRequest {
    CommitRequest(
      title: cleanedTitle(title), message: String(message.prefix(65_536)), parent: parent,
      changes: changes)
  }

  private mutating func handle(_ line: Field, hadContent: Bool) async throws {
    let key = try line.required("key").string()
    let value = try line.required("value")
    switch key {
    case "header":
      guard header == nil else { throw Problem.badRequest("The commit has two header lines") }
      header = value
    case "file":
      guard hadContent else { throw value.failure("has no content") }
      guard try value["encoding"]?.string() ?? "base64" == "base64" else {
        throw value.failure("has another encoding than base64")
      }
      try await keep(path: path(value))
    case "lfsFile":
      try await large(value)
    case "deletedFile": changes.append(.deleteFile(path: try path(value)))
    case "deletedFolder":
      var folder = try value.required("path").string()
      while folder.hasSuffix("/") { folder.removeLast() }
      changes.append(.deleteFolder(path: try checkedPath(folder, hub.settings.limits)))
    default: throw line.failure("has the key \(quoted(key)), which is not known")
    }
  }

  private func path(_ value: Field) throws -> String {
    try checkedPath(value.required("path").string(), hub.settings.limits)
  }

  /// Keeps a file that has come whole.
  private mutating func keep(path: String) async throws {
    let file = try self.file ?? hub.blobs.receive()
    let digest = await file.digest()
    let name = try await file.gitName()
    let byteCount = await file.byteCount
    try await refusePointer(file, path)
    if path == "README.md", byteCount <= hub.settings.limits.cardBytes {
      try await checkCard(file)
    }
    try await hub.registry.requireRoom(for: digest, byteCount: byteCount, in: repository)
    hub.arriving.insert(digest)
    held.append(digest)
    // A sweep must not take it before the commit names it.
    try await hub.keep(file, digest: digest, byteCount: byteCount, for: repository)
    changes.append(
      .put(path: path, name: name, digest: digest, byteCount: byteCount, isLarge: false))
  }

  /// Refuses git's text for a large file where the file itself should be.
  ///
  /// In git both have one name, so that one would tell of the other, or stand in its way.
  private func refusePointer(_ file: IncomingFile, _ path: String) async throws {
    guard await file.byteCount < 1024 else { return }
    let start = "version https://git-lfs.github.com/spec/"
    guard try await file.content().starts(with: start.utf8) else { return }
    throw Problem.unprocessable(
      "\(quoted(path)) is a git-lfs pointer, not the file: run `git lfs pull` before the upload")
  }

  /// Refuses a card that no client could read.
  private func checkCard(_ file: IncomingFile) async throws {
    let text = String(decoding: try await file.content(), as: UTF8.self)
    let (errors, warnings) = cardProblems(text, hub.settings.limits)
    guard errors.isEmpty else {
      throw Problem(
        .badRequest, "Invalid metadata in README.md",
        body: [
          "error": "Invalid metadata in README.md", "errors": .array(errors),
          "warnings": .array(warnings),
        ])
    }
  }

  /// Names content that was uploaded before, to this repository.
  private mutating func large(_ value: Field) async throws {
    let path = try path(value)
    let digest = try value.required("oid").string()
    guard digest.utf8.count == 64, bytes(hexadecimal: digest) != nil else {
      throw value.failure("has no SHA-256 as its oid")
    }
    guard try value["algo"]?.string() ?? "sha256" == "sha256" else {
      throw value.failure("has another algorithm than sha256")
    }
    hub.arriving.insert(digest)
    held.append(digest)
    guard let byteCount = try await hub.registry.byteCount(of: digest, in: repository) else {
      throw Problem.unprocessable(
        "The content of \(quoted(path)) was not uploaded to \(repository.fullName)")
    }
    guard try value["size"]?.integer() ?? byteCount == byteCount else {
      throw value.failure("has another size than what was uploaded: \(byteCount)")
    }
    let pointer = GitObject.pointer(digest: digest, byteCount: byteCount)
    changes.append(
      .put(
        path: path, name: GitObject.name("blob", pointer), digest: digest, byteCount: byteCount,
        isLarge: true))
  }
}
