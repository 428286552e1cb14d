/// What a setup must not be.
public import BaseModels
internal import Files

extension BaseModel {
  /// Refuses what cannot be computed for an input, before anything is.
  ///
  /// - Parameters:
  ///   - input: a sequence with its setups.
  ///   - known: setups that have been found good.
  /// - Throws: ``InputFailure`` for tokens the model cannot read, ``FileFailure`` for a setup.
  public func check(_ input: ModelInput, _ known: inout Set<Setup>) throws {
    try check(input.sequence)
    for setup in input.branches {
      try setup.check(input.sequence)
      guard !known.contains(setup) else { continue }
      try check(setup)
      try check(setup.last?.head)
      known.insert(setup)
    }
  }

  private func check(_ setup: Setup) throws {
    for adapter in setup.adapters where !hasWeights(of: adapter.base) {
      throw FileFailure(
        "adapter \(adapter.name)", "was brought together with another base model than \(name)",
        hint: "load it for this model")
    }
    if setup.single != nil { return }
    if setup.sharesTokens {
      let name = "setup \(escaped(setup.description, limit: 80))"
      if traits.isEncoderDecoder {
        throw FileFailure(
          name, "a split shares the tokens of one sequence out, and \(traits.modelType) reads two",
          hint: "give each row a setup of its own")
      }
      if setup.addedRows > 0 {
        throw FileFailure(
          name, "a prompt's own rows are no tokens that could be shared out",
          hint: "leave the prompt out of a setup with a split")
      }
    }
    for site in sites where setup.acts(at: site) {
      switch site.kind {
      case .projection where site.inputs != site.outputs:
        _ = try setup.checkDeltas(after: false, at: site, in: setup)
      case .attention: try setup.checkPrefixes(at: site, in: setup)
      default: break
      }
    }
  }

  /// Refuses a head that reads what this model's checkpoint does not have.
  func check(_ head: (any Head)?) throws {
    guard let head else { return }
    let hint = "use the base model the adapter was trained on"
    if head.readsPooler, !architecture.hasPooler {
      throw FileFailure(
        "model \(name)", at: "\(traits.prefix).pooler.dense.weight",
        "the head reads the pooler, and the checkpoint has none", hint: hint)
    }
    if head.readsVocabulary, !traits.hasVocabularyHead {
      throw FileFailure(
        "model \(name)", "the head is a language model's, and the checkpoint has none", hint: hint)
    }
  }
}

extension Setup {
  /// Refuses a second low-rank adapter that would read what does not have its width.
  ///
  /// It reads the first one's change of the output, as in the Python library, not the input.
  ///
  /// - Returns: whether there is a change behind this part.
  fileprivate func checkDeltas(
    after isSecond: Bool, at site: Site, in whole: Setup
  ) throws -> Bool {
    switch node {
    case .none: return isSecond
    case .adapter(let adapter):
      guard let module = adapter.module(\.projections, at: site) else { return isSecond }
      if isSecond, module.readsDelta {
        throw FileFailure(
          "setup \(escaped(whole.description, limit: 80))", at: site.path,
          "\(adapter.name) would read \(site.outputs) numbers there, and it has "
            + "\(site.inputs) inputs",
          hint: "stack low-rank adapters only at square projections: query, key and value; "
            + "or add them up with sum(a,b)")
      }
      return true
    case .block(let block, let parts):
      return try parts.reduce(isSecond) {
        try $1.checkDeltas(after: block.isInOrder ? $0 : isSecond, at: site, in: whole) || $0
      }
    }
  }

  /// Refuses prefixes where parts share a sequence out, or are averaged.
  fileprivate func checkPrefixes(at site: Site, in whole: Setup) throws {
    guard case .block(let block, let parts) = node, acts(at: site) else { return }
    guard block.takesPrefixes else {
      throw FileFailure(
        "setup \(escaped(whole.description, limit: 80))", at: site.path,
        "a prefix can be neither averaged nor split: it belongs to whole sequences",
        hint: "stack(a,b) and sum(a,b) put both before the sequence")
    }
    for part in parts { try part.checkPrefixes(at: site, in: whole) }
  }

  /// Refuses a sequence that a block does not fit.
  fileprivate func check(_ sequence: Batch.Sequence) throws {
    guard case .block(let block, let parts) = node else { return }
    do {
      try block.check(sequence)
    } catch let problem as CompositionProblem {
      throw FileFailure(
        "setup \(escaped(description, limit: 80))", problem.problem, hint: problem.hint)
    }
    for part in parts { try part.check(sequence) }
  }
}
