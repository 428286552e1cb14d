/// A task that the goldens' tiny model can learn.
import Adapters
import Files

/// Sentences that say whether a film is good or bad, in a folder that is gone with this object.
final class TinyTask: Sendable {
  let folder: String
  var train: String { "\(folder)/train.jsonl" }
  var dev: String { "\(folder)/dev.jsonl" }
  /// The same sentences with the words of judgement marked.
  var tags: String { "\(folder)/tags.jsonl" }
  var output: String { "\(folder)/adapter" }
  var checkpoints: String { "\(folder)/adapter.checkpoint" }

  init() throws {
    folder = "/tmp/adapterhub-training-\(UInt64.random(in: .min ... .max))"
    try makeFolder(folder)
    var random = Sequence(state: 1)
    let train = (0..<96).map { _ in random.sentence() }
    let dev = (0..<32).map { _ in random.sentence() }
    try write(
      train.map { .object(["text": .string($0.text), "label": .string($0.label)]) }, self.train)
    try write(
      dev.map { .object(["text": .string($0.text), "label": .string($0.label)]) }, self.dev)
    try write(
      train.map { sentence in
        .object([
          "tokens": .array(sentence.words.map { .string($0) }),
          "tags": .array(sentence.words.map { .string($0 == sentence.label ? "B-WORD" : "O") }),
        ])
      }, tags)
  }

  deinit { try? removeFolder(folder) }

  static func model() throws -> TextModel { try TextModel(folder: Goldens.folder + "/base") }

  /// Small batches and few of them, so that every test is quick.
  static var settings: TrainingSettings {
    var settings = TrainingSettings()
    settings.epochs = 2
    settings.batchSize = 16
    settings.learningRate = 1e-2
    return settings
  }

  /// A training on the sentences' labels; with dropout, so that chance takes part.
  func training(
    on data: String? = nil, dev: String? = nil, method: String = "seq_bn[dropout=0.1]",
    _ change: (inout TrainingSettings) -> Void = { _ in }
  ) throws -> Training {
    var settings = Self.settings
    change(&settings)
    return try Self.model().training(
      of: "tiny", task: "text-classification", on: data ?? train, dev: dev ?? self.dev,
      method: method, settings: settings)
  }

  private func write(_ rows: [JSON], _ path: String) throws {
    try writeAtomically(rows.map { $0.text(.compact) + "\n" }.joined(), to: path)
  }
}

extension TinyTask {
  private struct Sentence {
    let words: [String]
    let label: String
    var text: String { words.joined(separator: " ") }
  }

  /// Pseudo-random, and the same in every run.
  private struct Sequence {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }

    mutating func sentence() -> Sentence {
      let fillers = ["the", "a", "film", "book", "music", "was", "it", "is", "what", "in", "of"]
      var words = (0..<3 + below(5)).map { _ in fillers[below(fillers.count)] }
      let label = ["good", "bad"][below(2)]
      words.insert(label, at: below(words.count + 1))
      return Sentence(words: words, label: label)
    }
  }
}
