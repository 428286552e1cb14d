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
      "downloads": grouped(repository.downloads), "updated": repository.updatedAt.values,
      "canWrite": level >= .write, "canAdminister": level >= .admin,
      "chips": chips(listed),
    ]
    if let account = caller.account {
      values["isLiked"] = try await registry.likes(repository, account: account)
      values["isSignedIn"] = true
    }
    return values
  }

  /// What a repository is, in a few words that lead to more of the kind.
  private func chips(_ listed: ListedRepository) -> [[String: Any]] {
    var chips: [[String: Any]] = []
    func add(_ text: String?, _ link: String? = nil, accent: Bool = false) {
      guard let text, !text.isEmpty else { return }
      var chip: [String: Any] = ["text": text, "isAccent": accent]
      chip["link"] = link
      chips.append(chip)
    }
    add(listed.task, listed.task.map { "/explore?task=\(percentEncoded($0))" }, accent: true)
    let facts = listed.facts.flatMap { try? AdapterFacts($0) }
    if let base = facts?.baseModel {
      add(base, "/base/\(percentEncoded(base, keepingSlashes: true))")
    }
    for method in facts?.methodNames ?? [] {
      add(method, "/explore?method=\(percentEncoded(method))")
    }
    add(listed.library)
    if case .string(let license)? = listed.card["license"] {
      add(license, "/explore?license=\(percentEncoded(license))")
    }
    return chips
  }
}

extension JSON {
  /// A number as people read it: whole ones without a point, others with four digits.
  var readable: String {
    switch self {
    case .string(let text): text
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
