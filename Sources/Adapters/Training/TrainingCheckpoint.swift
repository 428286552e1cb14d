/// Checkpoints: a training that was killed goes on to the same final weights, bit for bit.
internal import BaseModels
internal import Files
internal import Tensors

/// The folder of a training's checkpoints, the last two of them:
///
///     log.jsonl              what was measured so far; it only grows
///     step-00000120/
///       tensors.safetensors  parameters, the best ones, and the optimizer's moments
///       state.json           where the training stands, how much of the log is its own, and of which
///                            training it is
extension Training {
  /// Saves where the training stands, and removes all checkpoints but the one before.
  public mutating func saveCheckpoint(to folder: String) throws {
    let name = String(step)
    let path =
      "\(folder)/step-" + String(repeating: "0", count: max(0, 8 - name.utf8.count)) + name
    try makeFolder(folder)
    try saveLog(in: folder)
    try writeCheckpoint(path)
    for old in try checkpoints(in: folder).dropFirst(2) { try removeFolder(old) }
  }

  /// Appends to the log of a folder what it does not have yet.
  private mutating func saveLog(in folder: String) throws {
    var saved = SavedLog(folder: folder, records: 0, bytes: 0)
    if let savedLog, savedLog.folder == folder, fileExists(logPath(folder)) { saved = savedLog }
    let text = Array(log[saved.records...]).jsonLines
    try append(text, to: logPath(folder), at: saved.bytes)
    savedLog = SavedLog(
      folder: folder, records: log.count, bytes: saved.bytes + text.utf8.count)
  }

  private func writeCheckpoint(_ folder: String) throws {
    var tensors: [NamedTensor] = []
    func add(_ group: String, _ parameters: Parameters) {
      for (name, tensor) in parameters.sorted(by: { $0.key < $1.key }) {
        tensors.append(
          NamedTensor(name: "\(group)/\(name)", shape: tensor.shape, floats: tensor.scalars))
      }
    }
    add("parameter", adapter.parameters)
    add("first", optimizer.firstMoments)
    add("second", optimizer.secondMoments)
    add("best", best?.parameters ?? [:])
    let state: JSON.Object = [
      "step": .integer(step), "skipped": .integer(skipped),
      "updates": .integer(optimizer.step),
      "best_score": best.map { .number($0.score) } ?? .null,
      "best_epoch": best.map { .integer($0.epoch) } ?? .null,
      "log_bytes": .integer(savedLog?.bytes ?? 0), "training": .object(identity),
    ]
    try writeFolderAtomically(folder) { folder in
      try writeSafetensors(tensors, to: folder + "/tensors.safetensors")
      try writeAtomically(JSON.object(state).text(.indentedSorted), to: folder + "/state.json")
    }
  }

  /// Whether a folder is there and holds a checkpoint: a process that was killed early left none.
  public static func hasCheckpoint(in folder: String) throws -> Bool {
    guard fileExists(folder) else { return false }
    return try !checkpoints(in: folder).isEmpty
  }

  /// Takes up where the newest checkpoint of a folder stands; a broken one is passed over.
  ///
  /// - Returns: what was passed over, and why.
  /// - Throws: ``FileFailure`` when there is none, or it is of another training: other data,
  ///   settings, adapter or base.
  public mutating func resume(from folder: String) throws -> [String] {
    var broken: [String] = []
    let candidates = try checkpoints(in: folder)
    for path in candidates {
      do {
        try read(path, in: folder)
        return broken
      } catch let failure as FileFailure where failure.place?.hasPrefix("$.training") != true {
        broken.append(failure.description)
        guard path != candidates.last else { throw failure }
      }
    }
    throw FileFailure(folder, "holds no checkpoint", hint: "begin anew without --resume")
  }

  private mutating func read(_ folder: String, in parent: String) throws {
    let path = folder + "/state.json"
    let root = Field(try JSON(contentsOf: path), file: path)
    let saved = try root.required("training")
    for (key, value) in identity.members where saved.json[key] != value {
      throw FileFailure(
        path, at: "$.training.\(key)",
        "the checkpoint is of a training with \(saved.json[key]?.text(.compact) ?? "none"), "
          + "this one has \(value.text(.compact))",
        hint: "resume with the settings and data it began with, or begin anew without --resume")
    }
    let file = try TensorFile(folder + "/tensors.safetensors")
    // A tensor of another shape would be read and written beyond its end.
    let shapes = adapter.parameters.mapValues(\.shape)
    func group(_ name: String, isComplete: Bool = true) throws -> Parameters {
      var parameters: Parameters = [:]
      for (key, tensor) in file.tensors where key.hasPrefix(name + "/") {
        // Copied: the file is replaced by the next checkpoint.
        let copy = try tensor.floats()
        parameters[String(key.dropFirst(name.utf8.count + 1))] = Tensor(copy, shape: tensor.shape)
      }
      guard parameters.count == shapes.count || !isComplete,
        parameters.allSatisfy({ $0.value.shape == shapes[$0.key] })
      else {
        throw FileFailure(
          file.path, at: name, "the checkpoint's tensors are not the adapter's",
          hint: "begin anew without --resume")
      }
      return parameters
    }
    let parameters = try group("parameter")
    let optimizer = AdamW(
      weightDecay: settings.weightDecay,
      step: try root.required("updates").integer(in: 0...totalSteps),
      firstMoments: try group("first", isComplete: false),
      secondMoments: try group("second", isComplete: false))
    var best: (score: Double, epoch: Int, parameters: Parameters)?
    if let score = try root["best_score"]?.number() {
      best = (
        score, try root.required("best_epoch").integer(in: 0...settings.epochs), try group("best")
      )
    }
    let step = try root.required("step").integer(in: 0...totalSteps)
    let skipped = try root.required("skipped").integer(in: 0...3)
    let bytes = try root.required("log_bytes").integer(in: 0...Int.max)
    let log = try readLog(logPath(parent), bytes)
    // Nothing is taken over before all of it has been read.
    adapter = adapter.with(parameters)
    (self.optimizer, self.step, self.skipped) = (optimizer, step, skipped)
    (self.best, self.log) = (best, log)
    savedLog = SavedLog(folder: parent, records: log.count, bytes: bytes)
  }

  /// What makes two trainings the same.
  static func identity(
    _ settings: TrainingSettings, _ examples: some ExampleSet, _ dev: (some ExampleSet)?,
    _ adapter: Adapter, _ base: BaseModel
  ) -> JSON.Object {
    var identity = settings.json
    identity["data"] = .string(examples.fingerprint)
    identity["dev"] = .string(dev?.fingerprint ?? "none")
    identity["method"] = .object(adapter.configuration)
    identity["head"] = .object(adapter.head?.configuration ?? [:])
    identity["base"] = .string(base.shape.fingerprint?.text ?? "")
    identity["precision"] = .string(base.precision.rawValue)
    return identity
  }
}

extension Training {
  /// Removes a folder of checkpoints; one that holds anything else is refused.
  ///
  /// - Throws: ``FileFailure`` naming what else lies there.
  public static func removeCheckpoints(in folder: String) throws {
    guard fileExists(folder) else { return }
    if let other = try namesInFolder(folder).sorted().first(where: {
      !$0.hasPrefix("step-") && $0 != "log.jsonl"
    }) {
      throw FileFailure(
        folder, "holds \(other), which is no checkpoint, so it is not removed",
        hint: "choose another --output: checkpoints lie beside it")
    }
    try removeFolder(folder)
  }
}

/// The checkpoints of a folder, the newest first.
private func checkpoints(in folder: String) throws -> [String] {
  try namesInFolder(folder).filter { $0.hasPrefix("step-") && !$0.contains(".") }.sorted(by: >)
    .map { "\(folder)/\($0)" }
}

/// How much of a log is in a folder.
struct SavedLog: Sendable {
  let folder: String
  let records, bytes: Int
}

private func logPath(_ folder: String) -> String { folder + "/log.jsonl" }

/// The records of the first bytes of a log: behind them is what was measured after the checkpoint.
private func readLog(_ path: String, _ count: Int) throws -> [TrainingRecord] {
  let bytes = try readFile(path)
  guard bytes.count >= count else {
    throw FileFailure(path, "ends before the checkpoint that it belongs to")
  }
  return try bytes[..<count].split(separator: UInt8(ascii: "\n")).map { line in
    try TrainingRecord(Field(JSON(parsing: Array(line), path: path), file: path))
  }
}
