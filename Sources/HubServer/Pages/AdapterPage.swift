/// The page of an adapter: what it is, how it is used, how good and how large it is.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let adapterPages = [
  Endpoint(page: "/{repo}", .seeRepository, "A repository's page", adapterPage)
]

private func adapterPage(_ call: Call) async throws -> Response {
  let known = try call.repository()
  let repository = known.repository
  let listed = try await call.registry.listed(repository)
  let snapshot = try await call.snapshot("main")
  let facts = listed.facts.flatMap { try? AdapterFacts($0) }
  let facets = try await call.registry.exploreCard(repository)?.facets
  let isElsewhere = facets?.isElsewhere ?? false

  var page = Page("\(repository.fullName) · AdapterHub", "adapter")
  page.description = summary(listed, facts)
  page.isIndexed = !repository.isPrivate
  page.values["repository"] = try await call.repositoryHead(listed, .card)
  page.values["isEmpty"] = snapshot.files.isEmpty

  let gate = try await call.gateState()
  if gate != .open {
    page.values["gate"] =
      [
        "isSignedIn": call.caller.account != nil, "owner": repository.owner,
        "isManual": repository.gate == .manual, "isPending": gate == .pending,
        "isRejected": gate == .rejected, "canAsk": gate == .unasked && call.caller.sessionID != nil,
        "next": percentEncoded(call.target),
      ] as [String: Any]
  } else if let card = try await card(call, snapshot, facts) {
    page.values["card"] = card
  }
  if let facts, let identifier = try? RepositoryIdentifier(repository.fullName) {
    if !isElsewhere {
      page.values["snippets"] = snippets(facts, identifier, snapshot, call)
      page.values["hasSnippets"] = true
    }
    page.values["facts"] = factValues(facts, baseByteCount: facets?.baseByteCount)
    let settings = hyperparameters(facts)
    page.values["hyperparameters"] = settings
    page.values["hasHyperparameters"] = !settings.isEmpty
    page.values["labels"] = facts.labels.prefix(30).map { ["label": $0] as [String: Any] }
    page.values["hasLabels"] = !facts.labels.isEmpty
    page.values["moreLabels"] = facts.labels.count > 30 ? facts.labels.count - 30 : nil
  } else {
    page.values["model"] =
      snapshot.files.isEmpty
      ? nil
      : [
        "parameters": listed.parameters.map { grouped($0) } ?? "unknown",
        "bytes": byteText(snapshot.byteCount), "base": basePath(repository.fullName),
      ]
  }
  let metrics = metrics(listed.card)
  page.values["metrics"] = metrics
  page.values["hasMetrics"] = !metrics.isEmpty
  let dependencies = dependencies(listed.card)
  page.values["dependencies"] = dependencies
  page.values["hasDependencies"] = !dependencies.isEmpty
  let problems = problems(listed.facts)
  page.values["problems"] = problems
  page.values["hasProblems"] = !problems.isEmpty
  page.values["places"] = isElsewhere ? places(listed.facts?["elsewhere"]) : nil
  page.values["chart"] = try await downloadChart(call, repository)
  page.values["commit"] = String(snapshot.commit.prefix(8))
  return page.response(call)
}

/// One sentence that says what it is.
private func summary(_ listed: ListedRepository, _ facts: AdapterFacts?) -> String {
  guard let facts else { return "\(listed.repository.fullName), a model on AdapterHub." }
  let task = listed.task.map { " for \($0.replacing("-", with: " "))" } ?? ""
  let details = [facts.method, facts.byteCount > 0 ? byteText(facts.byteCount) : ""]
    .filter { !$0.isEmpty }
  return "An adapter\(task) on \(facts.baseModel ?? facts.modelType ?? "a base model")"
    + (details.isEmpty ? "." : ": \(details.joined(separator: ", ")).")
}

/// The card as HTML: the one of the files, or one made of what the files say.
private func card(_ call: Call, _ snapshot: Snapshot, _ facts: AdapterFacts?) async throws
  -> SafeHTML?
{
  let name = try call.repository().repository.fullName
  let text: String
  if let file = snapshot.file("README.md"), file.byteCount <= call.hub.settings.limits.cardBytes {
    let blobs = call.hub.blobs
    text = try await onDisk {
      String(decoding: try readFile(blobs.path(file.digest)), as: UTF8.self)
    }
  } else if let facts, facts.problems.isEmpty, let identifier = try? RepositoryIdentifier(name) {
    text = generateCard(facts: facts, repository: identifier)
  } else {
    return nil
  }
  let place = MarkdownPlace(repository: name, revision: "main")
  return try await onDisk { renderMarkdown(CardFile(text).body, at: place) }
}

// MARK: - What is beside the card

private func snippets(
  _ facts: AdapterFacts, _ identifier: RepositoryIdentifier, _ snapshot: Snapshot, _ call: Call
) -> [[String: Any]] {
  var snippets = usageSnippets(facts, identifier, endpoint: call.baseURL)
  let file =
    snapshot.files.first { $0.path.hasSuffix(".safetensors") && !$0.path.contains("head") }
    ?? snapshot.files.first { $0.path != "README.md" }
  if let file {
    let isPrivate = (try? call.repository().repository.isPrivate) ?? false
    let header = isPrivate ? " -H \"Authorization: Bearer $HF_TOKEN\"" : ""
    snippets.append(
      UsageSnippet(
        title: "curl", language: "sh",
        code: "curl -L -O\(header) \(call.baseURL)/\(identifier)/resolve/main/"
          + percentEncoded(file.path, keepingSlashes: true)))
  }
  return snippets.enumerated().map { index, snippet in
    ["id": "snippet-\(index)", "title": snippet.title, "code": snippet.code]
  }
}

/// Where the files of a catalogue's entry are.
private func places(_ elsewhere: JSON?) -> [String: Any] {
  let files = elsewhere?["files"]?.list ?? []
  return [
    "files": files.prefix(20).compactMap { file -> [String: Any]? in
      guard let url = file["url"]?.string,
        let address = MarkdownAddress(url, isPicture: false, at: nil), address.isElsewhere
      else { return nil }
      var values: [String: Any] = [
        "version": file["version"]?.readable ?? "", "url": address.text,
        "isDefault": file["version"]?.readable == elsewhere?["default"]?.readable,
      ]
      values["digest"] = file["sha256"]?.string ?? file["sha1"]?.string
      values["score"] = file["score"] == .null ? nil : file["score"]?.readable
      return values
    },
    "left": max(0, files.count - 20), "hasMore": files.count > 20,
  ]
}

private func factValues(_ facts: AdapterFacts, baseByteCount: Int?) -> [String: Any] {
  var values: [String: Any] = [
    "library": facts.library == .peft ? "PEFT" : "adapters",
    "head": facts.task ?? (facts.labels.isEmpty ? "none" : "yes"),
    "labelCount": facts.labels.count, "hasWeights": facts.byteCount > 0,
    "bytes": byteText(facts.byteCount),
  ]
  if facts.parameterCount > 0 { values["parameters"] = grouped(facts.parameterCount) }
  if let base = facts.baseModel {
    values["base"] = ["name": base, "path": basePath(base)]
  }
  values["modelType"] = facts.modelType
  values["method"] = facts.method.isEmpty ? nil : facts.method
  values["fingerprint"] = facts.shownFingerprint
  let whole = facts.baseByteCount ?? baseByteCount
  if let whole, whole > facts.byteCount, facts.byteCount > 0 {
    let share = facts.share ?? Double(facts.parameterCount) * 4 / Double(whole)
    if share > 0 {
      values["share"] =
        share < 0.0001 ? "< 0.01 %" : "\(fixed(share * 100, digits: share < 0.01 ? 2 : 1)) %"
    }
    values["instead"] =
      [
        "whole": byteText(whole), "times": grouped(whole / facts.byteCount),
        // Of a bar of 200: at least one, so that it can be seen.
        "width": max(1, min(200, Int(200 * Double(facts.byteCount) / Double(whole)))),
      ] as [String: Any]
  }
  return values
}

/// The settings of the method, each on a line: `reduction factor  16`.
private func hyperparameters(_ facts: AdapterFacts) -> [[String: Any]] {
  var lines: [(String, String)] = []
  if facts.configuration != [:] { flatten(facts.configuration, path: "", into: &lines) }
  return lines.prefix(200).map { ["name": $0.0, "value": $0.1] }
}

/// A configuration as paths and values; lists of plain values stay together.
func flatten(_ json: JSON, path: String, into lines: inout [(String, String)], depth: Int = 0) {
  guard case .object(let object) = json, depth < 8, !object.isEmpty else {
    lines.append((path, String(json.readable.prefix(500))))
    return
  }
  for (key, value) in object {
    flatten(value, path: path.isEmpty ? key : "\(path).\(key)", into: &lines, depth: depth + 1)
  }
}

/// What a card's `model-index` says was measured, and how.
private func metrics(_ card: JSON) -> [[String: Any]] {
  var rows: [[String: Any]] = []
  for model in card["model-index"]?.list ?? [] {
    for result in model["results"]?.list ?? [] {
      let data = result["dataset"]
      let name = data?["name"]?.string ?? data?["type"]?.string ?? ""
      let split = data?["split"]?.string
      for metric in result["metrics"]?.list ?? [] {
        var row: [String: Any] = [
          "dataset": String(name.prefix(100)),
          "metric": String((metric["name"] ?? metric["type"])?.readable.prefix(30) ?? "metric"),
          "value": String(metric["value"]?.readable.prefix(30) ?? ""),
        ]
        var origin = [split.map { "split \($0)" }, data?["config"]?.string.map { "config \($0)" }]
        if case .bool(true)? = metric["verified"] { origin.append("verified") }
        origin.append(result["source"]?["name"]?.string)
        let text = origin.compactMap(\.self).joined(separator: ", ")
        row["origin"] = text.isEmpty ? nil : String(text.prefix(200))
        rows.append(row)
        if rows.count >= 50 { return rows }
      }
    }
  }
  return rows
}

/// Adapters that this one has to be stacked on, as the card names them.
private func dependencies(_ card: JSON) -> [[String: Any]] {
  (card["dependencies"]?.list ?? []).prefix(20).compactMap { item in
    guard let name = item.string ?? item["key"]?.string ?? item["adapter"]?.string else {
      return nil
    }
    var values: [String: Any] = ["name": String(name.prefix(200))]
    if (try? RepositoryIdentifier(name)) != nil, name.contains("/") { values["link"] = "/\(name)" }
    values["description"] = item["description"]?.string.map { String($0.prefix(300)) }
    return values
  }
}

private func problems(_ facts: JSON?) -> [[String: Any]] {
  (facts?["problems"]?.list ?? []).compactMap(\.string).map { ["text": $0] }
}

extension JSON {
  /// The elements, where this is a list.
  var list: [JSON] { if case .array(let elements) = self { elements } else { [] } }
}

// MARK: - Downloads

/// The downloads of thirty days, a bar for each.
private func downloadChart(_ call: Call, _ repository: Repository) async throws -> [String: Any] {
  let counts = try await call.registry.downloadsByDay(repository, days: 30)
  let most = max(1, counts.max() ?? 1)
  let height = 36.0
  return [
    "total": grouped(counts.reduce(0, +)), "allTime": grouped(repository.downloadsOfAllTime),
    "most": grouped(counts.max() ?? 0),
    "bars": counts.enumerated().map { index, count in
      let bar = count == 0 ? 1 : max(2, Int((Double(count) / Double(most) * height).rounded()))
      return ["x": index * 8, "y": 36 - bar, "height": bar, "isEmpty": count == 0] as [String: Any]
    },
  ]
}
