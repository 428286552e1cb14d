/// Lists and searches.
internal import Files
internal import HTTPTypes
internal import Hummingbird

let listingEndpoints = [
  Endpoint(
    .get, "/api/models", .anyone, "Repositories: filtered, searched, sorted, in pages",
    query: [
      ("filter", "array", "A tag that must be there; may come more than once"),
      ("author", "string", "Whose they are"), ("search", "string", "Words of name, tags and card"),
      ("sort", "string", "lastModified, createdAt, downloads, likes or trendingScore"),
      (
        "direction", "integer", "-1 for the largest first, which is the default; 1 for the smallest"
      ),
      ("limit", "integer", "How many a page has"), ("full", "boolean", "Whether files are listed"),
      ("cardData", "boolean", "Whether cards' front matter comes with them"),
      ("config", "boolean", "Whether configurations come with them"),
      ("expand", "array", "The properties to answer with, instead of all"),
      ("pipeline_tag", "string", "The task"), ("gated", "boolean", "Whether access is restricted"),
      ("num_parameters", "string", "min:6B,max:128B"),
      ("cursor", "string", "Where a page begins, from the Link of the one before"),
    ], list),
  Endpoint(
    .get, "/api/models-tags-by-type", .anyone, "The tags there are, by kind", tagsByType),
]

private func list(_ call: Call) async throws -> Response {
  let query = call.query
  var wanted = ListQuery()
  // Older clients send a list as one text with commas.
  wanted.tags = (query.all("filter") + query.all("tags") + query.all("library"))
    .flatMap { $0.split(separator: ",").map(String.init) }
  guard wanted.tags.count <= 50 else { throw Problem.badRequest("Give 50 filters at most") }
  wanted.author = query.all("author").last
  wanted.task = query.all("pipeline_tag").last
  if let text = query.all("search").last {
    // Words that cannot be searched for are found nowhere.
    guard let expression = Registry.searchExpression(text) else { return .json([]) }
    wanted.search = expression
  }
  if let text = query["gated"] {
    wanted.gated = ["true", "1", "auto", "manual"].contains(text.lowercased())
  }
  if let text = query["sort"], !text.isEmpty {
    let name = text == "last_modified" ? "lastModified" : text == "created_at" ? "createdAt" : text
    let plain = name == "trending_score" ? "trendingScore" : name
    guard let order = ListQuery.Order(rawValue: plain) else {
      let known = ListQuery.Order.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem.badRequest("sort is one of \(known), found \(quoted(text))")
    }
    wanted.order = order
  }
  wanted.isAscending = query["direction"] == "1"
  if let text = query["num_parameters"] { wanted.parameters = try parameterRange(text) }
  let limits = call.hub.settings.limits
  wanted.limit = try min(max(1, query.integer("limit") ?? limits.pageSize), limits.largestPage)
  if let text = query["cursor"] {
    guard let cursor = ListQuery.Cursor(text) else {
      throw Problem.badRequest("The cursor is not one of this hub's")
    }
    wanted.after = cursor
  }
  let (repositories, next) = try await call.registry.list(wanted, for: call.caller)

  let isFull = query.flag("full")
  let properties = query.all("expand").flatMap { $0.split(separator: ",").map(String.init) }
  var items: [JSON] = []
  for listed in repositories {
    var json = modelJSON(listed, call)
    if isFull || properties.contains("siblings") {
      let snapshot = try await call.registry.snapshot(listed.repository, commit: listed.commit)
      json["siblings"] = .array(
        (snapshot?.files ?? []).prefix(1000).map { ["rfilename": .string($0.path)] })
    }
    if properties.isEmpty {
      if !isFull, !query.flag("cardData") { json["cardData"] = nil }
      if !isFull, !query.flag("config") { json["config"] = nil }
    }
    items.append(.object(selected(json, properties)))
  }
  var response = Response.json(.array(items))
  if let next { response.headers[.link] = call.nextLink(cursor: next.text) }
  return response
}

/// `min:6B,max:128B` as numbers.
private func parameterRange(_ text: String) throws -> ClosedRange<Int> {
  var (least, most) = (0, Int.max)
  for part in text.split(separator: ",") {
    let pair = part.split(separator: ":", maxSplits: 1)
    guard pair.count == 2, let value = number(pair[1]) else {
      throw Problem.badRequest("num_parameters is like min:1M,max:2B, found \(quoted(text))")
    }
    if pair[0] == "min" { least = value } else { most = value }
  }
  guard least <= most else { throw Problem.badRequest("num_parameters has a min above its max") }
  return least...most
}

private func number(_ text: Substring) -> Int? {
  let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12]
  let factor = text.last.flatMap { factors[Character($0.uppercased())] }
  guard let value = Double(factor == nil ? text : text.dropLast()), value >= 0 else { return nil }
  let scaled = value * (factor ?? 1)
  return scaled < 9e18 ? Int(scaled) : nil
}

private func tagsByType(_ call: Call) async throws -> Response {
  let counts = try await call.registry.tagCounts(limit: 5000)
  var groups: [String: [JSON]] = [:]
  for (tag, count) in counts {
    let (type, label) = kind(of: tag)
    groups[type, default: []].append([
      "id": .string(tag), "label": .string(label), "type": .string(type),
      "count": .integer(count),
    ])
  }
  var json = JSON.Object()
  for (type, tags) in groups.sorted(by: { $0.key < $1.key }) { json[type] = .array(tags) }
  return .json(.object(json))
}

/// Which group a tag belongs to, and how people read it.
private func kind(of tag: String) -> (type: String, label: String) {
  for prefix in ["license", "dataset", "base_model", "arxiv", "method", "adapterhub", "region"]
  where tag.hasPrefix("\(prefix):") {
    return (prefix, String(tag.dropFirst(prefix.count + 1)))
  }
  let libraries = [
    "adapters", "adapter-transformers", "peft", "transformers", "safetensors", "pytorch",
  ]
  if libraries.contains(tag) { return ("library", tag) }
  if Tasks.known.contains(tag) { return ("pipeline_tag", tag) }
  if (2...3).contains(tag.count), tag.allSatisfy({ $0.isLowercase && $0.isASCII }) {
    return ("language", tag)
  }
  return ("other", tag)
}

/// The tasks that cards name as their `pipeline_tag`.
enum Tasks {
  static let known: Set<String> = [
    "text-classification", "token-classification", "question-answering", "summarization",
    "translation", "text-generation", "text2text-generation", "fill-mask", "feature-extraction",
    "sentence-similarity", "zero-shot-classification", "multiple-choice",
    "table-question-answering",
    "image-classification", "automatic-speech-recognition",
  ]
}
