/// Explore: the page where an adapter is found.
internal import Files
internal import HubClient
internal import Hummingbird

let explorePages = [
  Endpoint(page: "/explore", .anyone, "Adapters by what they do, for which model", explore)
]

private func explore(_ call: Call) async throws -> Response {
  var query = try ExploreQuery(call.query)
  if let response = try await lead(query, call) { return response }
  query.valueLimit = 8
  let answer = try await call.registry.explore(query, for: call.caller)
  let isFirstRun =
    answer.total == 0 && !query.isNarrowed && query.cursor == nil
  let now = Moment()
  var values: [String: Any] = [
    "q": query.text, "facets": facetValues(query, answer),
    "orders": ExploreQuery.Order.allCases.map { order in
      ["value": order.rawValue, "name": order.name, "isChosen": order == query.order]
        as [String: Any]
    },
    "total": counted(answer.total, "adapter"),
    "cards": answer.cards.map { $0.values(search: query.text, now: now) },
    "chips": chips(query),
    "isFirstRun": isFirstRun, "isEmpty": answer.cards.isEmpty && !isFirstRun,
    "host": call.baseURL, "owner": query.owner ?? "",
  ]
  let chosenCount = query.chosen.values.reduce(0) { $0 + $1.count }
  if chosenCount > 0 { values["chosenCount"] = chosenCount }
  values["hasPages"] = answer.next != nil || answer.previous != nil
  if let next = answer.next { values["next"] = query.at(next).address }
  if let previous = answer.previous { values["previous"] = query.at(previous).address }
  if query.chosen.isEmpty, let identifier = AdapterIdentifier(query.text) {
    // One that means something has led elsewhere.
    values["unknown"] = identifier.description
  }
  var page = Page(title(query, answer), "explore", values)
  page.place = "explore"
  page.description = description(query, answer)
  page.isIndexed = query.cursor == nil && query.text.isEmpty
  return page.response(call)
}

/// Leads an identifier, or the whole name of a repository, to the one adapter it means.
private func lead(_ query: ExploreQuery, _ call: Call) async throws -> Response? {
  guard query.chosen.isEmpty, query.owner == nil, query.cursor == nil, !query.text.isEmpty else {
    return nil
  }
  if let identifier = AdapterIdentifier(query.text) {
    let candidates = try await call.candidates(for: identifier)
    if candidates.count == 1 { return .seeOther("/\(candidates[0].repository.fullName)") }
    guard !candidates.isEmpty else { return nil }
    var question = ExploreQuery()
    question.owner = identifier.owner
    let subtasks = Set(candidates.flatMap { $0.facets[.subtask] })
    if let word = identifier.subtask, identifier.task == nil, Taxonomy.task(word) != nil {
      question.chosen[.task] = [word]
    } else {
      question.chosen[.subtask] = subtasks.filter { name in
        name == identifier.subtask || name == "\(identifier.task ?? "")/\(identifier.subtask ?? "")"
          || (identifier.task == nil && name.hasSuffix("/\(identifier.subtask ?? "")"))
      }.sorted()
    }
    return .seeOther(question.address)
  }
  guard query.text.contains("/"), let identifier = try? RepositoryIdentifier(query.text),
    let known = try await call.registry.repository(identifier),
    call.caller.level(known.repository) >= .read
  else { return nil }
  return .seeOther("/\(known.repository.fullName)")
}

private func title(_ query: ExploreQuery, _ answer: ExploreAnswer) -> String {
  let chosen = Facet.allCases.flatMap { facet in
    (query.chosen[facet] ?? []).map { facet.name($0) }
  }
  var parts: [String] = []
  if !query.text.isEmpty { parts.append("“\(query.text)”") }
  parts += chosen.prefix(3)
  if let owner = query.owner { parts.append("by \(owner)") }
  return parts.isEmpty ? "Explore adapters" : "\(parts.joined(separator: ", ")): adapters"
}

private func description(_ query: ExploreQuery, _ answer: ExploreAnswer) -> String {
  let tasks = (answer.counts[.task] ?? []).prefix(4).map { Facet.task.name($0.value) }
  return "\(counted(answer.total, "adapter"))"
    + (tasks.isEmpty ? "" : " for \(tasks.joined(separator: ", "))")
    + ", by task, language, base model, method and size."
}

/// What each facet offers; one that has nothing to choose between is left out.
private func facetValues(_ query: ExploreQuery, _ answer: ExploreAnswer) -> [[String: Any]] {
  let places: [Facet: String] = [
    .task: "/tasks", .subtask: "/tasks", .language: "/languages", .base: "/base",
  ]
  return Facet.allCases.compactMap { facet in
    var counts = answer.counts[facet] ?? []
    if facet == .size {
      let order = SizeClass.allCases.map(\.rawValue)
      counts.sort { order.firstIndex(of: $0.value) ?? 9 < order.firstIndex(of: $1.value) ?? 9 }
    }
    let isChosen = query.chosen[facet] != nil
    guard counts.count > 1 || isChosen || (counts.count == 1 && places[facet] != nil) else {
      return nil
    }
    var values: [String: Any] = [
      "id": facet.rawValue, "name": facet.name,
      "values": counts.map { count in
        [
          "facet": facet.rawValue, "value": count.value, "name": facet.name(count.value),
          "count": grouped(count.count), "isChosen": count.isChosen,
        ] as [String: Any]
      },
    ]
    if let more = answer.furtherValues[facet], more > 0, let place = places[facet] {
      values["more"] = ["href": place, "text": "\(grouped(more)) more"] as [String: Any]
    }
    return values
  }
}

/// What is chosen, each with the address that takes it back.
private func chips(_ query: ExploreQuery) -> [[String: Any]] {
  var chips: [[String: Any]] = []
  if !query.text.isEmpty {
    var rest = query.at(nil)
    rest.text = ""
    chips.append(["name": "“\(query.text)”", "href": rest.address])
  }
  if let owner = query.owner {
    var rest = query.at(nil)
    rest.owner = nil
    chips.append(["kind": "Owner", "name": owner, "href": rest.address])
  }
  for facet in Facet.allCases {
    for value in query.chosen[facet] ?? [] {
      chips.append([
        "kind": facet.name, "name": facet.name(value), "href": query.without(facet, value).address,
      ])
    }
  }
  return chips
}
