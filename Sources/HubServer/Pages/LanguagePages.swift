/// Languages: adapters that teach one, and adapters for tasks to stack on them.
internal import Files
internal import HubClient
internal import Hummingbird

let languagePages = [
  Endpoint(page: "/languages", .anyone, "Languages", languages),
  Endpoint(page: "/languages/{code}", .anyone, "A language's adapters", language),
]

private func languages(_ call: Call) async throws -> Response {
  let all = try await call.counts()[.language] ?? []
  let teaching = try await call.counts(of: ExploreQuery(.task, Taxonomy.language))[.language] ?? []
  let taught = Dictionary(teaching.map { ($0.value, $0.count) }, uniquingKeysWith: +)
  let rows = all.map { language in
    let own = taught[language.value] ?? 0
    return (
      name: Languages.name(language.value) ?? language.value, language.value, own,
      language.count - own
    )
  }.sorted { $0.name < $1.name }
  var page = Page(
    "Languages", "languages",
    [
      "hasLanguages": !rows.isEmpty,
      "languages": rows.map { name, code, own, others in
        [
          "name": name, "code": code, "href": "/languages/\(percentEncoded(code))",
          "own": own == 0 ? "–" : grouped(own), "others": others == 0 ? "–" : grouped(others),
        ] as [String: Any]
      },
    ])
  page.place = "languages"
  page.description = "Adapters in \(counted(rows.count, "language"))."
  return page.response(call)
}

private func language(_ call: Call) async throws -> Response {
  let code = try call.value("code")
  let known = Languages.name(code)
  var query = ExploreQuery(.language, code, limit: 0)
  query.valueLimit = nil
  let total = try await call.registry.explore(query, for: call.caller).total
  guard known != nil || total > 0 else {
    throw Problem.notFound("There is no language \(quoted(code)) here")
  }
  let name = known ?? code
  // Everything that does something, rather than teach a language.
  let tasks = (try await call.counts()[.task] ?? []).map(\.value)
    .filter { $0 != Taxonomy.language }

  var teachingQuery = ExploreQuery(.language, code, limit: 12)
  teachingQuery.chosen[.task] = [Taxonomy.language]
  teachingQuery.valueLimit = nil
  let teaching = try await call.registry.explore(teachingQuery, for: call.caller)
  var doingQuery = ExploreQuery(.language, code, limit: 12)
  doingQuery.chosen[.task] = tasks.isEmpty ? [""] : tasks
  doingQuery.valueLimit = 0
  let doing = try await call.registry.explore(doingQuery, for: call.caller)

  // What can be stacked on a language adapter is on the same base model.
  let bases = (teaching.counts[.base] ?? []).map(\.value)
  var stackable: [ExploreCard] = []
  if !bases.isEmpty, !tasks.isEmpty {
    var stackQuery = ExploreQuery(.task, "", order: .downloads, limit: 12)
    stackQuery.chosen[.task] = tasks
    stackQuery.chosen[.base] = Array(bases.prefix(5))
    stackQuery.valueLimit = 0
    let shown = Set(doing.cards.map(\.repository.id))
    stackable = try await call.registry.explore(stackQuery, for: call.caller).cards
      .filter { !shown.contains($0.repository.id) }
  }
  let now = Moment()
  var values: [String: Any] = [
    "name": name, "code": code, "total": counted(total, "adapter"),
    "teaching": teaching.cards.map { $0.values(now: now) },
    "teachingCount": grouped(teaching.total),
    "doing": doing.cards.map { $0.values(now: now) }, "doingCount": grouped(doing.total),
    "hasStackable": !stackable.isEmpty,
    "stackable": stackable.prefix(6).map { $0.values(now: now) },
    "all": ExploreQuery(.language, code).address,
    "allTeaching": teachingQuery.address,
    "hasMoreTeaching": teaching.next != nil, "hasMoreDoing": doing.next != nil,
  ]
  values["stack"] = stack(teaching.cards, doing.cards + stackable)
  var page = Page("\(name): adapters", "language", values)
  page.place = "languages"
  page.description =
    "\(counted(total, "adapter")) for \(name): of the language, and of tasks to stack on them."
  return page.response(call)
}

/// A language adapter and one for a task that fit together, for a snippet.
private func stack(_ teaching: [ExploreCard], _ doing: [ExploreCard]) -> [String: Any]? {
  // Those that can be had here before those that are elsewhere.
  let teaching = teaching.filter { !$0.facets.isElsewhere } + teaching.filter(\.facets.isElsewhere)
  let doing = doing.filter { !$0.facets.isElsewhere } + doing.filter(\.facets.isElsewhere)
  for language in teaching {
    guard let base = language.facets[.base].first else { continue }
    let task = doing.first { $0.facets[.base].contains(base) }
    return [
      "base": snippetName(ofModel: base), "language": language.repository.fullName,
      "task": task?.repository.fullName ?? "you/your-task-adapter",
      "isElsewhere": language.facets.isElsewhere || task?.facets.isElsewhere ?? false,
    ]
  }
  return nil
}
