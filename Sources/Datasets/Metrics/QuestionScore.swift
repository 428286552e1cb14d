/// How well questions were answered: the official scores of SQuAD.
///
/// An answer is compared with each that people gave, and counts as much as with the best of them.
public struct QuestionScore: Sendable, Equatable {
  private var exactSum = 0.0
  private var f1Sum = 0.0
  private var count = 0

  public init() {}

  /// Counts a question.
  ///
  /// - Parameters:
  ///   - prediction: the answer; empty for none.
  ///   - answers: what people answered; none where the context does not say.
  public mutating func add(_ prediction: String, answers: [String]) {
    let found = normalizedAnswer(prediction)
    var wanted = answers.map(normalizedAnswer).filter { !$0.isEmpty }
    if wanted.isEmpty { wanted = [[]] }
    exactSum += wanted.contains(found) ? 1 : 0
    f1Sum += wanted.map { overlap(found, $0) }.max() ?? 0
    count += 1
  }

  /// The share of questions whose answer is one that people gave, but for case, articles and
  /// punctuation.
  public var exactMatch: Double { count == 0 ? 0 : exactSum / Double(count) }

  /// The mean F1 of the words of answers.
  public var f1: Double { count == 0 ? 0 : f1Sum / Double(count) }
}

/// The words of an answer in lower case, without punctuation of ASCII and the articles of English.
func normalizedAnswer(_ answer: String) -> [String] {
  let scalars = answer.lowercased().unicodeScalars.filter { !isPunctuation($0) }
  // An article is a run of letters and digits: in "the—cat" it is one, in "there" it is not.
  var text = String.UnicodeScalarView()
  var word = String.UnicodeScalarView()
  func finishWord() {
    if !["a", "an", "the"].contains(String(word)) { text += word } else { text.append(" ") }
    word = String.UnicodeScalarView()
  }
  for scalar in scalars {
    if isWordCharacter(scalar) {
      word.append(scalar)
    } else {
      finishWord()
      text.append(scalar)
    }
  }
  finishWord()
  return text.split { $0.properties.isWhitespace }.map { String($0) }
}

private func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "!"..."/", ":"..."@", "["..."`", "{"..."~": true
  default: false
  }
}

private func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
    .decimalNumber, .letterNumber, .otherNumber:
    true
  default: false
  }
}

/// F1 of two bags of words; of two empty ones it is 1.
private func overlap(_ a: [String], _ b: [String]) -> Double {
  guard !a.isEmpty, !b.isEmpty else { return a.isEmpty && b.isEmpty ? 1 : 0 }
  var counts = Dictionary(b.map { ($0, 1) }, uniquingKeysWith: +)
  let common = a.count { word in
    guard let left = counts[word], left > 0 else { return false }
    counts[word] = left - 1
    return true
  }
  return ratio(2 * common, a.count + b.count)
}
