/// Names of adapters by what they do: `sentiment/sst-2@ukp`.
internal import Files
internal import HubClient

/// A task and a data set, one of them, or none, and whose adapter it is to be.
///
/// `task/subtask@owner`, `task/subtask`, `subtask@owner`, `@owner/name`. A single word is no
/// identifier here: it may be anything that one searches for.
struct AdapterIdentifier: Sendable, Equatable, CustomStringConvertible {
  var task: String?
  var subtask: String?
  var owner: String?
  /// The repository, where it is named rather than described.
  var name: String?

  /// - Parameters:
  ///   - text: what may be an identifier.
  ///   - isCertain: whether nothing else can be meant: then a single word is a task or a data set.
  init?(_ text: String, isCertain: Bool = false) {
    guard text.utf8.count <= 250, !text.contains(where: \.isWhitespace) else { return nil }
    if text.hasPrefix("@") {
      let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, RepositoryIdentifier.problem(ofPart: String(parts[0])) == nil,
        !parts[1].isEmpty
      else { return nil }
      owner = String(parts[0])
      // The original's files had an ending.
      let file = String(parts[1])
      name =
        [".yaml", ".yml", ".json"].first { file.hasSuffix($0) }
        .map { String(file.dropLast($0.count)) } ?? file
      return
    }
    let sides = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, !sides[0].isEmpty, sides.last?.isEmpty == false else { return nil }
    if sides.count == 2 {
      guard RepositoryIdentifier.problem(ofPart: sides[1]) == nil else { return nil }
      owner = sides[1]
    }
    let parts = sides[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    switch parts.count {
    case 1:
      guard owner != nil || isCertain else { return nil }
      subtask = parts[0]
    case 2:
      (task, subtask) = (parts[0], parts[1])
      // `owner/name` looks the same; only what is known as a task is taken for one.
      guard
        isCertain || owner != nil || Taxonomy.task(parts[0]) != nil
          || (Languages.code(parts[0]) == parts[0] && parts[0].utf8.count <= 6)
      else { return nil }
    default: return nil
    }
  }

  var description: String {
    if let name { return "@\(owner ?? "")/\(name)" }
    let what = [task, subtask].compactMap(\.self).joined(separator: "/")
    return what + (owner.map { "@\($0)" } ?? "")
  }

  /// Whether an adapter is one of those that are meant.
  func matches(_ card: ExploreCard) -> Bool {
    if let owner, card.repository.owner.lowercased() != owner.lowercased() { return false }
    if let name { return card.repository.name.lowercased() == name.lowercased() }
    let subtasks = card.facets[.subtask]
    if let task, let subtask { return subtasks.contains("\(task)/\(subtask)") }
    guard let word = subtask else { return false }
    // A single word is a task, or else a data set.
    return card.facets[.task].contains(word)
      || subtasks.contains { $0.split(separator: "/").last.map(String.init) == word }
  }
}

extension Call {
  /// The adapters that an identifier may mean, those that are hosted here first.
  ///
  /// - Parameters:
  ///   - identifier: what was asked for.
  ///   - model: the base model they must be for.
  ///   - method: the method they must be of.
  /// - Returns: none where there is none that the caller may see.
  /// - Throws: what the registry throws.
  func candidates(
    for identifier: AdapterIdentifier, model: String? = nil, method: String? = nil
  ) async throws -> [ExploreCard] {
    var query = ExploreQuery()
    query.order = .downloads
    query.valueLimit = 0
    query.limit = 200
    query.owner = identifier.owner
    if let name = identifier.name {
      guard let owner = identifier.owner,
        let repository = try? RepositoryIdentifier("\(owner)/\(name)"),
        let known = try await registry.repository(repository),
        caller.level(known.repository) >= .read
      else { return [] }
      return [try await registry.exploreCard(known.repository)].compactMap(\.self)
    }
    if let task = identifier.task, let subtask = identifier.subtask {
      query.chosen[.subtask] = ["\(task)/\(subtask)"]
    } else if let word = identifier.subtask {
      if Taxonomy.task(word) != nil {
        query.chosen[.task] = [word]
      } else {
        var counting = ExploreQuery()
        counting.limit = 0
        counting.valueLimit = nil
        let known = try await registry.explore(counting, for: caller).counts[.subtask] ?? []
        let names = known.map(\.value).filter {
          $0.split(separator: "/").last.map(String.init) == word
        }
        guard !names.isEmpty else { return [] }
        query.chosen[.subtask] = names
      }
    }
    if let model { query.chosen[.base] = [BaseModelSizes.canonical(model)] }
    if let method { query.chosen[.method] = [CatalogueEntry.method(named: method)] }
    let cards = try await registry.explore(query, for: caller).cards.filter(identifier.matches)
    return cards.filter { !$0.facets.isElsewhere } + cards.filter(\.facets.isElsewhere)
  }
}
