import Datasets
import Files
import Testing

/// What the Python libraries say; written by `Scripts/make-metric-goldens.py`.
private let golden: Field = {
  let root = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
  let path = "/\(root)/Goldens/metrics.json"
  return Field((try? JSON(contentsOf: path)) ?? .null, file: path)
}()

@Suite struct `A score of classes` {
  @Test func `is scikit-learn's`() throws {
    for expected in try golden.required("classification").array() {
      let score = ClassificationScore(
        predictions: try expected.integers("predictions"), labels: try expected.integers("labels"))
      try expectEqual(score.accuracy, expected, "accuracy")
      try expectEqual(score.accuracy, expected, "microF1")
      try expectEqual(score.macroF1, expected, "macroF1")
      try expectEqual(score.matthews, expected, "matthews")
    }
  }

  @Test func `of sets is scikit-learn's`() throws {
    for expected in try golden.required("multiLabel").array() {
      let score = MultiLabelScore(
        predictions: try expected.sets("predictions"), labels: try expected.sets("labels"))
      try expectEqual(score.microF1, expected, "microF1")
      try expectEqual(score.subsetAccuracy, expected, "subsetAccuracy")
    }
  }

  @Test func `of nothing is zero`() {
    let score = ClassificationScore(predictions: [], labels: [])
    #expect([score.accuracy, score.macroF1, score.matthews] == [0, 0, 0])
    #expect(MultiLabelScore(predictions: [[]], labels: [[]]).subsetAccuracy == 1)
  }
}

@Suite struct `A score of numbers` {
  @Test func `is SciPy's`() throws {
    for expected in try golden.required("regression").array() {
      let score = RegressionScore(
        predictions: try expected.numbers("predictions"), labels: try expected.numbers("labels"))
      try expectEqual(score.meanSquaredError, expected, "meanSquaredError")
      try expectEqual(score.pearson ?? .nan, expected, "pearson")
      try expectEqual(score.spearman ?? .nan, expected, "spearman")
    }
  }

  @Test func `has no correlation with a constant`() {
    let score = RegressionScore(predictions: [1, 1], labels: [1, 3])
    #expect(score == RegressionScore(predictions: [1, 1], labels: [3, 1]))
    #expect(score.meanSquaredError == 2)
    #expect(score.pearson == nil && score.spearman == nil)
  }
}

@Suite struct `A score of entities` {
  @Test func `is seqeval's`() throws {
    for expected in try golden.required("entities").array() {
      let predictions = try expected.texts("predictions")
      let score = EntityScore(predictions: predictions, labels: try expected.texts("labels"))
      try expectEqual(score.accuracy, expected, "accuracy")
      for (row, spans) in zip(predictions, try expected.required("spans").array()) {
        let wanted = try spans.array().map { span in
          let parts = try span.array()
          return "\(try parts[0].string()) \(try parts[1].integer())..<\(try parts[2].integer())"
        }
        #expect(EntitySpan.all(in: row).map { "\($0.type) \($0.tokens)" } == wanted)
      }
      let scores = try expected.required("scores").object()
      #expect(scores.count == score.byType.count + 1)
      for (name, values) in scores {
        let counts = name == "micro avg" ? score.overall : score.byType[name]
        let found = try #require(counts)
        let wanted = try values.array().map { try $0.number() }
        for (a, b) in zip([found.precision, found.recall, found.f1], wanted) {
          #expect(abs(a - b) <= 1e-12, "\(name): \(a) instead of \(b)")
        }
      }
    }
  }

  @Test func `bears empty tags and sentences`() {
    let score = EntityScore(predictions: [[""], []], labels: [["O"], []])
    #expect(score.overall.predicted == 0 && score.overall.f1 == 0)
  }
}

@Suite struct `A score of questions` {
  private func score(_ questions: [(prediction: String, answers: [String])]) -> QuestionScore {
    var score = QuestionScore()
    for question in questions { score.add(question.prediction, answers: question.answers) }
    return score
  }

  @Test func `is SQuAD's`() {
    let found = score([
      ("a cat!", ["The Cat"]), ("Paris", ["in Paris, 1990"]), ("x", []),
    ])
    #expect(abs(found.exactMatch - 1.0 / 3) < 1e-12)
    #expect(abs(found.f1 - 0.5) < 1e-12)
    #expect(score([]).f1 == 0)
  }

  @Test(arguments: [
    ("the—cat", "—cat"), ("there is a theatre", "there is theatre"), ("An  apple\u{a0}a", "apple"),
    ("U.S.A.", "usa"), ("a_the_b", "atheb"), ("«the»", "« »"), ("", ""), ("The", ""),
  ])
  func `compares without case, articles and punctuation`(_ a: String, _ b: String) {
    #expect(score([(a, [b.isEmpty ? "the" : b])]).exactMatch == 1)
  }

  @Test func `counts no answer as one where there is none`() {
    #expect(score([("", []), ("", ["the"]), ("the", [])]).exactMatch == 1)
    #expect(score([("word", [])]).f1 == 0)
    #expect(score([("", ["word"])]).f1 == 0)
    #expect(score([("b", ["a b c", "b"])]).f1 == 1)
  }
}

private func expectEqual(_ value: Double, _ expected: Field, _ key: String) throws {
  let wanted = try expected.required(key).number()
  #expect(abs(value - wanted) <= 1e-12, "\(expected.place).\(key): \(value) instead of \(wanted)")
}

extension Field {
  fileprivate func integers(_ key: String) throws -> [Int] {
    try required(key).array().map { try $0.integer() }
  }

  fileprivate func numbers(_ key: String) throws -> [Double] {
    try required(key).array().map { try $0.number() }
  }

  fileprivate func sets(_ key: String) throws -> [Set<Int>] {
    try required(key).array().map { Set(try $0.array().map { try $0.integer() }) }
  }

  fileprivate func texts(_ key: String) throws -> [[String]] {
    try required(key).array().map { try $0.array().map { try $0.string() } }
  }
}
