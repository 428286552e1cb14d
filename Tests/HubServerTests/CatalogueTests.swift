import Files
import Foundation
import HTTPTypes
import HubClient
import HummingbirdTesting
import Testing

@testable import HubServer

/// The original's cards, where this machine has them: in the test data beside the repository.
private var originalCards: String? {
  let steps = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  let shared =
    ProcessInfo.processInfo.environment["ADAPTERHUB_SHARED"]
    ?? steps.dropLast(4).joined(separator: "/") + "/shared"
  let path = "\(shared)/data/hub-cards"
  return fileExists(path) ? path : nil
}

@Suite struct `A catalogue` {
  private func entry(
    task: String = "sentiment", subtask: String = "sst-2", url: String = "https://a.test/x.zip",
    extra: String = ""
  ) -> String {
    """
    type: text_task
    task: \(task)
    subtask: \(subtask)
    model_type: bert
    model_name: bert-base-uncased
    author: Somebody
    config:
      using: pfeiffer
      reduction_factor: 16
    prediction_head: true
    default_version: '2'
    description: |
      Learned from film reviews, it says whether one was good. More.
    files:
    - version: '1'
      url: "\(url)"
      sha1: be2b6919012c87feab0219dce71cab564065563b
    - version: '2'
      url: "https://a.test/y.zip"
      sha256: 4ecc0b563332e81ab505308d083f27834a924e8f10d3dec3d090dba7a9c97524
      score: 91.5
    \(extra)
    """
  }

  /// Writes cards by `owner/file`.
  private func folder(_ cards: [String: String]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cards-\(UUID())").path
    for (name, text) in cards {
      let path = "\(folder)/adapters/\(name)"
      try FileManager.default.createDirectory(
        atPath: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
        withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
    }
    return folder
  }

  private func take(_ folder: String, into hub: TestHub) async throws -> (AdminAnswer, JSON) {
    let answer = try await Administration(hub.core).answer(.importCatalogue(path: folder))
    return (answer, try JSON(parsing: Array(answer.json.utf8), path: "answer"))
  }

  @Test func `becomes entries that are found, and say where the files are`() async throws {
    let hub = try await TestHub()
    let folder = try folder(["lab/sst2_pfeiffer.yaml": entry()])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (answer, json) = try await take(folder, into: hub)
    #expect(answer.isGood && json["added"] == 1)
    try await hub.serve { call in
      let html = try await call(.get, "/explore?task=sentiment&files=elsewhere", as: nil).text
      #expect(html.contains("/lab/sst2_pfeiffer") && html.contains(">Elsewhere<"))
      #expect(html.contains("Learned from film reviews, it says whether one was good."))
      #expect(html.contains("Accuracy</span> <b>91.5</b>"))
      let card = try await call(.get, "/lab/sst2_pfeiffer/resolve/main/README.md", as: nil).text
      #expect(card.contains("| `2` (default) | 91.5 | – | <https://a.test/y.zip> |"))
      let info = try await call(.get, "/api/models/lab/sst2_pfeiffer", as: nil).json
      #expect(info["adapter"]?["method"] == "seq_bn[reduction_factor=16]")
      #expect(info["adapter"]?["elsewhere"]?["default"] == "2")
      #expect(info["config"]?["adapter_transformers"]?["model_name"] == "bert-base-uncased")
      let raw = try await call(.get, "/lab/sst2_pfeiffer/resolve/main/adapterhub.yaml", as: nil)
      #expect(raw.text == entry())
    }
  }

  @Test func `changes what changed when it comes again, and leaves alone what others made of it`()
    async throws
  {
    let hub = try await TestHub()
    let folder = try folder([
      "alice-lab/same.yaml": entry(), "alice-lab/changed.yaml": entry(),
      "alice-lab/replaced.yaml": entry(), "alice-lab/edited.yaml": entry(),
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try await take(folder, into: hub)
    try await hub.core.registry.setRole(.admin, of: "alice", in: "alice-lab", by: "test")
    try await hub.serve { call in
      try await call.commit(["adapter_config.json": "{}"], to: "alice-lab/replaced")
      try await call.commit(["README.md": "---\nlicense: mit\n---\nMine."], to: "alice-lab/edited")
    }
    try Data(entry(subtask: "imdb").utf8)
      .write(to: URL(filePath: "\(folder)/adapters/alice-lab/changed.yaml"))
    let (_, json) = try await take(folder, into: hub)
    #expect(json["added"] == 0 && json["updated"] == 1)
    #expect(json["unchanged"] == 1 && json["kept"] == 2)
    try await hub.serve { call in
      let html = try await call(.get, "/explore?subtask=sentiment%2Fimdb", as: nil).text
      #expect(html.contains("/alice-lab/changed") && !html.contains("/alice-lab/same"))
      let mine = try await call(.get, "/alice-lab/edited/resolve/main/README.md", as: nil).text
      #expect(mine.contains("Mine."))
      // What has weights of its own is elsewhere no more.
      #expect(
        try await call(.get, "/api/models/alice-lab/replaced", as: nil).json["adapter"]?[
          "elsewhere"]
          == nil)
    }
    #expect(try await hub.core.check(isDeep: true).isGood)
  }

  @Test func `names what cannot be read, and goes on`() async throws {
    let hub = try await TestHub()
    let deep = String(repeating: "[", count: 5000)
    let folder = try folder([
      "lab/good.yaml": entry(), "lab/broken.yaml": "type: text_task\n  task: [",
      "lab/missing.yaml": "type: text_task\ntask: a\n",
      "lab/script.yaml": entry(url: "javascript:alert(1)"),
      "lab/slash.yaml": entry(task: "a/b"), "lab/deep.yaml": deep,
      "lab/twice.yaml": entry(extra: "task: again"), "lab/bad--name.yaml": entry(),
      "alice/mine.yaml": entry(), "api/reserved.yaml": entry(),
      "lab/large.yaml": entry(extra: "note: \(String(repeating: "x", count: 300_000))"),
      "lab/notes.txt": "not a card",
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data([0xFF, 0xFE]).write(to: URL(filePath: "\(folder)/adapters/lab/bytes.yaml"))
    // A link to something outside of the folder is not followed.
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/adapters/lab/link.yaml", withDestinationPath: "/etc/hostname")
    let (answer, json) = try await take(folder, into: hub)
    #expect(!answer.isGood && json["added"] == 1)
    let problems = answer.lines.dropLast()
    #expect(problems.count == 11, "\(problems)")
    for place in [
      "adapters/lab/broken.yaml:2: ", "adapters/lab/missing.yaml: subtask is missing",
      "adapters/lab/script.yaml", "adapters/lab/slash.yaml:2: task", "adapters/lab/deep.yaml",
      "adapters/lab/twice.yaml", "adapters/lab/bytes.yaml: is not UTF-8", "adapters/lab/bad--name",
      "adapters/alice/mine.yaml: alice is a user", "adapters/api/reserved.yaml",
      "adapters/lab/large.yaml",
    ] {
      #expect(problems.contains { $0.hasPrefix(place) }, "\(place)")
    }
    try await hub.serve { call in
      let html = try await call(.get, "/explore", as: nil).text
      #expect(html.contains("1 adapter<"))
    }
    await #expect(throws: FileFailure.self) { _ = try await take("\(folder)/nothing", into: hub) }
  }

  @Test func `puts nothing into a card that Markdown or YAML would take for its own`() throws {
    let nasty = "a | b\\n<script>x</script> [l](javascript:x) `c` *d* \"q\" # h"
    let text = entry(subtask: "x", extra: "name: y").replacing(
      "Learned from", with: "\(nasty)\n  Learned from")
    let card = CardFile(
      try CatalogueEntry(text).card(RepositoryIdentifier("lab/a")))
    #expect(card.errors.isEmpty)
    #expect(!card.body.contains("<script>") && card.body.contains("\\<script\\>"))
    #expect(card.strings("tags").contains("adapterhub:sentiment/x"))
  }

  @Test func `is asked for by identifiers`() async throws {
    let hub = try await TestHub()
    let folder = try folder([
      "lab/one.yaml": entry(), "other/two.yaml": entry(), "lab/three.yaml": entry(subtask: "imdb"),
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try await take(folder, into: hub)
    try await hub.serve { call in
      func resolve(_ query: String) async throws -> (ids: [String], resolved: String?) {
        let json = try await call(.get, "/api/resolve-adapter?\(query)", as: nil).json
        return (
          json["candidates"]?.elements.compactMap { $0["id"]?.string }.sorted() ?? [],
          json["resolved"]?.string
        )
      }
      #expect(try await resolve("id=sentiment/sst-2").ids == ["lab/one", "other/two"])
      #expect(try await resolve("id=sentiment/sst-2").resolved == nil)
      #expect(try await resolve("id=sentiment/sst-2@lab").resolved == "lab/one")
      #expect(try await resolve("id=imdb").resolved == "lab/three")
      #expect(try await resolve("id=sentiment").ids.count == 3)
      #expect(try await resolve("id=@other/two").resolved == "other/two")
      #expect(
        try await resolve("id=imdb&model=google-bert/bert-base-uncased&config=pfeiffer").ids.count
          == 1)
      #expect(try await resolve("id=imdb&model=roberta-base").ids == [])
      #expect(try await resolve("id=imdb&config=lora").ids == [])
      #expect(try await resolve("id=nothing@nobody").ids == [])
      for query in ["", "id=", "id=a%20b", "id=%40", "id=a/b/c", "id=@a"] {
        let response = try await call(.get, "/api/resolve-adapter?\(query)", as: nil)
        #expect(response.status == .badRequest, "\(query)")
      }
      let json = try await call(.get, "/api/resolve-adapter?id=imdb", as: nil).json
      let first = json["candidates"]?.elements.first
      #expect(first?["elsewhere"] == true && first?["default"] == "2")
      #expect(first?["files"]?.elements.count == 2)
      // One that is here is meant before those that are not.
      try await call.create("mine")
      try await call.commit(
        [
          "adapter_config.json": "{}",
          "README.md": "---\ntags: ['adapterhub:sentiment/sst-2']\n---\nHere.",
        ], to: "alice/mine")
      #expect(try await resolve("id=sentiment/sst-2").resolved == "alice/mine")
    }
  }

  @Test(.enabled(if: originalCards != nil, "needs the original's cards; set ADAPTERHUB_SHARED"))
  func `of the original is found whole`() async throws {
    let hub = try await TestHub()
    let (answer, json) = try await take(try #require(originalCards), into: hub)
    #expect(answer.isGood && json["added"] == 291, "\(answer.lines)")
    try await hub.serve { call in
      #expect(try await call(.get, "/explore", as: nil).text.contains("291 adapters<"))
      #expect(
        try await call(.get, "/explore?task=language", as: nil).text.contains("134 adapters<"))
      let found = try await call(.get, "/api/resolve-adapter?id=sentiment/sst-2@ukp", as: nil).json
      #expect(found["candidates"]?.elements.count == 12)
      let listed = try await call(.get, "/api/models?filter=adapters&limit=1000", as: nil).json
      #expect(listed.elements.count == 291)
    }
    let (_, again) = try await take(try #require(originalCards), into: hub)
    #expect(again["unchanged"] == 291)
  }
}
