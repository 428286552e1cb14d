/// Two to four adapters side by side.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let comparePages = [
  Endpoint(page: "/compare", .anyone, "Adapters side by side", compareAdapters)
]

private func compareAdapters(_ call: Call) async throws -> Response {
  // Both `ids=a,b` and several `ids=` are understood: the form sends the latter.
  var names: [String] = []
  for name in call.query.all("ids").flatMap({ $0.split(separator: ",").map(String.init) }) {
    let name = name.trimmed
    if !name.isEmpty, !names.contains(where: { $0.lowercased() == name.lowercased() }) {
      names.append(name)
    }
  }
  var page = Page("Compare · AdapterHub", "compare")
  page.description = "Adapters side by side: methods, settings, sizes, metrics."
  page.place = "explore"
  page.isIndexed = false
  var listed: [ListedRepository] = []
  var problems: [[String: Any]] = []
  if names.count > 4 { problems.append(["text": "Four adapters at most stand side by side."]) }
  for name in names.prefix(4) {
    do {
      let known = try await call.visibleRepository(name)
      listed.append(try await call.registry.listed(known.repository))
    } catch is Problem {
      problems.append(["text": "There is no adapter \(quoted(name)), or you may not see it."])
    }
  }
  let ids = listed.map(\.repository.fullName)
  page.values = [
    "problems": problems, "hasProblems": !problems.isEmpty, "isEmpty": listed.isEmpty,
    "isAlone": listed.count == 1, "canAdd": listed.count < 4,
    "chosen": ids.map { name in
      [
        "name": name, "link": "/\(name)",
        "without": "/compare?"
          + ids.filter { $0 != name }.map { "ids=\(percentEncoded($0))" }.joined(separator: "&"),
      ] as [String: Any]
    },
    "groups": listed.isEmpty ? [] : groups(listed),
  ]
  return page.response(call)
}

/// The rows of the table, in groups.
private func groups(_ listed: [ListedRepository]) -> [[String: Any]] {
  let facts = listed.map { $0.facts.flatMap { try? AdapterFacts($0) } }
  var groups: [[String: Any]] = []
  func row(_ name: String, _ values: [String?], isNumber: Bool = false) -> [String: Any]? {
    guard values.contains(where: { $0 != nil }) else { return nil }
    return [
      "name": name, "differs": Set(values).count > 1,
      "cells": values.map { ["text": $0 ?? "–", "isNumber": isNumber] as [String: Any] },
    ]
  }
  func group(_ title: String, _ rows: [[String: Any]?]) {
    let rows = rows.compactMap(\.self)
    guard !rows.isEmpty else { return }
    groups.append(["title": title, "rows": rows, "span": listed.count + 1])
  }
  group(
    "What it is",
    [
      row("Task", listed.map(\.task)), row("Base model", facts.map { $0?.baseModel }),
      row("Method", facts.map { $0?.method }),
      row("Library", facts.map { $0.map { $0.library == .peft ? "PEFT" : "adapters" } }),
      row("Head", facts.map { $0?.task }),
      row("Labels", facts.map { $0.map { $0.labels.isEmpty ? "none" : labels($0.labels) } }),
      row("License", listed.map { $0.card["license"]?.string }),
      row("Language", listed.map { $0.card["language"].map(\.readable) }),
    ])
  group(
    "Size",
    [
      row(
        "Parameters", facts.map { $0.map { grouped($0.parameterCount) } }, isNumber: true),
      row(
        "Of the base",
        facts.map { $0?.share.map { "\(fixed($0 * 100, digits: $0 < 0.01 ? 2 : 1)) %" } },
        isNumber: true),
      row("Files", facts.map { $0.map { byteText($0.byteCount) } }, isNumber: true),
    ])
  let measured = listed.map { measures($0.card) }
  var names: [String] = []
  for (name, _) in measured.flatMap(\.self) where !names.contains(name) { names.append(name) }
  group(
    "Measured",
    names.prefix(40).map { name in
      row(name, measured.map { $0.first { $0.name == name }?.value }, isNumber: true)
    })
  group(
    "Settings",
    alignedSettings(facts.map { $0?.configuration ?? [:] }).filter { !$0.name.isEmpty }.prefix(300)
      .map { row($0.name, $0.values) })
  group(
    "Use",
    [
      row("Downloads", listed.map { grouped($0.repository.downloads) }, isNumber: true),
      row("Likes", listed.map { grouped($0.repository.likes) }, isNumber: true),
      row("Updated", listed.map { $0.repository.updatedAt.ago() }),
    ])
  return groups
}

private func labels(_ labels: [String]) -> String {
  let shown = labels.prefix(12).joined(separator: ", ")
  return labels.count > 12 ? "\(shown) and \(labels.count - 12) more" : shown
}

/// The metrics of a card by what they are of: `sst2 accuracy`.
private func measures(_ card: JSON) -> [(name: String, value: String)] {
  (card["model-index"]?.list ?? []).flatMap { $0["results"]?.list ?? [] }.flatMap { result in
    let data = result["dataset"]?["name"]?.string ?? result["dataset"]?["type"]?.string
    return (result["metrics"]?.list ?? []).compactMap { metric -> (String, String)? in
      guard let name = (metric["name"] ?? metric["type"])?.readable,
        let value = metric["value"]?.readable
      else { return nil }
      return (String([data, name].compactMap(\.self).joined(separator: " ").prefix(100)), value)
    }
  }
}
