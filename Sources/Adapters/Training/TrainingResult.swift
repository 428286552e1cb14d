/// What a training leaves behind.
internal import BaseModels
internal import Files
internal import Tensors

extension Training {
  /// Saves the adapter to keep, with its log and a picture of it; a folder that is there is replaced
  /// whole, or not at all.
  ///
  /// - Throws: ``FileFailure`` when a tensor is not finite, or the folder cannot be written.
  public func save(to folder: String, format: Adapter.Format = .both) throws {
    try checkReplaceable(folder)
    guard step == 0 || optimizer.step > 0 else {
      throw FileFailure(
        folder, "no step of the training changed anything, so nothing is saved",
        hint: "its gradients were never finite; a lower learning rate or alpha often helps")
    }
    var adapter = result
    var training = settings.json
    training["task"] = .string(examples.taskName)
    training["examples"] = .integer(examples.rowCount)
    training["steps"] = .integer(step)
    training["precision"] = .string(base.precision.rawValue)
    if let measured = log.last(where: { $0.isEvaluation && $0.epoch == bestEpoch }) {
      training["epoch"] = .integer(measured.epoch)
      training["dev_examples"] = .integer(dev?.rowCount ?? 0)
      training["dev_metrics"] = .object(
        JSON.Object(measured.metrics.map { ($0.name, .number($0.value)) }))
    }
    adapter.metadata["training"] = .object(training)
    try writeFolderAtomically(folder) { folder in
      try adapter.write(into: folder, base: base.shape, format: format)
      try writeAtomically(log.jsonLines, to: folder + "/training.jsonl")
      try writeAtomically(TrainingChart(log: log).svg, to: folder + "/training.svg")
    }
  }

  /// The epoch of the adapter to keep, from 1.
  public var bestEpoch: Int? { best.map { $0.epoch + 1 } }
}
