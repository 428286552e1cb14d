/// What a training is told.
public import Files
public import Tensors

/// The settings of a training; the same settings and data give the same adapter, bit for bit, on any
/// number of threads.
public struct TrainingSettings: Sendable {
  public var epochs = 3
  /// The peak learning rate.
  public var learningRate: Float = 1e-3
  /// How many sequences a step learns from at most.
  public var batchSize = 32
  /// How many tokens a step learns from at most.
  public var batchTokens = 4_096
  /// Longer rows are cut to so many tokens; nil is the model's limit.
  public var length: Int?
  public var schedule = Schedule.linear
  /// The part of all steps over which the learning rate rises.
  public var warmup: Double = 0.06
  public var weightDecay: Float = 0.01
  /// Gradients of a larger norm are scaled down to it.
  public var largestGradientNorm: Double = 1
  public var seed: UInt64 = 42
  /// How many parts of a step may be computed side by side, a power of two.
  ///
  /// It decides the last bits of the result, as the threads do not; more threads than lanes have
  /// nothing to do.
  public var lanes = 8
  /// Steps between checkpoints, besides one at the end of each epoch.
  public var checkpointSteps = 100

  public init() {}

  /// - Throws: ``FileFailure`` for a setting nothing can be learned with.
  public func check() throws {
    func require(_ holds: Bool, _ name: String, _ problem: String) throws {
      guard holds else { throw FileFailure("the training", at: name, problem) }
    }
    try require(
      (1...10_000).contains(epochs), "epochs", "\(epochs) is not between 1 and 10,000")
    try require(
      learningRate > 0 && learningRate.isFinite, "learning rate", "\(learningRate) is not above 0")
    try require(batchSize > 0, "batch size", "\(batchSize) is less than 1")
    try require(batchTokens > 0, "batch tokens", "\(batchTokens) is less than 1")
    try require(length.map { $0 >= 3 } ?? true, "length", "less than 3 tokens leave no text")
    try require((0...1).contains(warmup), "warmup", "\(warmup) is not between 0 and 1")
    try require(
      weightDecay >= 0 && weightDecay.isFinite, "weight decay", "\(weightDecay) is below 0")
    try require(
      largestGradientNorm > 0, "gradient norm", "\(largestGradientNorm) is not above 0")
    try require(
      (1...1024).contains(lanes) && lanes.nonzeroBitCount == 1, "lanes",
      "\(lanes) is no power of two up to 1,024")
    try require(checkpointSteps > 0, "checkpoint steps", "\(checkpointSteps) is less than 1")
  }

  /// For the adapter's file, and to tell whether a checkpoint is of the same training.
  public var json: JSON.Object {
    [
      "epochs": .integer(epochs), "learning_rate": .number(Double("\(learningRate)") ?? 0),
      "batch_size": .integer(batchSize), "batch_tokens": .integer(batchTokens),
      "length": length.map { .integer($0) } ?? .null, "schedule": .string(schedule.rawValue),
      "warmup": .number(warmup), "weight_decay": .number(Double("\(weightDecay)") ?? 0),
      "largest_gradient_norm": .number(largestGradientNorm),
      "seed": .string(String(seed)), "lanes": .integer(lanes),
    ]
  }
}
