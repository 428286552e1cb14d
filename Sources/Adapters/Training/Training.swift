/// A training: an adapter and a head learn from examples while the base model stays as it is.
public import BaseModels
public import Datasets
internal import Files
internal import Tensors

/// A training that is going on: a value that is stepped forward, saved and taken up again.
public struct Training: Sendable {
  public let base: BaseModel
  public let settings: TrainingSettings
  let examples: any ExampleSet
  /// What is measured on after each epoch, if anything.
  let dev: (any ExampleSet)?
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
  /// How much of the log lies in a folder of checkpoints already.
  var savedLog: SavedLog?
  /// What makes two trainings the same; hashed once, because data may be large.
  let identity: JSON.Object

  /// How many steps there are in all.
  public var totalSteps: Int { stepCounts.reduce(0, +) }
  public var isFinished: Bool { step >= totalSteps }

  /// Rows that were longer than the model and were cut.
  public var cut: Int { examples.cut + (dev?.cut ?? 0) }
  /// Rows without a token of their own.
  public var empty: Int { examples.empty + (dev?.empty ?? 0) }

  /// - Parameters:
  ///   - adapter: has the head of the task, which is trained with it.
  ///   - task: what it is trained for.
  ///   - data: what to learn from.
  ///   - dev: what to measure on after each epoch, if anything.
  ///   - model: stays as it is.
  ///   - settings: how to train.
  /// - Throws: ``FileFailure`` for settings or data nothing can be learned from.
  public init<Task: AdapterTask>(
    _ adapter: Adapter, of task: Task, on data: Dataset<Task.Row>, dev: Dataset<Task.Row>? = nil,
    model: TextModel, settings: TrainingSettings
  ) throws {
    try self.init(
      adapter, on: try model.encoded(task, data, length: settings.length),
      dev: try dev.map { try model.encoded(task, $0, length: settings.length) },
      base: model.base, settings: settings)
  }

  /// The same with examples that are tokens already.
  package init<Task: AdapterTask>(
    _ adapter: Adapter, of task: Task, encoded examples: [EncodedExample<Task.Target>],
    base: BaseModel, settings: TrainingSettings
  ) throws {
    try self.init(
      adapter, on: EncodedExamples(task, examples), dev: EncodedExamples<Task>?.none, base: base,
      settings: settings)
  }

  private init(
    _ adapter: Adapter, on examples: some ExampleSet, dev: (some ExampleSet)?, base: BaseModel,
    settings: TrainingSettings
  ) throws {
    try settings.check()
    guard examples.count > 0 else {
      throw FileFailure("the training", "there is nothing to learn from")
    }
    guard adapter.head != nil else { throw headless(adapter.name) }
    try base.check(adapter.head)
    try examples.check(for: base)
    try dev?.check(for: base)
    guard examples.terms > 0 else {
      throw FileFailure(
        "the training", "no token of its data carries a label, so there is nothing to learn from",
        hint: "texts that are empty, or cut before their first word, teach nothing")
    }
    self.base = base
    self.settings = settings
    self.adapter = adapter
    stepCounts = countSteps(lengths: examples.lengths, settings: settings)
    self.examples = examples
    self.dev = dev
    optimizer = AdamW(weightDecay: settings.weightDecay)
    identity = Training.identity(settings, examples, dev, adapter, base)
  }

  /// The batches of an epoch, the same whenever they are asked for.
  private mutating func plannedBatches(of epoch: Int) -> [ArraySlice<Int>] {
    if plan.epoch != epoch {
      plan = EpochPlan(
        epoch: epoch,
        batches: epochBatches(
          epoch, lengths: examples.lengths, settings: settings))
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
  /// - Parameter reduce: adds what other machines computed of the same step; nil where there are none.
  /// - Returns: what was measured, the step first.
  /// - Throws: ``FileFailure`` when the loss is not finite three times in a row.
  public mutating func advance(
    reducing reduce: ((StepSums) throws -> StepSums)? = nil
  ) throws -> [TrainingRecord] {
    let (epoch, index) = position
    guard epoch < stepCounts.count else { return [] }
    let rows = plannedBatches(of: epoch)[index]
    let dropout = DropoutSource(Random(seed: settings.seed), stream: "step \(step)")
    let parameters = adapter.parameters
    var sums = try base.lossAndGradient(
      of: adapter, at: parameters, on: examples, rows: rows, lanes: settings.lanes,
      dropout: dropout)
    if let reduce { sums = try reduce(sums) }
    let terms = Double(max(1, sums.terms))
    let (loss, norm) = (sums.loss / terms, gradientNorm(sums.gradient) / terms)
    let rate =
      settings.learningRate
      * settings.schedule.factor(
        step: step, warmup: Int(settings.warmup * Double(totalSteps)), total: totalSteps)
    var record = TrainingRecord(
      step: step + 1, epoch: epoch + 1, loss: loss, learningRate: Double(rate),
      gradientNorm: norm, tokens: sums.tokens)
    if loss.isFinite, norm.isFinite {
      let scale = min(1, settings.largestGradientNorm / (norm + 1e-6))
      var next = parameters
      optimizer.update(
        &next, gradient: sums.gradient, learningRate: rate,
        gradientScale: Float(scale / terms),
        decays: { adapter.decays($0) })
      adapter = adapter.with(next)
      skipped = 0
    } else {
      skipped += 1
      record.isSkipped = true
      guard skipped < 3 else { throw diverged(sums.gradient, rate) }
    }
    step += 1
    var records = [record]
    if index == stepCounts[epoch] - 1, let dev {
      records.append(try measure(on: dev, epoch: epoch))
    }
    log += records
    return records
  }

  private mutating func measure(on dev: some ExampleSet, epoch: Int) throws -> TrainingRecord {
    let evaluation = try base.evaluate(BoundAdapter(adapter, to: base), on: dev)
    let score = evaluation.metrics.first?.value ?? -evaluation.loss
    if best.map({ dev.isBetter(score, than: $0.score) }) ?? true {
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
  /// What is trained: the adapter's tensors and its head's.
  var parameters: Parameters {
    tensors.filter { plan.parameters[$0.key]?.isTrained ?? true }.merging(headTensors) { $1 }
  }

  /// Whether weight decay pulls at a tensor of the adapter or its head.
  func decays(_ name: String) -> Bool {
    plan.parameters[name]?.decays ?? (!name.hasSuffix("bias"))
  }

  /// The same adapter with other values.
  func with(_ parameters: Parameters) -> Adapter {
    var adapter = self
    for (key, value) in parameters {
      if headTensors[key] != nil {
        adapter.headTensors[key] = value
      } else {
        adapter.tensors[key] = value
      }
    }
    return adapter
  }
}

func headless(_ name: String) -> FileFailure {
  FileFailure(
    "adapter \(name)", "has no head, so it cannot answer",
    hint: "the last adapter of a setup needs head_config.json and its weights")
}
