/// A training: an adapter and a head learn from examples while the base model stays as it is.
public import BaseModels
internal import Files
internal import Tensors

/// A training that is going on: a value that is stepped forward, saved and taken up again.
public struct Training: Sendable {
  public let base: BaseModel
  public let settings: TrainingSettings
  let examples: [EncodedExample]
  let dev: [EncodedExample]
  /// How many steps each epoch has.
  let stepCounts: [Int]
  /// The batches of one epoch, as indices of `examples`: only those of the epoch at hand are kept.
  private var plan = EpochPlan(epoch: -1, batches: [])

  var adapter: Adapter
  var optimizer: AdamW
  /// Steps done, over all epochs.
  public internal(set) var step = 0
  /// Updates skipped in a row because something was not finite.
  var skipped = 0
  /// The best parameters by the dev data, and their score.
  var best: (score: Double, epoch: Int, parameters: Parameters)?
  /// What was measured, step by step and epoch by epoch.
  public internal(set) var log: [TrainingRecord] = []

  /// How many steps there are in all.
  public var totalSteps: Int { stepCounts.reduce(0, +) }
  public var isFinished: Bool { step >= totalSteps }

  /// Rows that were longer than the model and were cut.
  public var cut: Int { (examples + dev).count { $0.isCut } }
  /// Rows without a token of their own.
  public var empty: Int { (examples + dev).count { $0.isEmpty } }

  /// - Parameters:
  ///   - adapter: has the head that is trained with it.
  ///   - examples: what to learn from.
  ///   - dev: what to measure on after each epoch; may be empty.
  ///   - model: stays as it is.
  ///   - settings: how to train.
  /// - Throws: ``FileFailure`` for settings or data nothing can be learned from.
  public init(
    _ adapter: Adapter, on examples: [Example], dev: [Example] = [], model: TextModel,
    settings: TrainingSettings
  ) throws {
    guard let head = adapter.head else { throw headless(adapter.name) }
    try self.init(
      adapter, encoded: try model.encode(examples, head, length: settings.length),
      dev: try model.encode(dev, head, length: settings.length), base: model.base,
      settings: settings)
  }

  /// The same with examples that are tokens already.
  package init(
    _ adapter: Adapter, encoded examples: [EncodedExample], dev: [EncodedExample] = [],
    base: BaseModel, settings: TrainingSettings
  ) throws {
    try settings.check()
    guard !examples.isEmpty else {
      throw FileFailure("the training", "there is nothing to learn from")
    }
    try base.check(adapter.head)
    for example in examples + dev {
      do {
        try base.check(example.sequence)
      } catch let failure {
        throw FileFailure("the training", at: "a row of its data", failure.description)
      }
    }
    guard let head = adapter.head else { throw headless(adapter.name) }
    guard head.lossTerms(examples.map(\.target)) > 0 else {
      throw FileFailure(
        "the training", "no token of its data carries a label, so there is nothing to learn from",
        hint: "texts that are empty, or cut before their first word, teach nothing")
    }
    self.base = base
    self.settings = settings
    self.adapter = adapter
    stepCounts = countSteps(lengths: examples.map(\.sequence.ids.count), settings: settings)
    self.examples = examples
    self.dev = dev
    optimizer = AdamW(weightDecay: settings.weightDecay)
  }

  /// The batches of an epoch, the same whenever they are asked for.
  private mutating func plannedBatches(of epoch: Int) -> [ArraySlice<Int>] {
    if plan.epoch != epoch {
      plan = EpochPlan(
        epoch: epoch,
        batches: epochBatches(
          epoch, lengths: examples.map(\.sequence.ids.count), settings: settings))
    }
    return plan.batches
  }

  /// The adapter as it is now.
  public var current: Adapter { adapter }

  /// The adapter to keep: the best by the dev data, or the last.
  public var result: Adapter {
    guard let best else { return adapter }
    return adapter.with(best.parameters)
  }

  /// The epoch of the last step, from 1.
  public var currentEpoch: Int {
    min(position.epoch + (position.step > 0 ? 1 : 0), stepCounts.count)
  }

  /// The epoch that the next step is in, and the step within it.
  var position: (epoch: Int, step: Int) {
    var left = step
    for (epoch, steps) in stepCounts.enumerated() {
      if left < steps { return (epoch, left) }
      left -= steps
    }
    return (stepCounts.count, 0)
  }

  /// Takes one step; after the last of an epoch, measures on the dev data.
  ///
  /// - Returns: what was measured, the step first.
  /// - Throws: ``FileFailure`` when the loss is not finite three times in a row.
  public mutating func advance() throws -> [TrainingRecord] {
    let (epoch, index) = position
    guard epoch < stepCounts.count else { return [] }
    let rows = plannedBatches(of: epoch)[index].map { examples[$0] }
    let dropout = DropoutSource(Random(seed: settings.seed), stream: "step \(step)")
    let parameters = adapter.parameters
    let (loss, gradient) = try base.lossAndGradient(
      of: adapter, at: parameters, on: rows, dropout: dropout)
    let norm = gradientNorm(gradient)
    let rate =
      settings.learningRate
      * settings.schedule.factor(
        step: step, warmup: Int(settings.warmup * Double(totalSteps)), total: totalSteps)
    var record = TrainingRecord(
      step: step + 1, epoch: epoch + 1, loss: Double(loss), learningRate: Double(rate),
      gradientNorm: norm, tokens: rows.reduce(0) { $0 + $1.sequence.ids.count })
    if loss.isFinite, norm.isFinite {
      let scale = min(1, settings.largestGradientNorm / (norm + 1e-6))
      var next = parameters
      optimizer.update(
        &next, gradient: gradient, learningRate: rate, gradientScale: Float(scale),
        decays: { adapter.decays($0) })
      adapter = adapter.with(next)
      skipped = 0
    } else {
      skipped += 1
      record.isSkipped = true
      guard skipped < 3 else { throw diverged(gradient, rate) }
    }
    step += 1
    var records = [record]
    if index == stepCounts[epoch] - 1, !dev.isEmpty {
      records.append(try measure(epoch: epoch))
    }
    log += records
    return records
  }

  private mutating func measure(epoch: Int) throws -> TrainingRecord {
    let evaluation = try base.evaluate(BoundAdapter(adapter, to: base), on: dev)
    let name = adapter.head?.mainMetric ?? ""
    let score = evaluation[name] ?? -evaluation.loss
    if best.map({ score > $0.score }) ?? true {
      best = (score, epoch, adapter.parameters)
    }
    return TrainingRecord(
      step: step, epoch: epoch + 1, loss: evaluation.loss, metrics: evaluation.metrics)
  }

  private func diverged(_ gradient: Parameters, _ rate: Float) -> FileFailure {
    let culprit = gradient.sorted { $0.key < $1.key }.first { !$0.value.isFinite }?.key
    return FileFailure(
      "the training", at: "step \(step + 1)",
      "the loss or its gradient is not finite for the third time in a row"
        + (culprit.map { "; first at \($0)" } ?? ""),
      hint: "a lower learning rate than \(rate) often helps")
  }
}

/// The batches of one epoch.
private struct EpochPlan: Sendable {
  let epoch: Int
  let batches: [ArraySlice<Int>]
}

/// How many batches each epoch has.
private func countSteps(lengths: [Int], settings: TrainingSettings) -> [Int] {
  let longest = lengths.sorted(by: >).prefix(settings.batchSize).reduce(0, +)
  guard longest > settings.batchTokens else {
    // However the rows are ordered, it is their number that fills a batch.
    let steps = (lengths.count + settings.batchSize - 1) / settings.batchSize
    return Array(repeating: steps, count: settings.epochs)
  }
  return (0..<settings.epochs).map {
    epochBatches($0, lengths: lengths, settings: settings).count
  }
}

/// The rows of an epoch in its own random order, cut into batches.
private func epochBatches(
  _ epoch: Int, lengths: [Int], settings: TrainingSettings
) -> [ArraySlice<Int>] {
  batches(
    Random(seed: settings.seed).permutation(lengths.count, stream: "epoch \(epoch)"),
    lengths: lengths, sequences: settings.batchSize, tokens: settings.batchTokens)
}

extension Adapter {
  /// The adapter's tensors and its head's.
  var parameters: Parameters { tensors.merging(headTensors) { $1 } }

  /// Whether weight decay pulls at a tensor of the adapter or its head.
  func decays(_ name: String) -> Bool {
    plan.parameters[name]?.decays ?? (!name.hasSuffix("bias"))
  }

  /// The same adapter with other values.
  func with(_ parameters: Parameters) -> Adapter {
    var adapter = self
    for key in tensors.keys { adapter.tensors[key] = parameters[key] }
    for key in headTensors.keys { adapter.headTensors[key] = parameters[key] }
    return adapter
  }
}

func headless(_ name: String) -> FileFailure {
  FileFailure(
    "adapter \(name)", "has no head", hint: "the folder needs head_config.json and its weights")
}
