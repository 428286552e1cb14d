/// `average(a:0.3,b:0.7)`: the mean of what each makes, by weights.
struct Average: SideBySideBlock {
  static let name = "average"
  static let example = "average(a:0.3,b:0.7)"

  /// As they are written; their sum need not be 1.
  private let weights: [Double]
  private let total: Double

  init(_ weights: [Double]) {
    self.weights = weights
    total = weights.reduce(0, +)
  }

  init(_ parts: [CompositionPart]) throws {
    self.init(
      try parts.enumerated().map { index, part in
        guard let argument = part.argument else { return 1 }
        guard let weight = Double(argument), weight.isFinite, abs(weight) <= 1e6 else {
          throw CompositionProblem("expected : and a weight", part: index, hint: Self.example)
        }
        return weight
      })
    guard abs(total) > 1e-6 else {
      throw CompositionProblem("the weights add up to 0", hint: Self.example)
    }
  }

  func argument(ofPart index: Int) -> String? { "\(weights[index])" }

  var takesPrefixes: Bool { false }

  func weight(ofPart index: Int) -> Float { Float(weights[index] / total) }
}

extension Setup {
  /// The mean of what each makes, by weights whose sum is not 0.
  public static func average(_ parts: [(setup: Setup, weight: Float)]) -> Setup {
    Average(parts.map { Double($0.weight) }).joined(parts.map(\.setup))
  }
}
