/// What a training measures as it goes: the lines of `training.jsonl`.
public import Files

/// A step, or the measuring after an epoch.
public struct TrainingRecord: Sendable {
  /// Counted from 1.
  public var step, epoch: Int
  /// The batch's mean loss, or that of the dev data.
  public var loss: Double
  public var learningRate: Double?
  /// Before clipping.
  public var gradientNorm: Double?
  /// How many tokens the step learned from.
  public var tokens: Int?
  /// On the dev data, the main one first; empty for a step.
  public var metrics: [(name: String, value: Double)] = []
  /// The update was left out, because something was not finite.
  public var isSkipped = false

  public var isEvaluation: Bool { !metrics.isEmpty }

  /// A line of the log.
  public var json: JSON {
    var object: JSON.Object = ["step": .integer(step), "epoch": .integer(epoch)]
    if isEvaluation {
      object["dev_loss"] = .number(loss)
      object["metrics"] = .object(JSON.Object(metrics.map { ($0.name, .number($0.value)) }))
    } else {
      object["loss"] = loss.isFinite ? .number(loss) : .null
      object["learning_rate"] = learningRate.map { .number($0) }
      object["gradient_norm"] = gradientNorm.flatMap { $0.isFinite ? .number($0) : nil }
      object["tokens"] = tokens.map { .integer($0) }
      if isSkipped { object["skipped"] = .bool(true) }
    }
    return .object(object)
  }

  init(
    step: Int, epoch: Int, loss: Double, learningRate: Double? = nil, gradientNorm: Double? = nil,
    tokens: Int? = nil, metrics: [(name: String, value: Double)] = []
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.tokens = tokens
    self.metrics = metrics
  }

  /// Reads a line of the log back.
  init(_ field: Field) throws {
    step = try field.required("step").integer(in: 0...Int.max)
    epoch = try field.required("epoch").integer(in: 0...Int.max)
    loss = try (field["loss"] ?? field["dev_loss"])?.number() ?? .nan
    learningRate = try field["learning_rate"]?.number()
    gradientNorm = try field["gradient_norm"]?.number()
    tokens = try field["tokens"]?.integer(in: 0...Int.max)
    metrics = try field["metrics"]?.object().map { ($0.key, try $0.value.number()) } ?? []
    isSkipped = try field["skipped"]?.bool() ?? false
  }
}

extension [TrainingRecord] {
  /// The log as a file has it: a line each.
  var jsonLines: String {
    map { $0.json.text(.compact) + "\n" }.joined()
  }
}
