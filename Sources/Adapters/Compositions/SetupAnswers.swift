/// How a setup answers at a site: its adapter by itself, or its block by its parts.
internal import BaseModels
internal import Tensors

// MARK: - Projections

/// What a part of a setup makes of a projection's output.
struct ProjectionChange {
  /// `[rows, outputs]`, or one row for all.
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

  /// The same of some rows.
  func rows(at indices: [Int]) -> ProjectionChange {
    ProjectionChange(delta: delta.rows == 1 ? delta : delta.rows(at: indices), module: module)
  }
}

extension Setup {
  /// A projection's output after all parts.
  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    change(of: y, from: x, after: nil, at: site, rows)?.applied(to: y) ?? y
  }

  /// The change of all parts up to and with this one; that before where this one does nothing.
  func change(
    of y: Tensor, from x: Tensor, after previous: ProjectionChange?, at site: Site,
    _ rows: TokenRows
  ) -> ProjectionChange? {
    guard acts(at: site) else { return previous }
    switch node {
    case .none: return previous
    case .adapter(let adapter):
      guard let module = adapter.module(\.projections, at: site) else { return previous }
      if let previous, previous.module == nil, !module.readsDelta {
        // A scaling goes on with what parts side by side made of the output: their sum is no scaling
        // that it could be multiplied with.
        let scaled = module.combined(
          previous.applied(to: y), module.delta(after: nil, from: x, rows))
        return ProjectionChange(delta: scaled - y, module: nil)
      }
      return ProjectionChange(
        delta: module.delta(after: previous?.delta, from: x, rows), module: module)
    case .block(let block, let parts):
      return block.change(of: y, from: x, after: previous, by: parts, at: site, rows)
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

  /// A sub-layer's output after all parts, before residual and norm.
  func adapted(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor {
    guard acts(at: ending.site) else { return h }
    switch node {
    case .none: return h
    case .adapter(let adapter):
      return adapter.module(\.endings, at: ending.site)?.adapted(h, ending, rows) ?? h
    case .block(let block, let parts): return block.adapted(h, by: parts, ending, rows)
    }
  }

  /// The skip connection of what answers; nil where there is none.
  func skipped(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor? {
    switch node {
    case .none: return h
    case .adapter(let adapter):
      guard let module = adapter.module(\.endings, at: ending.site) else { return h }
      return module.skipped(h, ending)
    case .block(let block, let parts): return block.skipped(h, by: parts, ending, rows)
    }
  }

  /// Residual and norm brought to what all parts gave.
  func finished(
    _ h: Tensor, original: Tensor, _ ending: Ending, _ rows: TokenRows
  ) -> Tensor {
    guard acts(at: ending.site) else { return ending(h) }
    switch node {
    case .none: return ending(h)
    case .adapter(let adapter):
      return adapter.module(\.endings, at: ending.site)?.finished(h, original: original, ending)
        ?? ending(h)
    case .block(let block, let parts):
      return block.finished(h, original: original, by: parts, ending, rows)
    }
  }
}

// MARK: - Layers, attention and embeddings

extension Setup {
  /// A layer's output after all parts.
  func left(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    guard acts(at: site) else { return x }
    switch node {
    case .none: return x
    case .adapter(let adapter): return adapter.module(\.layers, at: site)?.left(x, rows) ?? x
    case .block(let block, let parts): return block.left(x, by: parts, at: site, rows)
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

  /// The way back from what acts behind embeddings.
  func unembedded(_ x: Tensor, at site: Site) -> Tensor {
    embeddings(at: site).reversed().reduce(x) { $1.unembedded($0) }
  }
}
