/// `batch_split(a:2,b:3)`: the rows of a batch shared out.
struct BatchSplit: CompositionBlock {
  static let name = "batch_split"
  static let example = "batch_split(a:2,b:3)"

  private let counts: [Int]

  init(_ parts: [CompositionPart]) throws { counts = try Self.counts(parts, of: "rows") }

  func argument(ofPart index: Int) -> String? { "\(counts[index])" }

  private var total: Int { counts.reduce(0, +) }
  var rows: Int? { total }

  func branches(rows: Int, of parts: [(Int) throws -> [[Setup]]]) throws -> [[Setup]] {
    guard total == rows else {
      throw CompositionProblem(
        "splits \(total) rows, and the batch has \(rows)",
        hint: "the numbers behind the colons must add up to the rows of the input")
    }
    return try zip(parts, counts).flatMap { part, count in try part(count) }
  }
}
