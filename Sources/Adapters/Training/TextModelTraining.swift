/// A training from data files or from memory: what the `train` command and an application begin with.
internal import Datasets
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
  ///   - task: one of ``AdapterTasks/names``: `text-classification`, `token-classification`.
  ///   - data: a file to learn from; its labels become the head's.
  ///   - dev: a file to measure on after each epoch, so that the best epoch is kept.
  ///   - method: as the Python library writes it: `seq_bn[reduction_factor=8]`, `lora[r=4]`.
  ///   - head: what the head is like.
  ///   - settings: how to train.
  /// - Returns: the training before its first step.
  /// - Throws: ``FileFailure`` naming the setting or the file, the place and the likely cure.
  public func training(
    of name: String, task: String, on data: String, dev: String? = nil, method: String = "seq_bn",
    head: TaskSettings = .init(), settings: TrainingSettings = .init()
  ) throws -> Training {
    func training(_ kind: (some AdapterTask).Type) throws -> Training {
      let data = try kind.read(data, head)
      let task = try kind.init(learning: data, head)
      let dev = try dev.map { try task.read($0, skipBadRows: head.skipBadRows) }
      return try self.training(of: name, task, on: data, dev: dev, method, settings)
    }
    try settings.check()
    _ = try parseMethods(method)
    return try training(AdapterTasks.task(named: task))
  }

  /// The same of rows from memory.
  ///
  /// ```swift
  /// var training = try model.training(
  ///   of: "intent", task: TextClassification.self,
  ///   on: [LabelledText(text: "dim the lights", label: "lights"), …])
  /// ```
  public func training<Task: AdapterTask>(
    of name: String, task: Task.Type, on rows: [Task.Row], dev: [Task.Row] = [],
    method: String = "seq_bn", head: TaskSettings = .init(), settings: TrainingSettings = .init()
  ) throws -> Training {
    let data = try Dataset(rows)
    let task = try Task(learning: data, head)
    let dev = try dev.isEmpty ? nil : Dataset(dev, name: "the dev data")
    return try training(of: name, task, on: data, dev: dev, method, settings)
  }

  private func training<Task: AdapterTask>(
    of name: String, _ task: Task, on data: Dataset<Task.Row>, dev: Dataset<Task.Row>?,
    _ method: String, _ settings: TrainingSettings
  ) throws -> Training {
    let adapter = try Adapter(
      name: name, methods: parseMethods(method), for: base, head: task.head, seed: settings.seed)
    return try Training(
      adapter, of: task, on: data, dev: dev, model: self, settings: settings)
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
