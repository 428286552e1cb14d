/// Tasks and their data sets: what there is for each, and which adapter measures best.
internal import Files
internal import HubClient
internal import Hummingbird

let taskPages = [
  Endpoint(page: "/tasks", .anyone, "Tasks and their data sets", tasks),
  Endpoint(page: "/tasks/{task}", .anyone, "A task", task),
  Endpoint(page: "/tasks/{task}/{subtask}", .anyone, "A data set's adapters by metric", subtask),
]

extension Call {
  /// How many adapters there are of each value of some facets.
  func counts(of query: ExploreQuery = ExploreQuery()) async throws -> [Facet: [FacetCount]] {
    var query = query
    query.limit = 0
    query.valueLimit = nil
    return try await registry.explore(query, for: caller).counts
  }
}

private func tasks(_ call: Call) async throws -> Response {
  let counts = try await call.counts()
  let tasks = (counts[.task] ?? []).filter { $0.value != Taxonomy.language }
  let subtasks = counts[.subtask] ?? []
  let known = Set(tasks.map(\.value))
  var page = Page(
    "Tasks", "tasks",
    [
      "tasks": tasks.map { task in
        [
          "id": task.value, "name": Taxonomy.name(task: task.value),
          "href": "/tasks/\(percentEncoded(task.value))",
          "description": Taxonomy.task(task.value)?.description ?? "",
          "count": counted(task.count, "adapter"),
          "subtasks": subtasks.filter { $0.value.hasPrefix("\(task.value)/") }.prefix(12).map {
            [
              "name": Taxonomy.name(subtask: $0.value), "count": grouped($0.count),
              "href": "/tasks/\(percentEncoded($0.value, keepingSlashes: true))",
            ] as [String: Any]
          },
        ] as [String: Any]
      },
      "others": Taxonomy.tasks.filter { !known.contains($0.id) && $0.id != Taxonomy.language }.map {
        ["name": $0.name, "href": "/tasks/\($0.id)", "description": $0.description]
          as [String: Any]
      },
    ])
  page.place = "tasks"
  page.description =
    "\(counted(tasks.count, "task")) that adapters teach a model, each with its data sets."
  return page.response(call)
}

private func task(_ call: Call) async throws -> Response {
  let id = try call.value("task")
  guard id != Taxonomy.language else { return .seeOther("/languages") }
  let known = Taxonomy.task(id)
  var query = ExploreQuery(.task, id, order: .downloads, limit: 12)
  query.valueLimit = nil
  let answer = try await call.registry.explore(query, for: call.caller)
  guard known != nil || answer.total > 0 else {
    throw Problem.notFound("There is no task \(quoted(id)), and no adapter for one")
  }
  let counts = Dictionary(
    (answer.counts[.subtask] ?? []).map { ($0.value, $0.count) }, uniquingKeysWith: +)
  var names = (known?.subtasks ?? []).map { "\(id)/\($0.id)" }
  names += counts.keys.filter { $0.hasPrefix("\(id)/") && !names.contains($0) }.sorted()
  names.sort { (counts[$1] ?? 0, $0) < (counts[$0] ?? 0, $1) }
  let now = Moment()
  var page = Page(
    Taxonomy.name(task: id), "task",
    [
      "name": Taxonomy.name(task: id), "id": id,
      "description": known?.description ?? "A task that cards name and this hub does not know.",
      "total": counted(answer.total, "adapter"),
      "subtasks": names.map { name in
        let subtask = Taxonomy.subtask(name)?.subtask
        var values: [String: Any] = [
          "name": Taxonomy.name(subtask: name), "id": name,
          "href": "/tasks/\(percentEncoded(name, keepingSlashes: true))",
          "count": grouped(counts[name] ?? 0), "isEmpty": (counts[name] ?? 0) == 0,
          "description": subtask?.description ?? "",
        ]
        values["metric"] = subtask?.metric.map { MainMetric($0, 0).title }
        return values
      },
      "cards": answer.cards.map { $0.values(now: now) },
      "all": ExploreQuery(.task, id).address,
      "bases": baseCounts(answer, task: id),
    ])
  page.place = "tasks"
  page.description = "\(known?.description ?? "") \(counted(answer.total, "adapter"))."
  return page.response(call)
}

/// The base models that a task has adapters for, with the address of these.
private func baseCounts(_ answer: ExploreAnswer, task: String) -> [[String: Any]] {
  (answer.counts[.base] ?? []).prefix(12).map { base in
    var query = ExploreQuery(.task, task)
    query.chosen[.base] = [base.value]
    return ["name": base.value, "count": grouped(base.count), "href": query.address]
  }
}

private func subtask(_ call: Call) async throws -> Response {
  let (taskID, subtaskID) = (try call.value("task"), try call.value("subtask"))
  let name = "\(taskID)/\(subtaskID)"
  let known = Taxonomy.subtask(name)
  var query = ExploreQuery(.subtask, name, order: .metric, limit: 50)
  query.valueLimit = nil
  if let base = call.query["base"], !base.isEmpty { query.chosen[.base] = [base] }
  let answer = try await call.registry.explore(query, for: call.caller)
  let hasAny = answer.total > 0 || query.chosen[.base] != nil
  guard known != nil || hasAny else {
    throw Problem.notFound("There is no data set \(quoted(name)), and no adapter for one")
  }
  let task = Taxonomy.name(task: taskID)
  let title = Taxonomy.name(subtask: name)
  var values: [String: Any] = [
    "name": title, "id": name, "task": task, "taskHref": "/tasks/\(percentEncoded(taskID))",
    "description": known?.subtask.description ?? "", "total": grouped(answer.total),
    "rows": leaderboard(answer.cards), "isEmpty": answer.cards.isEmpty,
    "bases": (answer.counts[.base] ?? []).map {
      ["name": $0.value, "count": grouped($0.count), "isChosen": $0.isChosen] as [String: Any]
    },
    "isFiltered": query.chosen[.base] != nil,
    "path": "/tasks/\(percentEncoded(name, keepingSlashes: true))",
    "all": query.at(nil).address, "hasMore": answer.next != nil,
  ]
  values["metricName"] = known?.subtask.metric.map { MainMetric($0, 0).title }
  if let datasets = known?.subtask.datasets, !datasets.isEmpty {
    values["datasets"] = datasets
    values["hasDatasets"] = true
  }
  if let language = known?.subtask.language {
    values["language"] =
      ["name": Languages.name(language) ?? language, "href": "/languages/\(language)"]
      as [String: Any]
  }
  var page = Page("\(title): \(task)", "subtask", values)
  page.place = "tasks"
  page.description = "\(known?.subtask.description ?? title) \(counted(answer.total, "adapter"))."
  return page.response(call)
}

/// Adapters as rows of a table, best first, those without a metric last and without a rank.
func leaderboard(_ cards: [ExploreCard]) -> [[String: Any]] {
  cards.enumerated().map { index, card in
    var values = card.values()
    if card.facets.metric != nil { values["rank"] = "\(index + 1)" }
    return values
  }
}
