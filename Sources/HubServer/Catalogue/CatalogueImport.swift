/// `import`: a checkout of the original hub's cards becomes entries that are found on Explore.
internal import Files
internal import Foundation
internal import HubClient

/// A folder with `adapters/<owner>/<name>.yaml`.
struct CatalogueFolder: Sendable {
  /// One card, read and not yet understood.
  struct Card: Sendable {
    /// Below the folder, for messages.
    let place: String
    let path: String
    let owner: String
    let name: String
  }

  static let cardLimit = 50_000
  let cards: [Card]

  /// - Throws: `FileFailure` for a folder that is no catalogue.
  init(_ path: String) throws {
    let manager = FileManager.default
    let root = "\(path)/adapters"
    guard let owners = try? manager.contentsOfDirectory(atPath: root) else {
      throw FileFailure(
        path, "holds no folder adapters",
        hint: "give a checkout of the repository Adapter-Hub/Hub")
    }
    var cards: [Card] = []
    for owner in owners.sorted() {
      let files = (try? manager.contentsOfDirectory(atPath: "\(root)/\(owner)")) ?? []
      for file in files.sorted() where file.hasSuffix(".yaml") || file.hasSuffix(".yml") {
        let path = "\(root)/\(owner)/\(file)"
        // A link could lead to anything on this machine, and an import publishes what it reads.
        let type = try? manager.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        guard type == .typeRegular else { continue }
        guard cards.count < Self.cardLimit else {
          throw FileFailure(path, "is one of more than \(Self.cardLimit) cards")
        }
        cards.append(
          Card(
            place: "adapters/\(owner)/\(file)", path: path, owner: owner,
            name: String(file.dropLast(file.hasSuffix(".yaml") ? 5 : 4))))
      }
    }
    guard !cards.isEmpty else { throw FileFailure(root, "holds no cards: <owner>/<name>.yaml") }
    self.cards = cards
  }
}

/// What an import did.
private struct ImportReport {
  enum Outcome: String, CaseIterable {
    case added, updated, unchanged
    /// Somebody put real weights, or words of their own, in the entry's place.
    case kept
  }

  var counts: [Outcome: Int] = [:]
  var problems: [String] = []

  var answer: AdminAnswer {
    var answer = AdminAnswer()
    func count(_ outcome: Outcome) -> Int { counts[outcome] ?? 0 }
    answer.lines = problems
    answer.lines.append(
      "\(count(.added)) added, \(count(.updated)) updated, \(count(.unchanged)) as they were, "
        + "\(count(.kept)) left to those who changed them, \(problems.count) not read")
    answer.json =
      JSON.object([
        "added": .integer(count(.added)), "updated": .integer(count(.updated)),
        "unchanged": .integer(count(.unchanged)), "kept": .integer(count(.kept)),
        "problems": .array(problems.map { .string($0) }),
      ]).text(.compact)
    answer.isGood = problems.isEmpty
    return answer
  }
}

extension HubCore {
  /// Takes a catalogue's cards in; one that cannot be read is told of, and the others go on.
  func importCatalogue(from path: String) async throws -> AdminAnswer {
    let folder = try await onDisk { try CatalogueFolder(path) }
    var report = ImportReport()
    for card in folder.cards {
      do {
        let outcome = try await importCard(card)
        report.counts[outcome, default: 0] += 1
      } catch let failure as YAMLFailure {
        let line = failure.line.map { ":\($0)" } ?? ""
        report.problems.append("\(card.place)\(line): \(escaped(failure.message, limit: 300))")
      } catch let problem as Problem {
        report.problems.append("\(card.place): \(problem.message)")
      } catch let failure as FileFailure where !failure.isDiskFull {
        report.problems.append("\(card.place): \(failure)")
      }
    }
    return report.answer
  }

  private static let title = "Take in the catalogue's entry"

  private func importCard(_ card: CatalogueFolder.Card) async throws -> ImportReport.Outcome {
    let bytes = try await onDisk { try readFile(card.path, limit: SafeYAML.sizeLimit) }
    guard let yaml = String(validating: bytes, as: UTF8.self) else {
      throw YAMLFailure(message: "is not UTF-8", line: nil)
    }
    let entry = try CatalogueEntry(yaml)
    let identifier = try RepositoryIdentifier("\(card.owner)/\(card.name)")
    let readme = Array(entry.card(identifier).utf8)
    let owner = try await catalogueOwner(card.owner)
    let repository: Repository
    var isNew = true
    if let known = try await registry.repository(identifier) {
      repository = known.repository
      guard !known.isMoved, let head = known.branches["main"],
        let snapshot = try await registry.snapshot(repository, commit: head),
        try await isUntouched(repository, snapshot)
      else { return .kept }
      let wanted = [
        "README.md": GitObject.name("blob", readme),
        CatalogueEntry.fileName: GitObject.name("blob", bytes),
      ]
      if wanted.allSatisfy({ snapshot.file($0.key)?.name == $0.value }) { return .unchanged }
      isNew = snapshot.files.isEmpty
    } else {
      repository = try await registry.makeRepository(
        card.name, owner: owner, creator: owner, isPrivate: false)
    }
    var held: [String] = []
    defer { for digest in held { arriving.remove(digest) } }
    var changes: [Change] = []
    for (path, content) in [("README.md", readme), (CatalogueEntry.fileName, bytes)] {
      let file = try blobs.receive()
      try await file.write(content)
      let digest = await file.digest()
      let name = try await file.gitName()
      // Until the commit names it, no sweep takes it.
      arriving.insert(digest)
      held.append(digest)
      try await keep(file, digest: digest, byteCount: content.count, for: repository)
      changes.append(
        .put(path: path, name: name, digest: digest, byteCount: content.count, isLarge: false))
    }
    let request = CommitRequest(title: Self.title, message: "", parent: nil, changes: changes)
    let (commit, _) = try await registry.commit(
      request, to: "main", of: repository, by: owner)
    await describeIfPossible(repository, commit: commit.name)
    return isNew ? .added : .updated
  }

  /// The organisation that an entry belongs to, made where it is not there.
  private func catalogueOwner(_ name: String) async throws -> Account {
    if let known = try? await registry.account(name) {
      // Nothing is published in a person's name but by that person.
      guard known.kind == .organisation else {
        throw Problem.conflict("\(name) is a user of this hub, not an organisation")
      }
      return known
    }
    return try await registry.makeAccount(
      name, kind: .organisation, by: Caller.operatorOfTheHub)
  }

  /// Whether a repository is still as an import left it, or as empty as it was made.
  private func isUntouched(_ repository: Repository, _ snapshot: Snapshot) async throws -> Bool {
    let ours = ["README.md", CatalogueEntry.fileName]
    guard snapshot.files.allSatisfy({ ours.contains($0.path) }) else { return false }
    if snapshot.files.isEmpty { return true }
    let last = try await registry.history(of: repository, from: snapshot.commit, limit: 1).first
    return last?.title == Self.title && last?.author == repository.owner
  }
}
