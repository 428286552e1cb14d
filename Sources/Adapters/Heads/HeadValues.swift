/// Small readings of targets, labels and logits that heads share.
internal import Datasets
internal import Files
internal import Tensors
internal import Tokenization

extension Target {
  var category: Int? {
    if case .category(let index) = self { return index }
    return nil
  }

  var categories: [Int] {
    if case .categories(let indices) = self { return indices }
    return []
  }

  var value: Float {
    if case .number(let value) = self { return value }
    return 0
  }

  var tags: [Int?] {
    if case .tags(let tags) = self { return tags }
    return []
  }

  /// 1 for each category, 0 for the others.
  func indicator(_ count: Int) -> [Float] {
    let categories = Set(categories)
    return (0..<count).map { categories.contains($0) ? 1 : 0 }
  }
}

extension [Float] {
  /// The first of the largest; NaN is never largest.
  var indexOfLargest: Int {
    indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 }
  }
}

extension Tensor {
  var rowsOfScalars: [[Float]] {
    withScalars { scalars in
      (0..<rows).map { Array(scalars[$0 * width..<($0 + 1) * width]) }
    }
  }
}

extension Example.Content {
  /// The tokens, cut to a number of them where there are more.
  func encoded(_ tokenizer: Tokenizer, limit: Int) throws -> (Encoding, isCut: Bool) {
    let encoding =
      switch self {
      case .text(let text, let pair): try tokenizer.encode(text, pair: pair)
      case .words(let words): try tokenizer.encode(words: words)
      }
    guard encoding.count > limit else { return (encoding, false) }
    return (try cutting { try encoding.truncated(to: limit) }, true)
  }
}

extension LabelSet {
  /// The `label2id` of a head's configuration, in the order of its numbers; `LABEL_i` where there is
  /// none.
  ///
  /// - Throws: ``FileFailure`` when the numbers are not `0 ..< count`, each once.
  init(headConfiguration: Field, count: Int) throws {
    guard let field = headConfiguration["label2id"] else {
      self.init((0..<count).map { "LABEL_\($0)" })
      return
    }
    var names = [String?](repeating: nil, count: count)
    for (name, value) in try field.object() {
      let index = try value.integer(in: 0...count - 1)
      guard names[index] == nil else { throw value.failure("\(index) is the number of two labels") }
      names[index] = name
    }
    let known = names.compactMap(\.self)
    guard known.count == count else {
      throw field.failure("\(known.count) labels for num_labels \(count)")
    }
    self.init(known)
  }

  /// The dictionary `label2id`: each label's number.
  var configuration: JSON {
    .object(JSON.Object(names.enumerated().map { ($1, .integer($0)) }))
  }
}
