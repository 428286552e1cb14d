/// Answers to texts, each by its own adapters, all in one batch.
internal import BaseModels
internal import Files
internal import Tensors
internal import Tokenization

/// A text, and who answers it.
public struct PredictionRequest: Sendable {
  public var input: TextInput
  /// One setup, or several side by side, each of which answers.
  public var branches: [Setup]

  public init(_ input: TextInput, _ branches: [Setup]) {
    self.input = input
    self.branches = branches
  }
}

/// What a text was answered.
public struct Prediction: Sendable {
  /// One by each of the request's setups.
  public let answers: [any TaskAnswer]
  /// The text has no token of its own, so that the answers are those to nothing.
  public let isEmpty: Bool
}

extension TextModel {
  /// Answers texts; each one's answers are what they would be alone.
  ///
  /// A text is tokenized once, whoever answers it, and what lies below the adapters that are side by
  /// side is computed once.
  ///
  /// - Parameters:
  ///   - requests: the texts, each with its setups; the last adapter of a setup has the head that
  ///     answers.
  ///   - options: whether long texts may be cut, and what the answers hold.
  /// - Returns: for each text its answers, or why there are none.
  public func predictions(
    _ requests: [PredictionRequest], options: PredictionOptions = .init()
  ) throws -> [Result<Prediction, any Error>] {
    let prepared = try parallelMap(requests.count) { index in
      Result { try PreparedRequest(requests[index], self, options) }
    }
    // A text that cannot be read takes no part.
    let inputs = prepared.map { (try? $0.get())?.inputs ?? [] }
    let outputs = try base.results(inputs.flatMap(\.self))
    let places = Layout(lengths: inputs.map(\.count))
    return try parallelMap(requests.count) { index in
      Result {
        try prepared[index].get().prediction(outputs[places[index]].map { try $0.get() })
      }
    }
  }
}

/// A text as its setups' tasks read it.
private struct PreparedRequest {
  /// What is run, and which of the setups read it.
  let inputs: [ModelInput]
  /// For each setup how its answer is made, and where its sequences are among the inputs.
  private let branches:
    [(prepared: PreparedInput<any TaskAnswer>, place: (input: Int, branch: Int))]
  private let isEmpty: Bool

  init(_ request: PredictionRequest, _ text: TextModel, _ options: PredictionOptions) throws {
    let encoding = try text.tokenizer.encode(request.input.text, pair: request.input.pair)
    isEmpty = encoding.holdsNoText
    // Setups whose tasks read the text in the same sequences share them.
    var groups: [(sequences: [Batch.Sequence], setups: [Setup], firstInput: Int)] = []
    var branches: [(PreparedInput<any TaskAnswer>, (Int, Int))] = []
    var count = 0
    for setup in request.branches {
      let prepared = try setup.answering().preparedForAny(
        request.input, encoding, text.tokenizer, limit: text.limit, options: options)
      if let group = groups.firstIndex(where: { $0.sequences == prepared.sequences }) {
        branches.append((prepared, (groups[group].firstInput, groups[group].setups.count)))
        groups[group].setups.append(setup)
      } else {
        branches.append((prepared, (count, 0)))
        groups.append((prepared.sequences, [setup], count))
        count += prepared.sequences.count
      }
    }
    inputs = groups.flatMap { group in group.sequences.map { ModelInput($0, group.setups) } }
    self.branches = branches
  }

  func prediction(_ outputs: [ModelOutput]) -> Prediction {
    let answers = branches.map { prepared, place in
      let windows = outputs[place.input..<place.input + prepared.sequences.count]
      return prepared.answer(windows.compactMap { $0.branches[place.branch].logits })
    }
    return Prediction(answers: answers, isEmpty: isEmpty)
  }
}

extension Setup {
  /// The task of the adapter that answers.
  fileprivate func answering() throws -> any AdapterTask {
    guard let last, last.head != nil else {
      throw FileFailure(
        "adapter \(last?.name ?? "none")", "has no head, so it cannot answer",
        hint: "the last adapter of a setup needs a head_config.json")
    }
    return try last.requiredTask
  }
}
