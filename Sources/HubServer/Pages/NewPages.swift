/// Publishing: a new repository, and files into it.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let newPages = [
  Endpoint(page: "/new", .signedIn, "The page to make a repository") { try await newPage($0) },
  Endpoint(form: "/new", .signedIn, "Make a repository", makeRepository),
  Endpoint(page: "/{repo}/upload", .writeRepository, "The page to upload files") {
    try await uploadPage($0)
  },
  Endpoint(files: "/{repo}/upload", .writeRepository, "Upload files", upload),
]

// MARK: - A new repository

private let licences = [
  "apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0",
  "gpl-3.0", "lgpl-3.0", "openrail", "llama3", "gemma", "other",
]

private let tasks = [
  "text-classification", "token-classification", "question-answering", "multiple-choice",
  "fill-mask", "text-generation", "text2text-generation", "summarization", "translation",
  "feature-extraction", "sentence-similarity", "zero-shot-classification",
]

private func newPage(_ call: Call, _ entered: Query? = nil, problem: Problem? = nil) async throws
  -> Response
{
  let account = try call.account()
  let organisations = try await call.registry.organisations(of: call.caller)
    .map(\.account).filter { call.caller.mayCreate(in: $0) }
  let names = [account.name] + organisations.map(\.name)
  let owner = entered?["owner"] ?? call.query["owner"] ?? account.name
  func field(_ name: String) -> String { entered?[name] ?? "" }
  return Page(
    "New adapter", "new",
    [
      "owners": options(names.map { ($0, $0) }, chosen: owner),
      "name": field("name"), "base": field("base"), "isPrivate": field("visibility") == "private",
      "licences": options(licences.map { ($0, $0) }, chosen: field("licence")),
      "tasks": options(tasks.map { ($0, $0) }, chosen: field("task")),
    ], problem: problem
  ).response(call)
}

private func makeRepository(_ call: Call, _ form: Query) async throws -> Response {
  let creator = try call.account()
  return try await orShownAgain({ try await newPage(call, form, problem: $0) }) {
    let owner = try await call.registry.account(form.text("owner"))
    guard call.caller.mayCreate(in: owner) else {
      throw Problem.forbidden("\(creator.name) may not create adapters under \(owner.name)")
    }
    let name = try form.text("name")
    let identifier = try Registry.checkedRepositoryName(owner: owner.name, name: name)
    let card = try firstCard(form, name: name)
    if let known = try await call.registry.repository(identifier), !known.isMoved {
      throw Problem.conflict("There is \(known.repository.fullName) already: choose another name")
    }
    let repository: Repository
    do {
      repository = try await call.registry.makeRepository(
        name, owner: owner, creator: creator, isPrivate: form["visibility"] == "private")
    } catch let problem as Problem where problem.status == .conflict {
      throw Problem.conflict("There is \(identifier) already: choose another name")
    }
    do {
      _ = try await call.commit(
        card, at: "README.md", to: repository, title: "Add a card", message: "", parent: nil)
    } catch {
      // A name that was taken for nothing could not be tried again.
      try await call.registry.delete(repository, by: creator.name)
      throw error
    }
    return call.done(
      "\(repository.fullName) is there. Now its files.", next: "\(call.path(of: repository))/upload"
    )
  }
}

/// A card of what was chosen, to be gone on with.
private func firstCard(_ form: Query, name: String) throws -> String {
  var lines = ["---"]
  let licence = try form.text("licence")
  if !licence.isEmpty {
    guard CardVocabulary.licenses.contains(licence) else {
      throw Problem.unprocessable("\(quoted(licence)) is no licence that cards name")
    }
    lines.append("license: \(licence)")
  }
  let task = try form.text("task")
  if !task.isEmpty {
    guard CardVocabulary.pipelineTags.contains(task) else {
      throw Problem.unprocessable("\(quoted(task)) is no task that cards name")
    }
    lines.append("pipeline_tag: \(task)")
  }
  let base = try form.text("base")
  if !base.isEmpty {
    guard let identifier = try? RepositoryIdentifier(base) else {
      throw Problem.unprocessable(
        "\(quoted(base)) is no name of a base model: bert-base-uncased, or owner/name")
    }
    // Names are letters, digits and . - _ alone, but 1e3 would still be a number.
    lines.append("base_model: \"\(identifier)\"")
  }
  lines += [
    "---", "", "# \(name)", "",
    "What this adapter does, what it was trained on, and how well it does it.", "",
  ]
  return lines.joined(separator: "\n")
}

extension Call {
  /// Commits one text, as the caller, to the main branch.
  ///
  /// - Parameters:
  ///   - text: the content.
  ///   - path: where it is put.
  ///   - repository: which the caller may write to.
  ///   - title: the commit's.
  ///   - message: the commit's.
  ///   - parent: the commit that the branch must be at; nil for any.
  /// - Returns: the name of the commit.
  /// - Throws: `Problem`, 412 where the branch is elsewhere.
  func commit(
    _ text: String, at path: String, to repository: Repository, title: String, message: String,
    parent: String?
  ) async throws -> String {
    var reader = CommitReader(hub, repository: repository)
    defer { reader.release() }
    try await reader.takeContent(Array(text.utf8))
    try await reader.endFile(path)
    return try await finish(
      reader.request(title, message: message, parent: parent), to: repository)
  }

  /// Puts a commit onto the main branch and describes what it made.
  func finish(_ request: CommitRequest, to repository: Repository) async throws -> String {
    let (commit, isNew) = try await registry.commit(
      request, to: "main", of: repository, by: account())
    if isNew {
      hub.metrics.commit()
      await hub.describeIfPossible(repository, commit: commit.name)
    }
    return commit.name
  }
}

// MARK: - Files

private func uploadPage(_ call: Call, problem: Problem? = nil) async throws -> Response {
  let repository = try call.repository().repository
  let snapshot = try await call.snapshot("main")
  let limits = call.hub.settings.limits
  return Page(
    "Upload to \(repository.fullName)", "upload",
    [
      "repository": repository.fullName, "path": call.path(of: repository),
      "owner": repository.owner, "short": repository.name,
      "fileCount": snapshot.files.count, "isEmpty": snapshot.files.count <= 1,
      "regularBytes": limits.regularBytes, "regularText": byteText(limits.regularBytes),
      "url": call.baseURL,
    ], problem: problem
  ).response(call)
}

/// Takes a form with files, for browsers without a script.
private func upload(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let limits = call.hub.settings.limits
  if let text = call.request.headers[.contentLength], let length = Int(text),
    length > limits.commitBytes
  {
    throw Problem.tooLarge("The upload is \(length) bytes long, the limit is \(limits.commitBytes)")
  }
  var form: Multipart
  do {
    form = try Multipart(contentType: call.request.headers[.contentType])
  } catch {
    // What is no form of ours proves nothing either.
    try call.checkFormToken(nil)
    throw error
  }
  var reader = CommitReader(call.hub, repository: repository)
  defer { reader.release() }
  var fields = FormFields(fileLimit: limits.filesPerCommit)
  // A body can be begun once: what is left of it is read by the same iterator.
  var body = call.request.body.makeAsyncIterator()
  var received = 0
  do {
    while let buffer = try await body.next() {
      received += buffer.readableBytes
      guard received <= limits.commitBytes else {
        throw Problem.tooLarge("The upload is longer than \(limits.commitBytes) bytes")
      }
      call.hub.metrics.received(buffer.readableBytes)
      for event in try form.take(buffer.readableBytesView) {
        try await fields.take(event, &reader) { try call.checkFormToken($0) }
      }
    }
    try form.finish()
    // A form of no parts at all has no proof either.
    try call.checkFormToken(fields.values["csrf"])
    guard fields.fileCount > 0 else { throw Problem.unprocessable("Choose at least one file") }
    let title = fields.values["title"].flatMap { $0.isEmpty ? nil : $0 } ?? "Upload files"
    _ = try await call.finish(
      reader.request(title, message: "", parent: nil), to: repository)
  } catch let problem as Problem where [400, 413, 422, 507].contains(problem.status.code) {
    // What still comes is read, within reason, so that the browser gets to see the answer.
    let end = received + (256 << 20)
    while received < end, let buffer = try await body.next() { received += buffer.readableBytes }
    return try await uploadPage(call, problem: problem)
  }
  return call.done(
    "\(fields.fileCount) file\(fields.fileCount == 1 ? " was" : "s were") uploaded.",
    next: call.path(of: repository))
}

/// The fields of a form with files; the files go to the reader.
private struct FormFields {
  var values: [String: String] = [:]
  var fileCount = 0
  private let fileLimit: Int
  private var name = ""
  private var file: String?
  private var text: [UInt8] = []
  /// Of all fields together.
  private var byteCount = 0

  private static let names: Set<String> = ["csrf", "title"]
  private static let byteLimit = 65_536

  init(fileLimit: Int) { self.fileLimit = fileLimit }

  mutating func take(
    _ event: Multipart.Event, _ reader: inout CommitReader, check: (String?) throws -> Void
  ) async throws {
    switch event {
    case .part(let name, let file):
      // Nothing is kept of a form that does not come from our page: so its proof comes first.
      if name != "csrf" || file != nil { try check(values["csrf"]) }
      guard file == nil ? Self.names.contains(name) : name == "files" else {
        throw Problem.badRequest("The form has a field \(quoted(name)), which is not known here")
      }
      guard file != nil || values[name] == nil else {
        throw Problem.badRequest("The field \(quoted(name)) of the form comes twice")
      }
      guard file == nil || fileCount < fileLimit else {
        throw Problem.tooLarge("A commit may have \(fileLimit) changes")
      }
      (self.name, self.file, text) = (name, file, [])
    case .content(let bytes):
      if let file {
        if !file.isEmpty { try await reader.takeContent(bytes) }
      } else {
        byteCount += bytes.count
        guard byteCount <= Self.byteLimit else {
          throw Problem.tooLarge("The fields of the form are longer than \(Self.byteLimit) bytes")
        }
        text += bytes
      }
    case .end:
      guard let file else {
        guard let text = String(validating: text, as: UTF8.self) else {
          throw Problem.badRequest("A field of the form is not UTF-8")
        }
        if name == "csrf" { try check(text) }
        values[name] = text
        return
      }
      // A browser sends a file without a name where none was chosen.
      guard !file.isEmpty else { return }
      try await reader.endFile(file)
      fileCount += 1
    }
  }
}
