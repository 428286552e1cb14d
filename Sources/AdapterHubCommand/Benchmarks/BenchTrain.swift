/// `adapterhub bench train`: how fast a training steps.
import Adapters
import ArgumentParser
import BaseModels
import Tensors

struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Time training steps of an adapter and its head.",
    discussion: """
      Examples:
        adapterhub bench train --config bert-base --method lora --batch 16
        adapterhub bench train --config minilm --batch 32 --length 64 --json
      """)

  @OptionGroup var options: BenchModel

  func validate() throws {
    guard options.method != "none" else { throw ValidationError("--method is what is trained.") }
  }

  func run() throws {
    let base = try options.load()
    let adapter = try Adapter(
      name: "adapter", methods: parseMethods(options.method), for: base, head: .twoLabels, seed: 1)
    let sequences = try options.sequences(base)
    // A batch that is learned from again and again; no step is the last.
    let examples = sequences.enumerated().map { row, sequence in
      EncodedExample(sequence: sequence, target: TextClassification.Target.label(row % 2))
    }
    var settings = TrainingSettings()
    settings.epochs = 10_000
    settings.batchSize = examples.count
    settings.batchTokens = .max
    guard let task = adapter.task as? TextClassification else { return }
    var training = try Training(
      adapter, of: task, encoded: examples, base: base, settings: settings)
    let timing = try Timing(rounds: options.rounds, seconds: 1) { _ = try training.advance() }
    let lengths = sequences.map(\.ids.count)
    // Forward and backward are counted whole, as the peers do them.
    let work = lengths.reduce(0) { $0 + 2 * base.traits.operations(tokens: $1) }
    try report(timing, tokens: lengths.reduce(0, +), operations: work, options.json)
  }
}
