/// `parallel(a,b)`: side by side; each input has an answer of every one.
struct Parallel: CompositionBlock {
  static let name = "parallel"
  static let example = "parallel(a,b)"

  init(_ parts: [CompositionPart]) throws { try Self.checkNoArguments(parts) }

  func branches(rows: Int, of parts: [(Int) throws -> [[Setup]]]) throws -> [[Setup]] {
    let all = try parts.map { try $0(rows) }
    return (0..<rows).map { row in all.flatMap { $0[row] } }
  }
}
