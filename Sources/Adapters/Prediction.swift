/// Texts in, answers out.
internal import BaseModels
internal import Files
internal import Tensors
internal import Tokenization

/// A text, and who answers it: one setup, or several side by side.
public struct TextRequest: Sendable {
  public var input: TextInput
  public var branches: [Setup]

  public init(_ input: TextInput, _ branches: [Setup]) {
    self.input = input
    self.branches = branches
  }

  /// By a stack of adapters; the last has the head that answers.
  public init(_ input: TextInput, _ stack: [BoundAdapter]) {
    self.init(input, [stack.count == 1 ? .adapter(stack[0]) : .stack(stack.map { .adapter($0) })])
  }
}

/// What one setup answers to a text.
public struct TextAnswer: Sendable {
  public let setup: Setup
  public let answer: any TaskAnswer
  /// The text has no token of its own, so that the answer is that to no text.
  public let isOfNothing: Bool
}

extension TextModel {
  /// Answers requests, all in one batch; one that cannot be answered fails alone.
  ///
  /// - Parameters:
  ///   - requests: the texts, each with its setups.
  ///   - options: whether long texts may be cut, and what the answers hold.
  ///   - isCancelled: asked between layers.
  /// - Returns: for each request the answers of its setups, or why there are none: a ``FileFailure`` or
  ///   an ``InputFailure``.
  /// - Throws: `CancellationError`.
  public func results(
    _ requests: [TextRequest], options: PredictionOptions = .init(),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [Result<[TextAnswer], any Error>] {
    let prepared = try parallelMap(requests.count) { index in
      Result { try PreparedRequest(requests[index], self, options) }
    }
    let inputs = prepared.map { (try? $0.get())?.inputs ?? [] }
    var passOptions = PassOptions()
    passOptions.isCancelled = isCancelled
    let outputs = try base.results(inputs.flatMap(\.self), hiddenStates: .unread, passOptions)
    let layout = Layout(lengths: inputs.map(\.count))
    return try parallelMap(requests.count) { index in
      prepared[index].flatMap { request in
        Result { request.answers(try outputs[layout[index]].map { try $0.get() }) }
      }
    }
  }

  /// Answers texts, each by its own adapters, all in one batch.
  ///
  /// - Parameters:
  ///   - inputs: the texts.
  ///   - stacks: for each text its adapters; the last has the head that answers.
  ///   - options: whether long texts may be cut, and what the answers hold.
  /// - Returns: for each text the answer of its adapters' task.
  /// - Throws: ``FileFailure`` for a stack without head, and for a text longer than the model unless
  ///   it may be cut.
  public func predict(
    _ inputs: [TextInput], with stacks: [[BoundAdapter]], options: PredictionOptions = .init()
  ) throws -> [any TaskAnswer] {
    try predict(inputs, with: stacks, options, { false })
  }

  /// Answers texts by one adapter.
  public func predict(
    _ inputs: [TextInput], with adapter: BoundAdapter, options: PredictionOptions = .init()
  ) throws -> [any TaskAnswer] {
    try predict(inputs, with: inputs.map { _ in [adapter] }, options: options)
  }

  /// Answers texts by one adapter whose task is known.
  ///
  /// - Throws: ``FileFailure`` also for an adapter of another task.
  public func predict<Task: AdapterTask>(
    _ inputs: [TextInput], with adapter: BoundAdapter, as task: Task.Type,
    options: PredictionOptions = .init()
  ) throws -> [Task.Answer] {
    try predict(inputs, with: adapter, as: task, options, { false })
  }

  func predict(
    _ inputs: [TextInput], with stacks: [[BoundAdapter]], _ options: PredictionOptions,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [any TaskAnswer] {
    precondition(
      inputs.count == stacks.count, "\(inputs.count) texts with \(stacks.count) setups")
    let requests = zip(inputs, stacks).map { TextRequest($0, $1) }
    return try results(requests, options: options, isCancelled: isCancelled).flatMap {
      try $0.get().map(\.answer)
    }
  }

  func predict<Task: AdapterTask>(
    _ inputs: [TextInput], with adapter: BoundAdapter, as task: Task.Type,
    _ options: PredictionOptions, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [Task.Answer] {
    _ = try adapter.task(as: task)
    return try predict(inputs, with: inputs.map { _ in [adapter] }, options, isCancelled)
      .compactMap { $0 as? Task.Answer }
  }
}

/// A request as the model reads it.
private struct PreparedRequest: Sendable {
  let inputs: [ModelInput]
  private let branches: [(setup: Setup, prepared: PreparedInput<any TaskAnswer>)]
  /// All branches read the same sequences, so that what lies below their adapters is computed once.
  private let isShared: Bool

  init(_ request: TextRequest, _ model: TextModel, _ options: PredictionOptions) throws {
    // Once, whoever answers.
    let encoding = try model.tokenizer.encode(request.input.text, pair: request.input.pair)
    let branches = try request.branches.map { setup in
      guard let last = setup.last else { throw headless("none") }
      return (
        setup: setup,
        prepared: try last.requiredTask.preparedForAny(
          request.input, encoding, model.tokenizer, limit: model.limit, options: options)
      )
    }
    let first = branches.first?.prepared.sequences ?? []
    isShared = branches.allSatisfy { $0.prepared.sequences == first }
    inputs =
      isShared
      ? first.map { ModelInput($0, request.branches) }
      : branches.flatMap { branch in
        branch.prepared.sequences.map { ModelInput($0, branch.setup) }
      }
    self.branches = branches
  }

  /// The answers of the branches.
  ///
  /// - Parameter outputs: those of ``inputs``.
  /// - Returns: an answer for each branch.
  func answers(_ outputs: [ModelOutput]) -> [TextAnswer] {
    var rest = outputs[...]
    return branches.enumerated().map { number, branch in
      let own = isShared ? outputs[...] : rest.prefix(branch.prepared.sequences.count)
      if !isShared { rest = rest.dropFirst(own.count) }
      let logits = own.compactMap { $0.branches[isShared ? number : 0].logits }
      return TextAnswer(
        setup: branch.setup, answer: branch.prepared.answer(logits),
        isOfNothing: branch.prepared.isEmpty)
    }
  }
}
