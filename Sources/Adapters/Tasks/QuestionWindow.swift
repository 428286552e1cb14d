/// Windows over the context of a question, and the answers of all windows together: the rules of the
/// question answering pipeline of `transformers` 4.57.
///
///     [CLS] who wrote it ? [SEP] the book was written by ann [SEP]
///     null  ·   ·     ·  · ·     candidates: every beginning with every end …    ·
internal import BaseModels
internal import Files
internal import Tensors
internal import Tokenization

/// A window: the question, and a part of the context.
struct QuestionWindow: Sendable {
  let sequence: Batch.Sequence
  /// The tokens that are the context's.
  let tokens: Range<Int>
  /// Where each of those comes from, in scalars of the context, and its word there.
  let offsets: [Range<Int>]
  let words: [Int?]
  let context: Context
  let isEmpty: Bool

  /// A context, which its windows share.
  final class Context: Sendable {
    let scalars: [Unicode.Scalar]

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    func text(_ range: Range<Int>) -> String {
      String(String.UnicodeScalarView(scalars[range.clamped(to: 0..<scalars.count)]))
    }
  }

  init(_ encoding: Encoding, _ context: Context) {
    let sequences = encoding.sequenceIds
    let first = sequences.firstIndex(of: 1) ?? 0
    let end = sequences.lastIndex(of: 1).map { $0 + 1 } ?? first
    sequence = encoding.sequence
    tokens = first..<end
    offsets = Array(encoding.offsets[tokens])
    words = Array(encoding.wordIds[tokens])
    self.context = context
    isEmpty = tokens.isEmpty
  }

  /// The first and last token of a part of the context; nil where it is not all in the window.
  func tokens(of part: Range<Int>) -> (first: Int, last: Int)? {
    guard let start = offsets.first?.lowerBound, let end = offsets.last?.upperBound,
      start <= part.lowerBound, part.upperBound <= end,
      let first = offsets.lastIndex(where: { $0.lowerBound <= part.lowerBound }),
      let last = offsets.firstIndex(where: { $0.upperBound >= part.upperBound })
    else { return nil }
    return (tokens.lowerBound + first, tokens.lowerBound + last)
  }

  /// The part of the context from one of its tokens to another.
  func part(_ first: Int, _ last: Int, alignsToWords: Bool) -> Range<Int> {
    var (start, end) = (offsets[first].lowerBound, offsets[last].upperBound)
    if alignsToWords {
      if let word = words[first], let index = words.firstIndex(of: word) {
        start = offsets[index].lowerBound
      }
      if let word = words[last], let index = words.lastIndex(of: word) {
        end = offsets[index].upperBound
      }
    }
    return start..<max(start, end)
  }
}

extension TextInput {
  /// The windows over the context of a question, of its encoding.
  ///
  /// - Throws: ``FileFailure`` without a question or a context, or where the question leaves no room.
  func questionWindows(_ encoding: Encoding, limit: Int, stride: Int?) throws -> [QuestionWindow] {
    guard let context = pair else {
      throw FileFailure(
        place, "is a question without a context", hint: "give {\"question\": …, \"context\": …}")
    }
    guard !text.isEmpty, !context.isEmpty else {
      throw FileFailure(place, "the question or its context is empty")
    }
    // Longer windows than the pipeline's make no better answers, and cost more.
    let limit = min(limit, 384)
    let room = limit - encoding.sequenceIds.count { $0 != 1 }
    guard room > 0 || encoding.count <= limit else {
      throw FileFailure(
        place, "the question leaves no room for its context: a window has \(limit) tokens",
        hint: "a shorter question, or a model that reads longer texts")
    }
    let usual = min(limit / 2, 128)
    let shared = stride ?? (usual < room ? usual : max(0, room) / 2)
    let whole = QuestionWindow.Context(context)
    return try cutting {
      try encoding.windows(length: limit, stride: shared, strategy: .onlySecond)
    }.map { QuestionWindow($0, whole) }
  }
}

/// The answers of a question's windows.
struct JoinedWindows: Sendable {
  private let options: QuestionOptions
  private let candidateCount: Int
  private var spans: [QuestionAnswering.Answer.Span] = []
  private var null: Float = 1e6

  init(_ options: QuestionOptions, top: Int) {
    self.options = options
    // Aligned to words several candidates become one.
    candidateCount = options.alignsToWords ? 2 * top + 10 : top
  }

  /// Adds what the head gave for a window.
  ///
  /// - Parameters:
  ///   - outputs: `[tokens, 2]`, beginnings and ends.
  ///   - window: the window's tokens.
  mutating func add(_ outputs: Tensor, _ window: QuestionWindow) {
    let scores = outputs.rowsOfScalars
    let starts = probabilities(scores.map { $0[0] }, window)
    let ends = probabilities(scores.map { $0[1] }, window)
    null = min(null, starts.null * ends.null)
    for candidate in best(starts.tokens, ends.tokens) {
      let range = window.part(
        candidate.first, candidate.last, alignsToWords: options.alignsToWords)
      let text = window.context.text(range)
      // An answer that was met before is the same one, whatever its case.
      let key = text.lowercased()
      if let known = spans.firstIndex(where: { $0.text.lowercased() == key }) {
        spans[known].score += candidate.score
      } else {
        spans.append(.init(text: text, score: candidate.score, range: range))
      }
    }
  }

  /// The best answers, the best first.
  func answers(allowingNone: Bool, top: Int) -> [QuestionAnswering.Answer.Span] {
    let none = QuestionAnswering.Answer.Span(text: "", score: null, range: 0..<0)
    let all = allowingNone ? spans + [none] : spans
    return all.enumerated().sorted {
      ($1.element.score, $0.offset) < ($0.element.score, $1.offset)
    }.prefix(top).map(\.element)
  }

  /// The softmax over the tokens of the context and the first special token, which stands for none.
  private func probabilities(_ logits: [Float], _ window: QuestionWindow) -> (
    null: Float, tokens: [Float]
  ) {
    let all = Tensor([logits[0]] + logits[window.tokens], shape: [1, window.tokens.count + 1])
      .softmax().scalars
    return (all[0], Array(all.dropFirst()))
  }

  /// The best pairs of a beginning and an end that is not before it, nor too far behind.
  private func best(_ starts: [Float], _ ends: [Float]) -> [(score: Float, first: Int, last: Int)] {
    var best: [(score: Float, first: Int, last: Int)] = []
    for first in starts.indices {
      for last in first..<min(first + options.longestAnswer, ends.count) {
        let score = starts[first] * ends[last]
        if best.count == candidateCount {
          guard let worst = best.last, score > worst.score else { continue }
          best.removeLast()
        }
        let place = best.firstIndex { $0.score < score } ?? best.count
        best.insert((score, first, last), at: place)
      }
    }
    return best
  }
}
