/// The same calls for tasks of Swift's concurrency: they compute on the engine's thread.
internal import BaseModels

extension TextModel {
  /// Answers texts, each by its own adapters; a cancelled task waits no longer than a layer.
  ///
  /// - Parameters:
  ///   - inputs: the texts.
  ///   - stacks: for each text its adapters; the last has the head that answers.
  ///   - options: whether long texts may be cut, and what the answers hold.
  /// - Returns: for each text the answer of its adapters' task.
  /// - Throws: ``FileFailure`` for a stack without head, and for a text longer than the model unless
  ///   it may be cut; `CancellationError`.
  public func predict(
    _ inputs: [TextInput], with stacks: [[BoundAdapter]], options: PredictionOptions = .init()
  ) async throws -> [any TaskAnswer] {
    try await EngineThread.run { isCancelled in
      try predict(inputs, with: stacks, options, isCancelled)
    }
  }

  /// Answers texts by one adapter.
  public func predict(
    _ inputs: [TextInput], with adapter: BoundAdapter, options: PredictionOptions = .init()
  ) async throws -> [any TaskAnswer] {
    try await predict(inputs, with: inputs.map { _ in [adapter] }, options: options)
  }

  /// Answers texts by one adapter whose task is known.
  ///
  /// - Throws: ``FileFailure`` also for an adapter of another task.
  public func predict<Task: AdapterTask>(
    _ inputs: [TextInput], with adapter: BoundAdapter, as task: Task.Type,
    options: PredictionOptions = .init()
  ) async throws -> [Task.Answer] {
    try await EngineThread.run { isCancelled in
      try predict(inputs, with: adapter, as: task, options, isCancelled)
    }
  }

  /// Answers requests; one that cannot be answered fails alone.
  public func results(
    _ requests: [TextRequest], options: PredictionOptions = .init()
  ) async throws -> [Result<[TextAnswer], any Error>] {
    try await EngineThread.run { isCancelled in
      try results(requests, options: options, isCancelled: isCancelled)
    }
  }

  /// Reads, encodes and scores the rows of a data file.
  public func evaluate(
    _ adapter: BoundAdapter, on path: String, skipBadRows: Int = 0, length: Int? = nil
  ) async throws -> Evaluation {
    try await EngineThread.run { isCancelled in
      try evaluate(adapter, on: path, skipBadRows, length, .cancelled(when: isCancelled))
    }
  }

  /// Encodes and scores rows from memory.
  public func evaluate<Task: AdapterTask>(
    _ adapter: BoundAdapter, as task: Task.Type, on rows: [Task.Row], length: Int? = nil
  ) async throws -> Evaluation {
    try await EngineThread.run { isCancelled in
      try evaluate(adapter, as: task, on: rows, length, .cancelled(when: isCancelled))
    }
  }

  /// A training of a fresh adapter and its head: reads and encodes its data.
  public func training(
    of name: String, task: String, on data: String, dev: String? = nil, method: String = "seq_bn",
    head: TaskSettings = .init(), settings: TrainingSettings = .init()
  ) async throws -> Training {
    try await EngineThread.run { _ in
      try training(
        of: name, task: task, on: data, dev: dev, method: method, head: head, settings: settings)
    }
  }
}

extension Training {
  /// Takes all steps that are left; where the task is cancelled, those before stay taken.
  ///
  /// - Throws: ``FileFailure`` when the loss is not finite three times in a row; `CancellationError`.
  public mutating func finish() async throws {
    let start = self
    let (end, failure) = try await EngineThread.run { isCancelled in
      var training = start
      do {
        while !training.isFinished {
          if isCancelled() { throw CancellationError() }
          _ = try training.advance()
        }
        return (training, (any Error)?.none)
      } catch {
        return (training, error)
      }
    }
    self = end
    if let failure { throw failure }
  }
}

extension PassOptions {
  fileprivate static func cancelled(when isCancelled: @escaping @Sendable () -> Bool) -> PassOptions
  {
    var options = PassOptions()
    options.isCancelled = isCancelled
    return options
  }
}
