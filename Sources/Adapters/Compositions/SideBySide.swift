/// Parts that all see the same, and whose changes are added up.
internal import BaseModels
internal import Tensors

/// A sum of changes, each by its weight, on what was there before.
///
///     before + Σ weight · (part − before)
protocol SideBySideBlock: SetupBlock {
  func weight(ofPart index: Int) -> Float
}

extension SideBySideBlock {
  func joined(_ parts: [Setup]) -> Setup { parts.count == 1 ? parts[0] : Setup(self, parts) }

  private func weighed(_ change: Tensor, _ index: Int) -> Tensor {
    let weight = weight(ofPart: index)
    return weight == 1 ? change : change * weight
  }

  func change(
    of y: Tensor, from x: Tensor, after previous: ProjectionChange?, by parts: [Setup],
    at site: Site, _ rows: TokenRows
  ) -> ProjectionChange? {
    let before = previous?.addend(y)
    var total = before
    for (index, part) in parts.enumerated() where part.acts(at: site) {
      guard
        let after = part.change(of: y, from: x, after: previous, at: site, rows)?.addend(y)
      else { continue }
      let change = weighed(before.map { after - $0 } ?? after, index)
      total = total.map { $0 + change } ?? change
    }
    return total.map { ProjectionChange(delta: $0, module: nil) }
  }

  /// On the skip connection of the last part that acts.
  func adapted(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor {
    var total = skipped(h, by: parts, ending, rows)
    for (index, part) in parts.enumerated() where part.acts(at: ending.site) {
      let value = part.adapted(h, ending, rows)
      let change = weighed(part.skipped(h, ending, rows).map { value - $0 } ?? value, index)
      total = total.map { $0 + change } ?? change
    }
    return total ?? h
  }

  func skipped(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor? {
    guard let last = parts.last(where: { $0.acts(at: ending.site) }) else { return h }
    return last.skipped(h, ending, rows)
  }

  func left(_ x: Tensor, by parts: [Setup], at site: Site, _ rows: TokenRows) -> Tensor {
    parts.enumerated().filter { $1.acts(at: site) }.reduce(x) { total, part in
      total + weighed(part.element.left(x, at: site, rows) - x, part.offset)
    }
  }
}
