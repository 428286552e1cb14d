/// How tags of tokens become entities, against the Python pipeline.
import Adapters
import Files
import Testing

/// What the Python libraries say; written by `Scripts/make-metric-goldens.py`.
private let golden: Field = {
  let root = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
  let path = "/\(root)/Goldens/metrics.json"
  return Field((try? JSON(contentsOf: path)) ?? .null, file: path)
}()

@Suite struct `Aggregated tags` {
  @Test(arguments: Aggregation.allCases)
  func `are those of the Python pipeline`(_ aggregation: Aggregation) throws {
    let labels = try golden.required("labels").array().map { try $0.string() }
    for expected in try golden.required("aggregation").array() {
      let tokens = try expected.tokens()
      let found = aggregation.entities(of: tokens, labels: labels, join: join)
      try expectEqual(
        found, expected.required("results").required(aggregation.rawValue).entities())
    }
  }

  @Test func `of nothing are none`() {
    for aggregation in Aggregation.allCases {
      #expect(aggregation.entities(of: [], labels: ["O"], join: join).isEmpty)
    }
  }

  /// WordPiece's way to join tokens.
  private func join(_ tokens: [String]) -> String {
    tokens.reduce("") { text, token in
      if token.hasPrefix("##"), !text.isEmpty { return text + token.dropFirst(2) }
      return text.isEmpty ? token : text + " " + token
    }
  }
}

private func expectEqual(
  _ found: [TokenClassification.Entity], _ expected: [TokenClassification.Entity]
) throws {
  try #require(found.count == expected.count)
  for (entity, wanted) in zip(found, expected) {
    #expect(abs(entity.score - wanted.score) <= 1e-6)
    var rescored = entity
    rescored.score = wanted.score
    #expect(rescored == wanted)
  }
}

extension Field {
  fileprivate func tokens() throws -> [ScoredToken] {
    try required("tokens").array().map { field in
      let parts = try field.array()
      return ScoredToken(
        text: try parts[0].string(), scores: try parts[5].array().map { Float(try $0.number()) },
        range: try parts[1].integer()..<parts[2].integer(), index: try parts[3].integer(),
        isSubword: try parts[4].bool())
    }
  }

  fileprivate func entities() throws -> [TokenClassification.Entity] {
    try array().map { field in
      let parts = try field.array()
      return TokenClassification.Entity(
        label: try parts[0].string(), score: Float(try parts[1].number()),
        word: try parts[2].string(), range: try parts[3].integer()..<parts[4].integer(),
        index: parts[5].json == .null ? nil : try parts[5].integer())
    }
  }
}
