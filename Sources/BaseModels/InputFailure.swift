/// What is wrong with a sequence of token ids.

/// Why a sequence cannot be given to a model.
public enum InputFailure: Error, Equatable, CustomStringConvertible, Sendable {
  case empty
  case tooLong(tokens: Int, limit: Int)
  case unknownToken(id: Int32, vocabulary: Int)
  case typeCount(Int, tokens: Int)
  case unknownType(Int32, types: Int)
  case noDecoder
  case noDecoderInput

  public var description: String {
    switch self {
    case .empty: "there are no tokens"
    case .tooLong(let tokens, let limit):
      "\(tokens) tokens are more than the model's \(limit) positions"
    case .unknownToken(let id, let vocabulary):
      "token id \(id) is outside the vocabulary of \(vocabulary); is this the model's own tokenizer?"
    case .typeCount(let count, let tokens): "\(count) token types for \(tokens) tokens"
    case .unknownType(let type, let types): "token type \(type) of \(types)"
    case .noDecoder: "there are decoder_input_ids, and the model has no decoder"
    case .noDecoderInput:
      "there are no decoder_input_ids, and the model's answers are its decoder's"
    }
  }
}

extension Traits {
  /// Checks a sequence before it is packed.
  ///
  /// - Throws: ``InputFailure`` for no tokens, too many, or ids outside the vocabulary.
  func check(_ sequence: Batch.Sequence) throws(InputFailure) {
    try check(sequence.ids)
    if isEncoderDecoder {
      guard !sequence.decoderIds.isEmpty else { throw .noDecoderInput }
      try check(sequence.decoderIds)
    } else {
      guard sequence.decoderIds.isEmpty else { throw .noDecoder }
    }
    let types = sequence.typeIds
    guard types.isEmpty || types.count == sequence.ids.count else {
      throw .typeCount(types.count, tokens: sequence.ids.count)
    }
    // A model that does not tell types apart takes the first of them.
    let count = max(1, tokenTypes)
    if let type = types.first(where: { $0 < 0 || $0 >= Int32(clamping: count) }) {
      throw .unknownType(type, types: count)
    }
  }

  private func check(_ ids: [Int32]) throws(InputFailure) {
    guard !ids.isEmpty else { throw .empty }
    guard ids.count <= positions else { throw .tooLong(tokens: ids.count, limit: positions) }
    if let id = ids.first(where: { $0 < 0 || $0 >= Int32(clamping: vocabulary) }) {
      throw .unknownToken(id: id, vocabulary: vocabulary)
    }
  }
}
