/// `adapterhub train`: an adapter learns a task on a frozen base model.
import Adapters
import ArgumentParser
import BaseModels
import Datasets
import Files
import Tensors

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an adapter and its head; the base model stays as it is.",
    discussion: """
      Evaluates after each epoch on --dev, and keeps the best. Beside the adapter
      lie training.jsonl and training.svg. A training that was interrupted goes on
      with --resume.

      Examples:
        adapterhub train --model all-MiniLM-L6-v2 --task text-classification \\
          --data train.jsonl --dev dev.jsonl --output adapters/intent
        adapterhub train --model all-MiniLM-L6-v2 --task token-classification \\
          --data train.conll --method 'lora[r=16]' --learning-rate 2e-3 \\
          --output adapters/names
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: ArgumentHelp("What to learn: \(taskNames).", valueName: "task"))
  var task: String

  @Option(help: "The training data: .jsonl, .csv, .tsv, CoNLL columns, or SQuAD .json.")
  var data: String

  @Option(help: "Data to measure on after each epoch.")
  var dev: String?

  @Option(help: "The adapter's method, as seq_bn, lora[r=4], double_seq_bn[reduction_factor=8].")
  var method = "seq_bn"

  @Option(help: "The folder to make; an adapter's folder that is there is replaced.")
  var output: String

  @Option(help: "The adapter's name; by default that of the output folder.")
  var name: String?

  @Option(help: "How often to go through the data.")
  var epochs = 3

  @Option(help: "The peak learning rate.")
  var learningRate: Float = 1e-3

  @Option(
    name: [.customLong("batch-size"), .customLong("batch")],
    help: "How many sequences a step may learn from.")
  var batchSize = 32

  @Option(help: "How many tokens a step may learn from.")
  var batchTokens = 4_096

  @Option(help: "Cut rows to so many tokens; by default what the model reads.")
  var length: Int?

  @Option(
    help: "How the learning rate goes down: linear (the default), cosine or constant.",
    transform: named(Schedule.self))
  var schedule = Schedule.linear

  @Option(help: "The part of all steps over which the learning rate rises.")
  var warmup = 0.06

  @Option(help: "How much weights decay.")
  var weightDecay: Float = 0.01

  @Option(help: "The seed of everything random.")
  var seed: UInt64 = 42

  @Option(
    help:
      "How many parts of a step may be computed side by side; decides the last bits, as threads do not."
  )
  var lanes = 8

  @Option(help: "How many layers the head has; by default what its kind has.")
  var headLayers: Int?

  @Flag(help: "Labels are numbers on a scale.")
  var regression = false

  @Option(help: "Leave out so many broken rows before giving up.")
  var skipBadRows = 0

  @Option(help: "Steps between checkpoints, besides one after each epoch.")
  var checkpointSteps = 100

  @Flag(help: "Go on with the training of the same settings that was interrupted.")
  var resume = false

  @Option(
    help:
      "The files to write: bin, which the Python library looks for, safetensors, or both (the default).",
    transform: named(Adapter.Format.self))
  var format = Adapter.Format.both

  @Flag(help: "Print the result as JSON.")
  var json = false

  static var taskNames: String { AdapterTasks.names.joined(separator: ", ") }

  func validate() throws {
    guard AdapterTasks.names.contains(task) else {
      throw ValidationError("--task \(escaped(task, limit: 80)) is not one of \(Self.taskNames).")
    }
    guard headLayers.map({ (1...16).contains($0) }) ?? true else {
      throw ValidationError("--head-layers is between 1 and 16.")
    }
    guard skipBadRows >= 0 else { throw ValidationError("--skip-bad-rows is at least 0.") }
    guard !output.isEmpty else { throw ValidationError("--output is empty.") }
    if let name { try checkNameForSetups(name, "--name") }
    do {
      try settings.check()
    } catch let failure as FileFailure {
      let option = (failure.place ?? "settings").replacing(" ", with: "-")
      throw ValidationError("--\(option): \(failure.problem).")
    }
  }

  func run() throws {
    try checkReplaceable(trimmed(output))
    try checkWritable(beside: trimmed(output))
    var headSettings = TaskSettings()
    headSettings.layers = headLayers
    headSettings.isRegression = regression
    headSettings.skipBadRows = skipBadRows
    let text = try model.loadText()
    var training = try text.training(
      of: name ?? lastPathComponent(output), task: task, on: data, dev: dev, method: method,
      head: headSettings, settings: settings)
    let checkpoint = trimmed(output) + ".checkpoint"
    if resume, try Training.hasCheckpoint(in: checkpoint) {
      for broken in try training.resume(from: checkpoint) {
        writeError("adapterhub: a checkpoint is passed over: \(broken)\n")
      }
    } else {
      if resume { writeError("adapterhub: \(checkpoint): no checkpoint; begins anew\n") }
      try Training.removeCheckpoints(in: checkpoint)
    }
    describe(training)
    try run(&training, checkpoint)
    try training.save(to: trimmed(output), format: format)
    try Training.removeCheckpoints(in: checkpoint)
    try report(training)
  }

  private var settings: TrainingSettings {
    var settings = TrainingSettings()
    settings.epochs = epochs
    settings.learningRate = learningRate
    settings.batchSize = batchSize
    settings.batchTokens = batchTokens
    settings.length = length
    settings.schedule = schedule
    settings.warmup = warmup
    settings.weightDecay = weightDecay
    settings.seed = seed
    settings.checkpointSteps = checkpointSteps
    settings.lanes = lanes
    return settings
  }

  /// Steps to the end; a signal ends it after the step at hand, with a checkpoint.
  private func run(_ training: inout Training, _ checkpoint: String) throws {
    let interruption = Interruption()
    var progress = TrainingProgress(training, isQuiet: json)
    while !training.isFinished {
      let records = try training.advance()
      progress.show(training, records)
      let signal = interruption.signal
      if training.isAtEpochEnd || training.step % checkpointSteps == 0 || signal != nil {
        do {
          try training.saveCheckpoint(to: checkpoint)
        } catch {
          // A full disk does not end a training; the checkpoint before is still there.
          progress.finish()
          writeError("adapterhub: no checkpoint: \(error)\n")
        }
      }
      if let signal {
        progress.finish()
        writeError(
          "adapterhub: interrupted at step \(training.step); --resume goes on from there\n")
        throw ExitCode(128 + signal)
      }
    }
    progress.finish()
  }

  private func describe(_ training: Training) {
    guard !json else { return }
    let adapter = training.current
    let share = Double(adapter.parameterCount) / Double(max(1, training.base.parameterCount))
    writeError(
      """
      \(adapter.name): \(method), \(adapter.parameterCount.grouped) parameters, \
      \((share * 100).formatted(digits: 2)) % of \(escaped(training.base.name)); \
      \(adapter.head?.labels.count ?? 0) labels; \(training.totalSteps.grouped) steps

      """)
    if training.cut > 0 {
      let limit = min(length ?? .max, training.base.traits.positions)
      writeError("\(training.cut) rows are longer than \(limit) tokens and are cut\n")
    }
    if training.empty > 0 { writeError(emptyRows(training.empty) + "\n") }
  }

  private func report(_ training: Training) throws {
    let best = training.log.last { $0.isEvaluation && $0.epoch == training.bestEpoch }
    if json {
      var result: JSON.Object = [
        "output": .string(output), "steps": .integer(training.step),
        "cut": .integer(training.cut), "empty": .integer(training.empty),
      ]
      if let best {
        result["epoch"] = .integer(best.epoch)
        result["metrics"] = .object(
          JSON.Object(best.metrics.map { ($0.name, .number($0.value)) }))
      }
      try printLines([JSON.object(result).text(.compact)])
      return
    }
    let score = best.map {
      ", best epoch \($0.epoch): "
        + $0.metrics.map { "\($0.name) \($0.value.formatted(digits: 4))" }.joined(separator: ", ")
    }
    try printLines(["saved \(output)\(score ?? "")"])
  }
}

/// A path without slashes at its end.
private func trimmed(_ path: String) -> String {
  var path = path[...]
  while path.count > 1, path.last == "/" { path.removeLast() }
  return String(path)
}
