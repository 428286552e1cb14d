/// Identifiers by what an adapter does, resolved to adapters that are here or elsewhere.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let identifierEndpoints = [
  Endpoint(
    .get, "/api/resolve-adapter", .anyone, "The adapters that an identifier may mean",
    query: [
      ("id", "string", "task/data-set@owner, task/data-set, data-set, or @owner/name"),
      ("model", "string", "The base model they must be for"),
      ("config", "string", "The method they must be of: seq_bn, pfeiffer, lora …"),
    ], resolveAdapter)
]

private func resolveAdapter(_ call: Call) async throws -> Response {
  guard let text = call.query["id"], !text.isEmpty else {
    throw Problem.badRequest("id is missing: give one such as sentiment/sst-2@ukp")
  }
  guard let identifier = AdapterIdentifier(text, isCertain: true) else {
    throw Problem.badRequest(
      "\(quoted(text)) is no identifier: one is task/data-set@owner, or a part of that")
  }
  let model = call.query.all("model").last
  let method = call.query.all("config").last
  let cards = try await call.candidates(for: identifier, model: model, method: method)
  var candidates: [JSON] = []
  for card in cards.prefix(100) {
    var json = JSON.Object([
      ("id", .string(card.repository.fullName)),
      ("url", .string("\(call.baseURL)/\(card.repository.fullName)")),
      ("model", card.facets[.base].first.map { .string($0) } ?? .null),
      ("methods", .array(card.facets[.method].map { .string($0) })),
      ("tasks", .array(card.facets[.subtask].map { .string($0) })),
      ("gated", .bool(card.repository.gate != .no)),
      ("elsewhere", .bool(card.facets.isElsewhere)),
    ])
    if let metric = card.facets.metric {
      json["metric"] = ["name": .string(metric.name), "value": .number(metric.value)]
    }
    if card.facets.isElsewhere,
      let place = try await call.registry.listed(card.repository).facts?["elsewhere"]
    {
      json["default"] = place["default"]
      json["files"] = place["files"]
    }
    candidates.append(.object(json))
  }
  // One that is here is meant before any that is not.
  let here = cards.filter { !$0.facets.isElsewhere }
  let meant = here.count == 1 ? here.first : cards.count == 1 ? cards.first : nil
  return .json([
    "id": .string(identifier.description), "candidates": .array(candidates),
    "resolved": meant.map { .string($0.repository.fullName) } ?? .null,
  ])
}
