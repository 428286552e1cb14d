/// `adapterhub push`: an adapter's folder to a hub.
import ArgumentParser
import BaseModels
import Files
import HubClient

struct Push: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send an adapter's folder, or a model's, to a hub, as one commit.",
    discussion: """
      Looks at the adapter first, and refuses a broken one unless --force is given. Writes a card, \
      README.md, where there is none. The repository is made when it is not there; files that the \
      hub has already are not sent. The token is that of adapterhub login, or HF_TOKEN.

      Examples:
        adapterhub push adapters/sst2 lab/sst2
        adapterhub push adapters/sst2 lab/sst2 --private --message 'Train on all data'
        adapterhub push adapters/sst2 lab/sst2 --dry-run
      """)

  @Argument(help: "The adapter's folder, or a base model's.")
  var folder: String

  @Argument(help: "Where to: owner/name.")
  var id: String

  @Flag(name: .customLong("private"), help: "A new repository is seen by its owner alone.")
  var isPrivate = false

  @Option(help: "The branch; made where there is none.")
  var revision = AdapterReference.defaultRevision

  @Option(help: "What the commit says.")
  var message: String?

  @Option(help: "The base model, to say in the card how much smaller the adapter is.")
  var model: String?

  @Flag(help: "Send it although something is wrong with it.")
  var force = false

  @Flag(help: "Show what would be sent, and send nothing.")
  var dryRun = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let problem = AdapterReference.problem(ofRevision: revision) {
      throw ValidationError("--revision \(problem).")
    }
    guard message.map({ !$0.isEmpty }) ?? true else { throw ValidationError("--message is empty.") }
  }

  func run() async throws {
    let repository = try RepositoryIdentifier(id)
    let folder = withoutTrailingSlashes(folder)
    guard fileExists(folder) else { throw FileFailure(folder, "there is no such folder") }
    let hub = try HubClient()
    // A base model goes as it is: adapters on it are worth nothing where it cannot be had.
    let isModel =
      !fileExists("\(folder)/adapter_config.json") && fileExists("\(folder)/config.json")
    let subject = isModel ? nil : try adapter(in: folder, repository, hub)
    let card = "\(folder)/README.md"
    if let text = subject?.card, !dryRun { try writeAtomically(text, to: card) }
    if let text = subject?.card {
      try checkCard(CardFile(text), card)
    } else if fileExists(card) {
      try checkCard(CardFile(contentsOf: card), card)
    }
    if dryRun { return try await showPlan(hub, folder, repository, card: subject?.card) }
    let title = subject.map { "Add \($0.facts.name), \($0.facts.method)" } ?? "Add a model"
    let progress = TransferProgress("push \(repository)", isQuiet: json)
    defer { progress.finish() }
    let pushed = try await hub.push(
      folder, to: repository, revision: revision,
      message: message ?? title, isPrivate: isPrivate
    ) { progress.show($0) }
    progress.finish()
    try report(pushed, hub)
  }

  /// An adapter that may be sent, and the text of the card that it lacks.
  private func adapter(
    in folder: String, _ repository: RepositoryIdentifier, _ hub: HubClient
  ) throws -> (facts: AdapterFacts, card: String?) {
    let base = try knownBase(model, of: nil, hub) ?? knownBase(nil, of: folder, hub)
    let facts = try AdapterFacts(folder: folder, base: base)
    try check(facts, folder)
    guard !fileExists("\(folder)/README.md") else { return (facts, nil) }
    let card = generateCard(
      facts: facts, metrics: try metrics(in: folder), repository: repository)
    return (facts, card)
  }

  private func check(_ facts: AdapterFacts, _ folder: String) throws {
    guard let first = facts.problems.first else { return }
    guard force else {
      let others = facts.problems.count - 1
      throw FileFailure(
        folder, first + (others > 0 ? ", and \(others) more" : ""),
        hint: "mend it, or send it as it is with --force")
    }
    for problem in facts.problems { writeError("adapterhub: \(problem)\n") }
  }

  private func checkCard(_ card: CardFile, _ path: String) throws {
    if let error = card.errors.first, !force {
      throw FileFailure(
        path, at: error.line.map { "line \($0)" }, error.message,
        hint: "adapterhub card shows all that is wrong")
    }
    for warning in card.warnings { writeError("adapterhub: \(escaped(path)): \(warning)\n") }
  }

  private func showPlan(
    _ hub: HubClient, _ folder: String, _ repository: RepositoryIdentifier, card: String?
  ) async throws {
    var files = try await hub.files(toPush: folder).map { ($0.path, $0.size) }
    if let card { files.insert(("README.md", card.utf8.count), at: 0) }
    if json {
      let list = files.map { JSON.object(["path": .string($0.0), "bytes": .integer($0.1)]) }
      return try printLines([
        JSON.object([
          "id": .string("\(repository)"), "revision": .string(revision), "dry_run": true,
          "files": .array(list),
        ]).text(.compact)
      ])
    }
    try printLines(
      ["would send to \(hub.settings.endpoint)/\(repository) (\(revision)):"]
        + files.map { "  \(escaped($0.0))  \(byteText($0.1))" })
  }

  private func report(_ pushed: PushedFolder, _ hub: HubClient) throws {
    if json {
      return try printLines([
        JSON.object([
          "id": .string("\(pushed.repository)"), "revision": .string(pushed.revision),
          "commit": pushed.commit.map { .string($0) } ?? .null,
          "sent": .array(pushed.files.map { .string($0.path) }),
          "bytes": .integer(pushed.byteCount),
          "unchanged": .array(pushed.unchanged.map { .string($0) }),
        ]).text(.compact)
      ])
    }
    guard let commit = pushed.commit else {
      return try printLines(["\(pushed.repository): nothing is different, so nothing was sent"])
    }
    let count = pushed.files.count
    try printLines([
      "\(hub.settings.endpoint)/\(pushed.repository)",
      "  \(count) \(count == 1 ? "file" : "files"), \(byteText(pushed.byteCount)), "
        + "commit \(commit.prefix(12))"
        + (pushed.unchanged.isEmpty ? "" : "; \(pushed.unchanged.count) unchanged"),
    ])
  }
}
