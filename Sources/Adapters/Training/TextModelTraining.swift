/// A training from data files: what the `train` command and an application begin with.
internal import Files

extension TextModel {
  /// A training of a fresh adapter and its head, ready to be stepped.
  ///
  /// ```swift
  /// var training = try model.training(
  ///   of: "intent", task: "text-classification", on: "train.jsonl", dev: "dev.jsonl")
  /// try training.finish()
  /// try training.save(to: "adapters/intent")
  /// ```
  ///
  /// - Parameters:
  ///   - name: the adapter's.
  ///   - task: one of ``heads``: `text-classification`, `token-classification`.
  ///   - data: a file to learn from; its labels become the head's.
  ///   - dev: a file to measure on after each epoch, so that the best epoch is kept.
  ///   - method: as the Python library writes it: `seq_bn[reduction_factor=8]`, `lora[r=4]`.
  ///   - head: what the head is like.
  ///   - settings: how to train.
  /// - Returns: the training before its first step.
  /// - Throws: ``FileFailure`` naming the setting or the file, the place and the likely cure.
  public func training(
    of name: String, task: String, on data: String, dev: String? = nil, method: String = "seq_bn",
    head: HeadSettings = .init(), settings: TrainingSettings = .init()
  ) throws -> Training {
    try settings.check()
    let methods = try parseMethods(method)
    guard let kind = heads.first(where: { $0.task == task }) else {
      throw FileFailure(
        "the training", at: "task", "there is no task \(task)",
        hint: "known: \(heads.map { $0.task }.joined(separator: ", "))")
    }
    let (trained, examples) = try kind.forTraining(on: data, head)
    let measured = try dev.map { try trained.examples(in: $0, head) } ?? []
    let adapter = try Adapter(
      name: name, methods: methods, for: base, head: trained, seed: settings.seed)
    return try Training(adapter, on: examples, dev: measured, model: self, settings: settings)
  }
}

extension Training {
  /// Takes all steps that are left.
  ///
  /// - Throws: ``FileFailure`` when the loss is not finite three times in a row.
  public mutating func finish() throws {
    while !isFinished { _ = try advance() }
  }

  /// Whether the last step ended an epoch.
  public var isAtEpochEnd: Bool { step > 0 && position.step == 0 }
}
