/// Base models: the tree of adapters on each.
internal import Files
internal import HubClient
internal import Hummingbird

let basePages = [
  Endpoint(page: "/base", .anyone, "Base models", bases),
  Endpoint(page: "/base/{rest...}", .anyone, "A base model's adapters", base),
]

/// Where a base model's page is.
///
/// A name may be anything that a card says: a slash that is not between two parts is written as what
/// it is, or it would be lost on the way.
func basePath(_ name: String) -> String {
  let parts = name.split(separator: "/", omittingEmptySubsequences: false)
  return "/base/\(percentEncoded(name, keepingSlashes: !parts.contains("")))"
}

private func bases(_ call: Call) async throws -> Response {
  let counts = try await call.counts()[.base] ?? []
  let shown = counts.prefix(500)
  let most = counts.first?.count ?? 1
  var page = Page(
    "Base models", "bases",
    [
      "hasBases": !counts.isEmpty,
      "bases": shown.map { base in
        var values: [String: Any] = [
          "name": base.value, "count": grouped(base.count),
          "href": basePath(base.value),
          "share": fixed(max(1, Double(base.count) / Double(max(1, most)) * 100), digits: 1),
        ]
        if let parameters = BaseModelSizes.parameters(base.value) {
          values["parameters"] = parametersText(parameters)
          values["size"] = byteText(parameters * 4)
        }
        return values
      },
      "isCut": counts.count > shown.count,
    ])
  page.place = "base"
  page.description = "\(counted(counts.count, "base model")) that adapters are for."
  return page.response(call)
}

private func base(_ call: Call) async throws -> Response {
  let asked = try call.value("rest")
  let name = BaseModelSizes.canonical(asked)
  guard name == asked else {
    return .seeOther(basePath(name))
  }
  var query = ExploreQuery(.base, name, order: .downloads, limit: 200)
  query.valueLimit = nil
  let answer = try await call.registry.explore(query, for: call.caller)
  let hosted = try await hostedModel(name, call)
  guard answer.total > 0 || hosted != nil || BaseModelSizes.parameters(name) != nil else {
    throw Problem.notFound("There is no base model \(quoted(name)) here, and no adapter for it")
  }
  let now = Moment()
  let groups = (answer.counts[.task] ?? []).map { task -> [String: Any] in
    var all = ExploreQuery(.base, name)
    all.chosen[.task] = [task.value]
    let cards = answer.cards.filter { $0.facets[.task].contains(task.value) }.prefix(5)
    return [
      "name": Taxonomy.name(task: task.value), "count": grouped(task.count),
      "href": all.address, "rows": cards.map { $0.values(now: now) },
      "hasMore": task.count > cards.count,
    ]
  }
  let without = answer.cards.filter { $0.facets[.task].isEmpty }
  var values: [String: Any] = [
    "name": name, "total": counted(answer.total, "adapter"), "groups": groups,
    "hasGroups": !groups.isEmpty || !without.isEmpty,
    "without": without.prefix(20).map { $0.values(now: now) }, "hasWithout": !without.isEmpty,
    "all": ExploreQuery(.base, name).address,
    "taskCount": grouped(groups.count),
    "methods": (answer.counts[.method] ?? []).prefix(8).map {
      ["name": MethodNames.name($0.value), "count": grouped($0.count)] as [String: Any]
    },
  ]
  let counted = try await call.registry.parameterCount(ofModel: name)
  if let parameters = counted ?? BaseModelSizes.parameters(name) {
    values["parameters"] = parametersText(parameters)
    values["wholeSize"] = byteText(parameters <= .max / 4 ? parameters * 4 : .max)
  }
  values["hosted"] = hosted.map { ["path": "/\($0.fullName)", "name": $0.fullName] }
  let usable = answer.cards.filter { !$0.facets.isElsewhere && $0.facets[.head] != ["none"] }
  let pair = usable.prefix(2).map(\.repository.fullName)
  if pair.count == 2 {
    values["several"] =
      ["first": pair[0], "second": pair[1], "base": snippetName(ofModel: name)] as [String: Any]
  }
  var page = Page("\(name): adapters", "base-model", values)
  page.place = "base"
  page.description =
    "\(HubServer.counted(answer.total, "adapter")) on \(name), by task and method."
  return page.response(call)
}

/// The repository that holds a base model here, where the caller may see it.
private func hostedModel(_ name: String, _ call: Call) async throws -> Repository? {
  guard let identifier = try? RepositoryIdentifier(name),
    let known = try await call.registry.repository(identifier),
    call.caller.level(known.repository) >= .read
  else { return nil }
  return known.repository
}

/// A number of parameters: `22.7 million`, `6.7 billion`.
func parametersText(_ count: Int) -> String {
  switch count {
  case ..<1_000_000: grouped(count)
  case ..<1_000_000_000:
    "\(fixed(Double(count) / 1e6, digits: count < 100_000_000 ? 1 : 0)) million"
  default: "\(fixed(Double(count) / 1e9, digits: 1)) billion"
  }
}
