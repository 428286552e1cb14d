/// Sending a folder to a hub, as one commit.
internal import Files
internal import NIOCore
internal import NIOHTTP1

/// What a push sends, or has sent.
public struct PushedFolder: Sendable {
  public let repository: RepositoryIdentifier
  public let revision: String
  /// Nil when nothing was different, or nothing was sent.
  public let commit: String?
  public let address: String?
  /// What was new, or is.
  public let files: [UploadFile]
  /// The paths that the hub had already, just so.
  public let unchanged: [String]

  public var byteCount: Int { files.reduce(0) { $0 + $1.size } }
}

/// How a push goes on.
public enum PushEvent: Sendable {
  case planned(files: Int, bytes: Int)
  case sent(Int)
}

extension HubClient {
  /// Reads the files of a folder, and what a push would send of them where nothing is there yet.
  public func files(toPush folder: String) async throws -> [UploadFile] {
    try await onDisk {
      try UploadFile.paths(in: folder).map { try UploadFile("\(folder)/\($0)", as: $0) }
    }
  }

  /// Sends a folder: makes the repository where there is none, and one commit of what is different.
  ///
  /// - Parameters:
  ///   - folder: its files, hidden ones left out.
  ///   - repository: where to.
  ///   - revision: a branch, made where there is none.
  ///   - message: the commit's title.
  ///   - isPrivate: whether a new repository is seen by its owner alone.
  ///   - progress: is told how it goes, from any thread.
  /// - Returns: the commit, and what was sent.
  /// - Throws: ``HubFailure``, or ``FileFailure`` for the disk.
  public func push(
    _ folder: String, to repository: RepositoryIdentifier, revision: String = "main",
    message: String, isPrivate: Bool = false,
    progress: @escaping @Sendable (PushEvent) -> Void = { _ in }
  ) async throws -> PushedFolder {
    let files = try await files(toPush: folder)
    guard !files.isEmpty else { throw FileFailure(folder, "holds no files to push") }
    if let card = files.first(where: { $0.path == "README.md" }) { try await check(card) }
    do {
      try await createRepository(repository, isPrivate: isPrivate)
    } catch let failure as HubFailure where failure.kind == .notAllowed {
      // Who may not make it may write into it all the same, if it is there.
      guard (try? await info(AdapterReference(repository))) != nil else { throw failure }
    }
    if revision != "main" { try await createBranch(revision, of: repository) }
    let plan = try await plan(files, repository, revision)
    let changed = plan.regular + plan.large
    progress(.planned(files: changed.count, bytes: changed.reduce(0) { $0 + $1.size }))
    var commit: (id: String, address: String?)?
    if !changed.isEmpty {
      if !plan.large.isEmpty {
        try await sendLargeFiles(plan.large, to: repository, revision: revision) {
          progress(.sent($0))
        }
      }
      commit = try await self.commit(plan, to: repository, revision, message)
      progress(.sent(plan.regular.reduce(0) { $0 + $1.size }))
    }
    return PushedFolder(
      repository: repository, revision: revision, commit: commit?.id, address: commit?.address,
      files: changed, unchanged: plan.unchanged)
  }

  /// Lets the hub look at a card before anything is sent.
  private func check(_ card: UploadFile) async throws {
    let bytes = try await onDisk { try readFile(card.source, limit: 16 << 20) }
    let problems = try await problems(ofCard: String(decoding: bytes, as: UTF8.self))
    if let problem = problems.first(where: \.isError) {
      throw FileFailure(
        card.source, at: problem.line.map { "line \($0)" },
        "the hub does not take this card: \(problem.message)",
        hint: "adapterhub card shows all that is wrong")
    }
  }

  /// Which files go how.
  private struct Plan {
    var regular: [UploadFile] = []
    var large: [UploadFile] = []
    var unchanged: [String] = []
  }

  /// Asks the hub how it wants each file, and which it has.
  private func plan(
    _ files: [UploadFile], _ repository: RepositoryIdentifier, _ revision: String
  ) async throws -> Plan {
    var plan = Plan()
    for start in stride(from: 0, to: files.count, by: 256) {
      let part = files[start..<min(start + 256, files.count)]
      let entries = part.map { file -> JSON in
        let sample = file.sample.withUnsafeBytes { base64($0) }
        return [
          "path": .string(file.path), "size": .integer(file.size),
          "sample": .string(String(decoding: sample, as: UTF8.self)),
        ]
      }
      let request = HubRequest(
        .POST, api("/models/\(repository)/preupload/\(percentEncoded(revision))"),
        about: "\(repository)"
      ).sending(["files": .array(entries)])
      let answer = try await transport.json(request)
      try await decoding {
        var modes: [String: Field] = [:]
        for entry in try answer.required("files").array() {
          modes[try entry.required("path").string()] = entry
        }
        for file in part {
          guard let mode = modes[file.path] else {
            throw answer.failure("says nothing of \(file.path)")
          }
          let isLarge = try mode["uploadMode"]?.string() == "lfs" && file.size > 0
          if try mode["shouldIgnore"]?.bool() == true {
            plan.unchanged.append(file.path)
          } else if try mode["oid"]?.string() == (isLarge ? file.sha256 : file.blobID) {
            plan.unchanged.append(file.path)
          } else if isLarge {
            plan.large.append(file)
          } else {
            plan.regular.append(file)
          }
        }
      }
    }
    return plan
  }

  private func commit(
    _ plan: Plan, to repository: RepositoryIdentifier, _ revision: String, _ message: String
  ) async throws -> (id: String, address: String?) {
    let (title, description) = titleAndRest(message)
    let body = CommitBody(
      summary: title, description: description, parent: nil, regular: plan.regular,
      large: plan.large)
    var request = HubRequest(
      .POST, api("/models/\(repository)/commit/\(percentEncoded(revision))"),
      about: "\(repository)")
    request.headers.add(name: "content-type", value: "application/x-ndjson")
    request.body = { body.body }
    let answer = try await transport.json(request)
    return try await decoding {
      (try answer.required("commitOid").string(), try answer["commitUrl"]?.string())
    }
  }

  /// The first line of a message, and what follows the empty one behind it.
  private func titleAndRest(_ message: String) -> (String, String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
    let rest = lines.dropFirst().drop { $0.isEmpty }
    return (String(lines.first ?? ""), rest.joined(separator: "\n"))
  }
}
