/// The front page: what there is, and how one begins.
internal import Files
internal import HubClient
internal import Hummingbird

let homePages = [
  Endpoint(page: "/", .anyone, "The front page", home)
]

private func home(_ call: Call) async throws -> Response {
  let totals = try await call.registry.exploreTotals(for: call.caller)
  let now = Moment()
  func cards(_ order: ExploreQuery.Order) async throws -> [ExploreCard] {
    var query = ExploreQuery()
    query.chosen[.files] = [Facets.here]
    query.order = order
    query.limit = 6
    query.valueLimit = 0
    return try await call.registry.explore(query, for: call.caller).cards
  }
  let used = try await cards(.downloads).filter { $0.repository.downloads > 0 }
  let newest = try await cards(.updated)
  let counts = try await call.counts()
  var values: [String: Any] = [
    "isFirstRun": totals.adapters == 0,
    "counts": [
      count(totals.adapters, "adapter", "/explore"), count(totals.tasks, "task", "/tasks"),
      count(totals.languages, "language", "/languages"),
      count(totals.bases, "base model", "/base"),
    ],
    "tasks": (counts[.task] ?? []).prefix(10).map {
      [
        "name": Taxonomy.name(task: $0.value), "count": grouped($0.count),
        "href": $0.value == Taxonomy.language
          ? "/languages" : "/tasks/\(percentEncoded($0.value))",
      ] as [String: Any]
    },
    "newest": newest.map { $0.values(now: now) }, "hasNewest": !newest.isEmpty,
    "used": used.prefix(3).map { $0.values(now: now) }, "hasUsed": used.count >= 3,
    "host": call.baseURL,
    "example": (used.first ?? newest.first)?.repository.fullName ?? "you/your-adapter",
    "exampleBase": snippetName(ofModel: (used.first ?? newest.first)?.facets[.base].first),
  ]
  if totals.sparedBytes > 0 { values["spared"] = byteText(totals.sparedBytes) }
  var page = Page("AdapterHub: keep the model, share the difference", "home", values)
  page.description =
    "\(counted(totals.adapters, "adapter")) for \(counted(totals.tasks, "task")) on "
    + "\(counted(totals.bases, "base model")): explore, pull, publish."
  return page.response(call)
}

private func count(_ number: Int, _ noun: String, _ href: String) -> [String: Any] {
  ["number": grouped(number), "noun": number == 1 ? noun : noun + "s", "href": href]
}
