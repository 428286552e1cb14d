/// What the special tokens around one text, and around two, are.
struct Template: Sendable {
  enum Part: Sendable, Equatable {
    case special(ids: [Int32], typeID: Int32)
    /// 0 is the text, 1 its pair.
    case sequence(Int, typeID: Int32)
  }

  let single: [Part]
  let pair: [Part]

  /// No special tokens at all.
  static let bare = Template(
    single: [.sequence(0, typeID: 0)],
    pair: [.sequence(0, typeID: 0), .sequence(1, typeID: 1)])

  /// `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`.
  static func bert(classifier: Int32, separator: Int32) -> Template {
    let first: [Part] = [
      .special(ids: [classifier], typeID: 0), .sequence(0, typeID: 0),
      .special(ids: [separator], typeID: 0),
    ]
    return Template(
      single: first,
      pair: first + [.sequence(1, typeID: 1), .special(ids: [separator], typeID: 1)])
  }

  /// Joins one or two bare encodings.
  func apply(_ first: Encoding, _ second: Encoding?, addingSpecialTokens: Bool) -> Encoding {
    var result = Encoding()
    for part in second == nil ? single : pair {
      switch part {
      case .special(let ids, let typeID):
        if addingSpecialTokens { result.appendSpecial(ids, typeID: typeID) }
      case .sequence(let index, let typeID):
        guard let sequence = index == 0 ? first : second else { continue }
        result.append(sequence, 0..<sequence.count, typeID: typeID, sequence: index)
      }
    }
    return result
  }
}
