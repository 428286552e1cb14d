/// What all pages of a repository have at their top: its name, what it is, and the ways into it.
internal import Files
internal import HubClient
internal import Hummingbird

/// The entries of a repository's own navigation.
enum RepositoryTab: String {
  case card, files, history, settings
}

extension Call {
  /// The values of the template `repository-head`.
  func repositoryHead(_ listed: ListedRepository, _ tab: RepositoryTab) async throws
    -> [String: Any]
  {
    let repository = listed.repository
    let path = "/\(repository.fullName)"
    var writing = caller
    if caller.sessionID == nil { writing.scope = .read }
    let level = writing.level(repository)
    var values: [String: Any] = [
      "owner": repository.owner, "name": repository.name, "fullName": repository.fullName,
      "path": path, "tab": [tab.rawValue: true], "isPrivate": repository.isPrivate,
      "isGated": repository.gate != .no, "likes": repository.likes,
      "isLikedOnce": repository.likes == 1,
      "downloads": grouped(repository.downloads), "updated": repository.updatedAt.values,
      "canWrite": level >= .write, "canAdminister": level >= .admin,
    ]
    let facets = try await registry.exploreCard(repository)?.facets
    values["chips"] = chips(listed, facets)
    values["isElsewhere"] = facets?.isElsewhere ?? false
    if let account = caller.account {
      values["isLiked"] = try await registry.isLiked(repository, by: account)
      values["isSignedIn"] = true
    }
    return values
  }

  /// What a repository is, in a few words that lead to more of the kind.
  private func chips(_ listed: ListedRepository, _ facets: Facets?) -> [[String: Any]] {
    guard let facets else {
      return [listed.task, listed.library, listed.card["license"]?.string].compactMap(\.self)
        .map { ["text": $0] }
    }
    var chips: [[String: Any]] = []
    for facet in [Facet.task, .subtask, .base, .method, .language, .license, .library] {
      let values = facets[facet]
      for value in values.prefix(4) {
        let link =
          facet == .base
          ? basePath(value)
          : "/explore?\(facet.rawValue)=\(percentEncoded(value))"
        chips.append(
          ["text": facet.name(value), "link": link, "isAccent": facet == .task])
      }
      if values.count > 4 { chips.append(["text": "\(values.count - 4) more"]) }
    }
    return chips
  }
}

extension JSON {
  /// A number as people read it: whole ones without a point, others with four digits.
  var readable: String {
    switch self {
    case .string(let text), .digits(let text): text
    case .integer(let number): String(number)
    case .number(let number):
      number.rounded() == number && number.magnitude < 1e15
        ? String(Int(number)) : fixed(number, digits: number.magnitude < 0.001 ? 6 : 4)
    case .bool(let flag): flag ? "yes" : "no"
    case .null: "none"
    case .array(let values): values.map(\.readable).joined(separator: ", ")
    case .object: text(.compact)
    }
  }
}
