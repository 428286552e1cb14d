/// The one import: what the README shows, and what it promises.
import AdapterHub
import Files
import Testing

@Suite struct `An application` {
  @Test func `runs the ten lines of the README`() async throws {
    let folder = try MovieFolder()
    // The README's lines, with other folders and fewer steps.
    let model = try TextModel(folder: Goldens.base)
    var training = try await model.training(
      of: "movies", task: "text-classification", on: folder.train, dev: folder.train)
    try await training.finish()
    try training.save(to: folder.adapter)

    let movies = try model.adapter(folder.adapter)
    let score = try await model.evaluate(movies, on: folder.train)
    let answers = try await model.predict([TextInput("was the film good?")], with: movies)
    print(score["accuracy"] ?? 0, answers[0].line)

    #expect(score.examples == 8)
    #expect(score["accuracy"] != nil)
    let answer = try #require(answers.first as? TextClassification.Answer)
    #expect(answer.labels.count == 2)
  }

  /// The README's last lines, compiled; a hub to run them against is in the tests of the client.
  private func pulls(_ model: TextModel) async throws -> BoundAdapter {
    let pulled = try await HubClient().pull(AdapterReference("alice/slots"))
    let slots = try model.adapter(pulled.folder)
    return slots
  }

  @Test func `shows in the README what is compiled here`() throws {
    func lines(_ path: String) throws -> [Substring] {
      String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n")
    }
    let readme = try lines(Goldens.package + "/README.md")
    let block = readme.drop { $0 != "```swift" }.dropFirst().prefix { $0 != "```" }
    let documented = try lines(Goldens.package + "/Sources/AdapterHub/AdapterHub.swift")
      .filter { $0.hasPrefix("///") }.map { $0.dropFirst($0.hasPrefix("/// ") ? 4 : 3) }
      .drop { $0 != "```swift" }.dropFirst().prefix { $0 != "```" }.filter { !$0.isEmpty }
    #expect(block.count >= 10)
    #expect(Array(block) == documented)

    // Names and folders differ; the calls are those of the test above.
    let compiled = try lines(#filePath)
    for call in [
      "model.training(", "training.finish()", "training.save(to:", "model.adapter(",
      "model.evaluate(", "model.predict([TextInput(",
    ] {
      #expect(block.contains { $0.contains(call) }, "\(call)")
      #expect(compiled.contains { $0.contains(call) }, "\(call)")
    }
  }

  @Test func `uses one model from many tasks at once`() async throws {
    let model = try TextModel(folder: Goldens.base)
    let names = ["head_one_layer", "head_three_layers", "head_multilabel", "head_tagging"]
    let adapters = try names.map { try model.adapter("\(Goldens.folder)/adapters/\($0)") }
    let texts = [
      "the film was good", "play music in London", "turn the light off!", "what is it?",
      "un-re-bad weather tomorrow - in Paris",
    ]
    // Task by task another adapter and another text; in some both are mixed in one batch.
    @Sendable func answer(_ task: Int) throws -> [JSON] {
      let inputs = (0...task % 4).map { TextInput(texts[(task + $0) % texts.count]) }
      let stacks = inputs.indices.map { [adapters[(task / 4 + $0) % adapters.count]] }
      return try model.predict(inputs, with: stacks).map(\.json)
    }
    let serial = try (0..<64).map(answer)
    let concurrent = try await withThrowingTaskGroup(of: (Int, [JSON]).self) { group in
      for task in 0..<64 { group.addTask { (task, try answer(task)) } }
      return try await group.reduce(into: [Int: [JSON]]()) { $0[$1.0] = $1.1 }
    }
    for (task, expected) in serial.enumerated() {
      #expect(concurrent[task] == expected, "task \(task)")
    }
  }
}

/// Where the tiny model and adapters lie that the Python library wrote.
enum Goldens {
  static let package: String = {
    let steps = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return steps.dropLast(3).joined(separator: "/")
  }()
  static let folder = package + "/Tests/AdaptersTests/Goldens"
  static let base = folder + "/base"
}

/// A little data in a folder that is gone with this object.
final class MovieFolder: Sendable {
  let path: String
  var train: String { path + "/train.jsonl" }
  var adapter: String { path + "/movies" }

  /// Writes so many sentences.
  init(rows: Int = 8) throws {
    path = "/tmp/adapterhub-movies-\(UInt64.random(in: .min ... .max))"
    try makeFolder(path)
    let fillers = ["it was a", "what a", "the film is", "in London: a"]
    let lines = (0..<rows).map { row in
      let label = row % 2 == 0 ? "good" : "bad"
      let text = "\(fillers[row / 2 % fillers.count]) \(label) film \(row)"
      return JSON.object(["text": .string(text), "label": .string(label)]).text(.compact) + "\n"
    }
    try writeAtomically(lines.joined(), to: train)
  }

  deinit { try? removeFolder(path) }
}
