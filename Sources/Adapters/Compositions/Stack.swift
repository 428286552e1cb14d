/// `stack(a,b)`: one after the other, each on what the one before gave.
internal import BaseModels
internal import Tensors

struct Stack: SetupBlock {
  static let name = "stack"
  static let example = "stack(a,b)"

  init() {}

  init(_ parts: [CompositionPart]) throws { try Self.checkNoArguments(parts) }

  var isInOrder: Bool { true }

  func joined(_ parts: [Setup]) -> Setup { parts.count == 1 ? parts[0] : Setup(self, parts) }

  func change(
    of y: Tensor, from x: Tensor, after previous: ProjectionChange?, by parts: [Setup],
    at site: Site, _ rows: TokenRows
  ) -> ProjectionChange? {
    parts.reduce(previous) { $1.change(of: y, from: x, after: $0, at: site, rows) }
  }

  func adapted(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor {
    parts.reduce(h) { $1.adapted($0, ending, rows) }
  }

  func skipped(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor? {
    guard let first = parts.first(where: { $0.acts(at: ending.site) }) else { return h }
    return first.skipped(h, ending, rows)
  }

  func left(_ x: Tensor, by parts: [Setup], at site: Site, _ rows: TokenRows) -> Tensor {
    parts.reduce(x) { $1.left($0, at: site, rows) }
  }
}

extension Setup {
  /// One after the other, each on what the one before gave.
  public static func stack(_ parts: [Setup]) -> Setup { Stack().joined(parts) }
}
