/// A forward pass: inputs of different adapters, and of none, through one base model at once.
public import BaseModels
internal import Files
public import Tensors

/// What an input came out as.
public struct ModelOutput: Sendable {
  /// One for each of the input's branches.
  public let branches: [Branch]

  /// What one setup made of the sequence.
  public struct Branch: Sendable {
    /// The last adapter's name; nil for the base model alone.
    public let name: String?
    /// `[tokens, width]`, or the rows that the head reads where nobody asked for more.
    public let hidden: Tensor
    /// `[rows read, outputs]`; nil without a head.
    public let logits: Tensor?
    /// The head read one row for the whole sequence.
    public let isOfSequence: Bool
    /// The embeddings' output and every layer's, each `[tokens, width]`, where they were asked for.
    public let layers: [Tensor]
  }

  /// Of the only branch, or the first.
  public var hidden: Tensor { branches[0].hidden }
  public var logits: Tensor? { branches[0].logits }
  public var layers: [Tensor] { branches[0].layers }
}

/// How much of the hidden states a caller looks at.
public enum HiddenStates: Sendable {
  /// Only what the heads read; an input without a head gives its first token.
  case unread
  /// The last, of every token.
  case last
  /// Those of every layer.
  case all
}

extension BaseModel {
  /// Runs inputs, in any order of adapters; each one's result is what it would be alone.
  ///
  /// - Parameters:
  ///   - inputs: sequences, each with its setups.
  ///   - hiddenStates: how much of them somebody looks at.
  ///   - wantsVocabulary: whether a language model's own head answers where no adapter's does.
  /// - Returns: what each input came out as, in their order.
  /// - Throws: ``InputFailure`` for an input the model cannot read, ``FileFailure`` for a setup that is
  ///   not possible, or a result that is not finite.
  public func forward(
    _ inputs: [ModelInput], hiddenStates: HiddenStates = .unread, wantsVocabulary: Bool = false
  ) throws -> [ModelOutput] {
    try results(inputs, hiddenStates: hiddenStates, wantsVocabulary: wantsVocabulary).map {
      try $0.get()
    }
  }

  /// The same where an input that cannot be run fails alone.
  public func results(
    _ inputs: [ModelInput], hiddenStates: HiddenStates = .unread, wantsVocabulary: Bool = false,
    _ options: PassOptions = .init()
  ) throws -> [Result<ModelOutput, any Error>] {
    var known: Set<Setup> = []
    var results: [Result<ModelOutput, any Error>?] = inputs.map { input in
      do {
        try check(input, &known)
        return nil
      } catch {
        return .failure(error)
      }
    }
    let good = results.indices.filter { results[$0] == nil }
    // Inputs of one setup come together, so that its small products are as large as they can be.
    let order = good.grouped { inputs[$0].branches }
    let cuts = pieces(of: order.map { inputs[$0].rows })
    let outputs = try parallelMap(cuts.count) { piece in
      try run(cuts[piece].map { inputs[order[$0]] }, hiddenStates, wantsVocabulary, options)
    }
    for (index, output) in zip(order, outputs.joined()) {
      let isFinite = output.branches.allSatisfy {
        $0.hidden.isFinite && $0.logits?.isFinite ?? true
      }
      results[index] =
        isFinite ? .success(output) : .failure(notFinite(inputs[index], at: index))
    }
    return results.compactMap(\.self)
  }

  private func notFinite(_ input: ModelInput, at index: Int) -> FileFailure {
    let names = input.branches.flatMap { $0.adapters.map(\.name) }.joined(separator: ", ")
    return FileFailure(
      names.isEmpty ? "model \(name)" : "adapter \(names)", at: "row \(index) of the batch",
      "the result is not a finite number",
      hint: "its weights are damaged or far too large; adapterhub inspect shows their range")
  }

  /// One piece of a batch, whose inputs are ordered by setup.
  private func run(
    _ inputs: [ModelInput], _ hiddenStates: HiddenStates, _ wantsVocabulary: Bool,
    _ options: PassOptions
  ) throws -> [ModelOutput] {
    let pass = try BranchedPass(
      inputs, self, hiddenStates, options, wantsVocabulary: wantsVocabulary)
    var branches = inputs.map { [ModelOutput.Branch?](repeating: nil, count: $0.branches.count) }
    for (sequence, branch) in pass.sequences.enumerated() {
      let setup = inputs[branch.input].branches[branch.number]
      branches[branch.input][branch.number] = ModelOutput.Branch(
        name: setup.last?.name, hidden: pass.hidden(of: sequence),
        logits: pass.logits(of: sequence), isOfSequence: pass.isOfSequence(sequence),
        layers: pass.layers(of: sequence))
    }
    return branches.map { ModelOutput(branches: $0.compactMap(\.self)) }
  }
}

extension BaseModel {
  /// What an adapter's head gives for sequences, in pieces that do not depend on the threads.
  ///
  /// - Returns: for each piece its sequences, and what the head gave for them.
  /// - Throws: ``InputFailure`` for a sequence the model cannot read, ``FileFailure`` for a result that
  ///   is not finite.
  func headOutputs(
    of adapter: BoundAdapter, for sequences: [Batch.Sequence], _ options: PassOptions = .init()
  ) throws
    -> [(sequences: Range<Int>, output: HeadOutput)]
  {
    guard adapter.head != nil else { throw headless(adapter.name) }
    let inputs = sequences.map { ModelInput($0, adapter) }
    var known: Set<Setup> = []
    for input in inputs { try check(input, &known) }
    let cuts = pieces(of: inputs.map(\.rows), threads: 1)
    return try parallelMap(cuts.count) { piece in
      let pass = try BranchedPass(Array(inputs[cuts[piece]]), self, .unread, options)
      guard let output = pass.heads.first, output.outputs.isFinite else {
        let first = cuts[piece].lowerBound
        throw notFinite(inputs[first], at: first)
      }
      return (cuts[piece], output)
    }
  }
}

extension [Int] {
  /// The indices ordered so that those of one key stand together, in the order of their first.
  fileprivate func grouped<Key: Hashable>(by key: (Int) -> Key) -> [Int] {
    var first: [Key: Int] = [:]
    let groups = map { index in
      let key = key(index)
      let group = first[key] ?? first.count
      first[key] = group
      return group
    }
    return indices.sorted { (groups[$0], $0) < (groups[$1], $1) }.map { self[$0] }
  }
}
