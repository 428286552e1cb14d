/// How the parts of a setup answer together at a site.
internal import BaseModels
internal import Tensors

// MARK: - Projections

/// What a part of a setup makes of a projection's output.
private struct Change {
  let delta: Tensor
  /// Who brings it into the output; nil where it is added.
  let module: (any ProjectionModule)?

  func applied(to y: Tensor) -> Tensor { module.map { $0.combined(y, delta) } ?? y + delta }

  /// What it adds to the output.
  func addend(_ y: Tensor) -> Tensor {
    guard let module else { return delta }
    // One row for all is what scales; a sum has a row for each.
    return module.readsDelta ? delta : module.combined(y, delta) - y
  }
}

extension Setup {
  /// A projection's output after all parts.
  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    change(of: y, from: x, after: nil, at: site, rows)?.applied(to: y) ?? y
  }

  /// The change of all parts up to and with this one; that before where this one does nothing.
  private func change(
    of y: Tensor, from x: Tensor, after previous: Change?, at site: Site, _ rows: TokenRows
  ) -> Change? {
    guard acts(at: site) else { return previous }
    func changes(_ setups: [Setup]) -> [Tensor?] {
      setups.map { $0.change(of: y, from: x, after: previous, at: site, rows)?.addend(y) }
    }
    switch self {
    case .none: return previous
    case .adapter(let adapter):
      guard let module = adapter.module(\.projections, at: site) else { return previous }
      return Change(
        delta: module.delta(after: previous?.delta, from: x, rows), module: module)
    case .stack(let children):
      return children.reduce(previous) {
        $1.change(of: y, from: x, after: $0, at: site, rows)
      }
    case .sum(let children):
      if children.count == 1 {
        return children[0].change(of: y, from: x, after: previous, at: site, rows)
      }
      let before = previous?.addend(y)
      let total = changes(children).reduce(before) { total, change in
        guard let change else { return total }
        return (total.map { $0 + change } ?? change) - (before ?? .zeros(change.shape))
      }
      return total.map { Change(delta: $0, module: nil) }
    case .average(let parts):
      if parts.count == 1 {
        return parts[0].setup.change(of: y, from: x, after: previous, at: site, rows)
      }
      let total = zip(changes(parts.map(\.setup)), parts).reduce(nil as Tensor?) { total, next in
        guard let change = next.0.map({ $0 * next.1.weight }) else { return total }
        return total.map { $0 + change } ?? change
      }
      return total.map { Change(delta: $0, module: nil) }
    case .split(let parts):
      let delta = rows.split(parts.map(\.tokens)) { index, indices, rows in
        let (y, x) = (y.rows(at: indices), x.rows(at: indices))
        let before = previous.map { previous in
          Change(
            delta: previous.delta.rows == 1 ? previous.delta : previous.delta.rows(at: indices),
            module: previous.module)
        }
        return parts[index].setup.change(of: y, from: x, after: before, at: site, rows)?
          .addend(y) ?? .zeros(y.shape)
      }
      return Change(delta: delta, module: nil)
    }
  }
}

// MARK: - Endings

extension Setup {
  /// The end of a sub-layer after all parts, residual and norm included.
  func ended(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor {
    guard acts(at: ending.site) else { return ending(h) }
    return finished(adapted(h, ending, rows), original: h, ending, rows)
  }

  private func adapted(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor {
    guard acts(at: ending.site) else { return h }
    switch self {
    case .none: return h
    case .adapter(let adapter):
      return adapter.module(\.endings, at: ending.site)?.adapted(h, ending, rows) ?? h
    case .stack(let children): return children.reduce(h) { $1.adapted($0, ending, rows) }
    case .sum(let children):
      return combined(children.map { ($0, 1) }, h, ending, rows)
    case .average(let parts):
      return combined(parts.map { ($0.setup, $0.weight) }, h, ending, rows)
    case .split(let parts):
      return rows.split(parts.map(\.tokens)) { index, indices, rows in
        parts[index].setup.adapted(h.rows(at: indices), ending.rows(at: indices), rows)
      }
    }
  }

  /// The changes of parts that are side by side, each weighed, on the skip connection of the last.
  private func combined(
    _ parts: [(Setup, Float)], _ h: Tensor, _ ending: Ending, _ rows: TokenRows
  ) -> Tensor {
    let acting = parts.filter { $0.0.acts(at: ending.site) }
    guard let last = acting.last?.0 else { return h }
    if parts.count == 1 { return last.adapted(h, ending, rows) }
    var total = last.skipped(h, ending, rows)
    for (part, weight) in acting {
      let value = part.adapted(h, ending, rows)
      let change = part.skipped(h, ending, rows).map { value - $0 } ?? value
      let weighed = weight == 1 ? change : change * weight
      total = total.map { $0 + weighed } ?? weighed
    }
    return total ?? h
  }

  /// The skip connection of what answers; nil where there is none.
  private func skipped(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor? {
    switch self {
    case .none: return h
    case .adapter(let adapter):
      guard let module = adapter.module(\.endings, at: ending.site) else { return h }
      return module.skipped(h, ending)
    case .stack(let children):
      return children.first { $0.acts(at: ending.site) }?.skipped(h, ending, rows) ?? h
    case .sum, .average:
      return children.last { $0.acts(at: ending.site) }?.skipped(h, ending, rows) ?? h
    case .split(let parts):
      return rows.split(parts.map(\.tokens)) { index, indices, rows in
        let part = h.rows(at: indices)
        return parts[index].setup.skipped(part, ending.rows(at: indices), rows)
          ?? .zeros(part.shape)
      }
    }
  }

  private func finished(
    _ h: Tensor, original: Tensor, _ ending: Ending, _ rows: TokenRows
  ) -> Tensor {
    guard acts(at: ending.site) else { return ending(h) }
    switch self {
    case .none: return ending(h)
    case .adapter(let adapter):
      return adapter.module(\.endings, at: ending.site)?.finished(h, original: original, ending)
        ?? ending(h)
    case .stack, .sum, .average:
      return children.last { $0.acts(at: ending.site) }?.finished(
        h, original: original, ending, rows) ?? ending(h)
    case .split(let parts):
      return rows.split(parts.map(\.tokens)) { index, indices, rows in
        parts[index].setup.finished(
          h.rows(at: indices), original: original.rows(at: indices), ending.rows(at: indices),
          rows)
      }
    }
  }
}

// MARK: - Layers, attention and embeddings

extension Setup {
  /// A layer's output after all parts.
  func left(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    guard acts(at: site) else { return x }
    switch self {
    case .none: return x
    case .adapter(let adapter): return adapter.module(\.layers, at: site)?.left(x, rows) ?? x
    case .stack(let children): return children.reduce(x) { $1.left($0, at: site, rows) }
    case .sum(let children):
      if children.count == 1 { return children[0].left(x, at: site, rows) }
      return children.filter { $0.acts(at: site) }.reduce(x) {
        $0 + ($1.left(x, at: site, rows) - x)
      }
    case .average(let parts):
      if parts.count == 1 { return parts[0].setup.left(x, at: site, rows) }
      return parts.filter { $0.setup.acts(at: site) }.reduce(x) {
        $0 + ($1.setup.left(x, at: site, rows) - x) * $1.weight
      }
    case .split(let parts):
      return rows.split(parts.map(\.tokens)) { index, indices, rows in
        parts[index].setup.left(x.rows(at: indices), at: site, rows)
      }
    }
  }

  /// The keys and values that all parts put before a sequence's own.
  func prefixes(at site: Site, _ x: Tensor, _ rows: TokenRows) -> [Prefix] {
    adapters.compactMap { $0.module(\.attentions, at: site)?.prefix(x, rows) }
  }

  /// What acts behind embeddings: that of the first adapter that has anything there, as in the Python
  /// library.
  func embeddings(at site: Site) -> [any EmbeddingModule] {
    adapters.lazy.map { $0.embeddings(at: site) }.first { !$0.isEmpty } ?? []
  }
}

extension Setup {
  /// The way back from what acts behind embeddings.
  func unembedded(_ x: Tensor, at site: Site) -> Tensor {
    embeddings(at: site).reversed().reduce(x) { $1.unembedded($0) }
  }
}

extension TokenRows {
  /// Computes runs of each sequence's tokens on their own, and puts the rows back in their places.
  ///
  /// - Parameters:
  ///   - lengths: of the runs, the same for all sequences.
  ///   - compute: gets a run's number, the indices of its rows, and which tokens they are.
  /// - Returns: all rows in their order.
  fileprivate func split(
    _ lengths: [Int], _ compute: (Int, [Int], TokenRows) -> Tensor
  ) -> Tensor {
    let runs = Layout(lengths: lengths)
    var parts: [Tensor] = []
    var order: [Int] = []
    for run in 0..<runs.sequences {
      let chosen = (0..<layout.sequences).map { sequence in
        layout[sequence].filter { runs[run].contains(Int(places[$0])) }
      }
      let indices = chosen.flatMap(\.self)
      guard !indices.isEmpty else { continue }
      parts.append(compute(run, indices, rows(chosen)))
      order += indices
    }
    var positions = [Int](repeating: 0, count: order.count)
    for (position, index) in order.enumerated() { positions[index] = position }
    return Tensor.concatenatingRows(parts).rows(at: positions)
  }
}
