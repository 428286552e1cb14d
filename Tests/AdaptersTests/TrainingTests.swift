/// What a training does to an adapter.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `A training` {
  @Test(arguments: ["seq_bn[reduction_factor=2]", "lora[r=8]", "double_seq_bn"])
  func `learns`(_ method: String) throws {
    let task = try TinyTask()
    var training = try task.training(dev: task.train, method: method) { $0.epochs = 20 }
    try training.finish()
    let losses = training.log.filter { !$0.isEvaluation }.map(\.loss)
    let first = losses.prefix(6).reduce(0, +) / 6
    let last = losses.suffix(6).reduce(0, +) / 6
    #expect(last < first * 0.5, "\(first) to \(last)")
    let accuracy = training.log.last(where: \.isEvaluation)?.metrics.first?.value ?? 0
    #expect(accuracy > 0.85)
  }

  @Test func `learns the tags of tokens`() throws {
    let task = try TinyTask()
    var settings = TinyTask.settings
    settings.epochs = 30
    settings.learningRate = 3e-2
    var training = try TinyTask.model().training(
      of: "tags", task: "token-classification", on: task.tags, dev: task.tags, settings: settings)
    try training.finish()
    let measured = try #require(training.log.last { $0.isEvaluation })
    #expect((measured.metrics.first?.value ?? 0) > 0.5, "\(measured.metrics)")
  }

  @Test func `leaves the base model as it was`() throws {
    let task = try TinyTask()
    let model = try TinyTask.model()
    let sequence = Batch.Sequence(ids: [2, 40, 41, 3])
    let before = try model.base.forward([ModelInput(sequence)])[0].hidden.scalars
    var training = try model.training(
      of: "tiny", task: "text-classification", on: task.train, settings: TinyTask.settings)
    try training.finish()
    #expect(try model.base.forward([ModelInput(sequence)])[0].hidden.scalars == before)
    let other = try Goldens.base("base")
    #expect(model.base.hasWeights(of: other.shape))
  }

  @Test func `keeps the best epoch`() throws {
    let task = try TinyTask()
    // A rate that is too high and does not fall: the score goes up and down.
    var training = try task.training {
      $0.epochs = 6
      $0.learningRate = 0.1
      $0.schedule = .constant
    }
    try training.finish()
    let measured = training.log.filter(\.isEvaluation)
    #expect(measured.count == 6)
    let scores = measured.compactMap(\.metrics.first?.value)
    let best = try #require(scores.max())
    // The first of several that are as good.
    #expect(training.bestEpoch == measured.first { $0.metrics.first?.value == best }?.epoch)

    try training.save(to: task.output)
    let model = try TinyTask.model()
    let kept = try model.evaluate(try model.adapter(task.output), on: task.dev)
    #expect(kept["accuracy"] == best)
    let file = task.output + "/adapter_config.json"
    let saved = try Field(JSON(contentsOf: file), file: file)
    #expect(
      try saved.required("training").required("epoch").integer(in: 0...9) == training.bestEpoch)
  }

  @Test func `gives the same adapter for the same seed, and another for another`() throws {
    let task = try TinyTask()
    func trained(_ seed: UInt64) throws -> [String: [Float]] {
      var training = try task.training {
        $0.seed = seed
        $0.epochs = 1
      }
      try training.finish()
      return training.result.bits
    }
    let first = try trained(7)
    #expect(try trained(7) == first)
    #expect(try trained(8) != first)
  }

  @Test(arguments: [
    ("seq_bn[dropout=0.1]", 1), ("double_seq_bn[stochastic_depth=0.2]", 4),
    ("lora[dropout=0.1]", 8),
  ])
  func `gives the same bytes on any number of threads`(_ method: String, _ lanes: Int) throws {
    let task = try TinyTask()
    func trained(_ threads: Int, _ sequences: Int) throws -> ([String: [Float]], String) {
      let before = threadCount
      defer { setThreadCount(before) }
      setThreadCount(threads)
      var training = try task.training(method: method) {
        $0.epochs = 1
        $0.batchSize = sequences
        $0.lanes = lanes
      }
      try training.finish()
      return (training.result.bits, training.log.jsonLines)
    }
    // Steps of a few tokens, where the threads share a product, and of several lanes.
    for sequences in [3, 64] {
      let one = try trained(1, sequences)
      for threads in [2, 3] {
        let several = try trained(threads, sequences)
        #expect(several.0 == one.0, "\(threads) threads, \(sequences) sequences")
        #expect(several.1 == one.1, "the log of \(threads) threads, \(sequences) sequences")
      }
    }
  }

  @Test func `may be shared out: sums of two halves are those of the whole`() throws {
    let task = try TinyTask()
    var whole = try task.training()
    var shared = try task.training()
    for _ in 0..<3 {
      _ = try whole.advance()
      _ = try shared.advance { sums in
        // Another machine that learned from the same batch: the mean is the same.
        sums + sums
      }
    }
    for (name, tensor) in whole.current.parameters {
      expectClose(
        shared.current.parameters[name]?.scalars ?? [], tensor.scalars, absolute: 1e-5, name)
    }
    #expect(shared.log.last?.tokens == whole.log.last?.tokens.map { 2 * $0 })
  }

  @Test func `stops when it diverges, and saves nothing`() throws {
    let task = try TinyTask()
    var training = try task.training { $0.learningRate = 1e30 }
    let failure = try #require(throws: FileFailure.self) { try training.finish() }
    #expect(failure.place?.hasPrefix("step ") ?? false, "\(failure)")
    #expect(failure.problem.contains("not finite"), "\(failure)")
    #expect(failure.hint?.contains("learning rate") ?? false, "\(failure)")
    #expect(!fileExists(task.output))
  }

  @Test func `does not save numbers that are not finite`() throws {
    let task = try TinyTask()
    var training = try task.training()
    let name = try #require(training.adapter.tensors.keys.sorted().first)
    let shape = training.adapter.tensors[name]?.shape ?? []
    training.adapter.tensors[name] = Tensor(
      [Float](repeating: .nan, count: shape.reduce(1, *)), shape: shape)
    let failure = try #require(throws: FileFailure.self) { try training.save(to: task.output) }
    #expect(failure.description.contains(name))
    #expect(!fileExists(task.output))
    #expect(try namesInFolder(task.folder).allSatisfy { $0.hasSuffix(".jsonl") })
  }

  @Test(arguments: Setting.senseless)
  fileprivate func `refuses a setting that makes no sense`(_ setting: Setting) throws {
    let task = try TinyTask()
    let failure = try #require(throws: FileFailure.self) { try task.training(setting.change) }
    #expect(failure.place == setting.name, "\(failure)")
  }

  @Test func `refuses a task, a method and a name that are not there`() throws {
    let task = try TinyTask()
    let model = try TinyTask.model()
    func refused(_ name: String, _ kind: String, _ method: String) throws -> FileFailure {
      try #require(throws: FileFailure.self) {
        try model.training(of: name, task: kind, on: task.train, method: method)
      }
    }
    let known = "text-classification"
    #expect(try refused("a", "juggling", "seq_bn").hint?.contains(known) ?? false)
    #expect(try refused("a", known, "seq_bm").description.contains("seq_bm"))
    #expect(try refused("a.b", known, "seq_bn").description.contains("a.b"))
    #expect(try refused("a", "token-classification", "seq_bn").path == task.train)
  }

  @Test func `leaves its log and its picture beside the adapter`() throws {
    let task = try TinyTask()
    var training = try task.training()
    try training.finish()
    try training.save(to: task.output)
    let lines = try readFile(task.output + "/training.jsonl").split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == training.totalSteps + training.settings.epochs)
    #expect(fileExists(task.output + "/training.svg"))
  }
}

extension Adapter {
  /// Every number of the adapter and its head.
  var bits: [String: [Float]] { parameters.mapValues(\.scalars) }
}

private struct Setting: Sendable, CustomTestStringConvertible {
  let name: String
  let change: @Sendable (inout TrainingSettings) -> Void
  var testDescription: String { name }

  static let senseless: [Setting] = [
    Setting(name: "epochs") { $0.epochs = 0 },
    Setting(name: "learning rate") { $0.learningRate = 0 },
    Setting(name: "learning rate") { $0.learningRate = -1 },
    Setting(name: "learning rate") { $0.learningRate = .infinity },
    Setting(name: "learning rate") { $0.learningRate = .nan },
    Setting(name: "batch size") { $0.batchSize = 0 },
    Setting(name: "batch tokens") { $0.batchTokens = -1 },
    Setting(name: "length") { $0.length = 2 },
    Setting(name: "warmup") { $0.warmup = 1.5 },
    Setting(name: "warmup") { $0.warmup = .nan },
    Setting(name: "weight decay") { $0.weightDecay = -0.1 },
    Setting(name: "gradient norm") { $0.largestGradientNorm = 0 },
    Setting(name: "checkpoint steps") { $0.checkpointSteps = 0 },
    Setting(name: "lanes") { $0.lanes = 0 },
    Setting(name: "lanes") { $0.lanes = 6 },
  ]
}
