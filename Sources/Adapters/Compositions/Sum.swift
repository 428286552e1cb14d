/// `sum(a,b)`: the sum of what each changes.
struct Sum: SideBySideBlock {
  static let name = "sum"
  static let example = "sum(a,b)"

  init() {}

  init(_ parts: [CompositionPart]) throws { try Self.checkNoArguments(parts) }

  func weight(ofPart index: Int) -> Float { 1 }
}

extension Setup {
  /// The sum of what each changes.
  public static func sum(_ parts: [Setup]) -> Setup { Sum().joined(parts) }
}
