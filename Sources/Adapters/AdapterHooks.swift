/// Adapters at work: each range of sequences has its own, or none.
internal import BaseModels
internal import Tensors

/// A run of neighbouring sequences with one setup.
struct SetupRange: Sendable {
  let sequences: Range<Int>
  let setup: Setup
}

/// Answers at the model's sites, range by range: rows of different adapters in one batch.
struct AdapterHooks: Hooks {
  let ranges: [SetupRange]

  func acts(at site: Site) -> Bool { ranges.contains { $0.setup.acts(at: site) } }

  func wholeSequences(at site: Site) -> [Range<Int>] {
    ranges.filter { $0.setup.readsWholeSequences(at: site) }.map(\.sequences)
  }

  func embedded(_ x: Tensor, at site: Site, _ rows: TokenRows) -> (Tensor, TokenRows) {
    var parts: [Tensor] = []
    var kept: [TokenRows] = []
    for range in ranges {
      var part = x.rows(rows.layout.rows(of: range.sequences))
      var partRows = rows.sequences(range.sequences)
      for module in range.setup.embeddings(at: site) {
        (part, partRows) = module.embedded(part, partRows)
      }
      parts.append(part)
      kept.append(partRows)
    }
    return (.concatenatingRows(parts), .joined(kept))
  }

  func entering(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor { x }

  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    if let parts = modules(\.projections, at: site, rows),
      let together = parts[0].module.grouped(parts, y, from: x)
    {
      return together
    }
    return byRange(rows) { setup, range, rows in
      setup.projected(y.rows(range), from: x.rows(range), at: site, rows)
    }
  }

  func prefixes(at site: Site, _ x: Tensor, _ rows: TokenRows) -> [Prefix] {
    ranges.flatMap { range in
      range.setup.prefixes(
        at: site, x.rows(rows.layout.rows(of: range.sequences)), rows.sequences(range.sequences)
      ).map { prefix in
        var all = [Range<Int>](repeating: 0..<0, count: rows.layout.sequences)
        all.replaceSubrange(range.sequences, with: prefix.rows)
        return Prefix(key: prefix.key, value: prefix.value, rows: all)
      }
    }
  }

  func ended(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor {
    if let parts = modules(\.endings, at: ending.site, rows),
      let together = parts[0].module.grouped(parts, h, ending)
    {
      return together
    }
    return byRange(rows) { setup, range, rows in
      setup.ended(h.rows(range), ending.rows(range), rows)
    }
  }

  func left(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor {
    byRange(rows) { setup, range, rows in setup.left(x.rows(range), at: site, rows) }
  }

  /// The modules of several ranges that have one adapter each, with their rows; nil for others.
  private func modules<Module>(
    _ kind: KeyPath<Modules, [Int: Module]>, at site: Site, _ rows: TokenRows
  ) -> [(module: Module, rows: Range<Int>)]? {
    guard ranges.count > 1 else { return nil }
    var parts: [(module: Module, rows: Range<Int>)] = []
    for range in ranges {
      guard let adapter = range.setup.single else {
        if range.setup.isNone { continue }
        return nil
      }
      if let module = adapter.module(kind, at: site) {
        parts.append((module, rows.layout.rows(of: range.sequences)))
      }
    }
    return parts.isEmpty ? nil : parts
  }

  /// Computes each range's rows on their own and lays the results end to end.
  private func byRange(
    _ rows: TokenRows, _ compute: (Setup, Range<Int>, TokenRows) -> Tensor
  ) -> Tensor {
    guard ranges.count > 1 else {
      return compute(ranges.first?.setup ?? .none, 0..<rows.count, rows)
    }
    return .concatenatingRows(
      ranges.map { range in
        compute(
          range.setup, rows.layout.rows(of: range.sequences), rows.sequences(range.sequences))
      })
  }
}
