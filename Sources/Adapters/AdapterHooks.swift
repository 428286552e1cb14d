/// Adapters at work: each range of sequences has its own, or none.
internal import BaseModels
internal import Tensors

/// A run of neighbouring sequences with one setup.
struct SetupRange: Sendable {
  let sequences: Range<Int>
  /// A stack, the first applied first; empty is the base model alone.
  let stack: [BoundAdapter]
}

/// Answers at the model's sites, range by range: rows of different adapters in one batch.
struct AdapterHooks: Hooks {
  let ranges: [SetupRange]
  /// How much of a sub-layer's output is dropped, and where its masks come from: in training alone.
  var dropout: (probability: Float, source: DropoutSource)?

  var readsWholeSequences: Bool {
    ranges.contains { $0.stack.contains(where: \.readsWholeSequences) }
  }

  func projects(at site: Site) -> Bool {
    ranges.contains { $0.stack.contains { $0.projections[site.index] != nil } }
  }

  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ layout: Layout) -> Tensor {
    guard projects(at: site) else { return y }
    return byRange(layout) { range, stack, layout in
      let (y, x) = (y.rows(range), x.rows(range))
      let modules = stack.compactMap { $0.projections[site.index] }
      guard let last = modules.last else { return y }
      var delta: Tensor?
      for module in modules { delta = module.delta(after: delta, from: x, layout) }
      return delta.map { last.combined(y, $0) } ?? y
    }
  }

  func ended(
    _ h: Tensor, residual: Tensor, norm: LayerNorm, at site: Site, _ layout: Layout
  ) -> Tensor {
    let h = dropout.map { h.dropout($0.probability, $0.source.at(site.path)) } ?? h
    guard ranges.contains(where: { $0.stack.contains { $0.endings[site.index] != nil } }) else {
      return norm(h, addingTo: residual)
    }
    return byRange(layout) { range, stack, layout in
      let (original, residual) = (h.rows(range), residual.rows(range))
      let modules = stack.compactMap { $0.endings[site.index] }
      guard let last = modules.last else { return norm(original, addingTo: residual) }
      var h = original
      for module in modules {
        h = module.adapted(h, residual: residual, norm: norm, layout)
      }
      return last.finished(h, original: original, residual: residual, norm: norm)
    }
  }

  /// Computes each range's rows on their own and lays the results end to end.
  private func byRange(
    _ layout: Layout, _ compute: (Range<Int>, [BoundAdapter], Layout) -> Tensor
  ) -> Tensor {
    guard ranges.count > 1 else {
      return compute(0..<layout.rows, ranges.first?.stack ?? [], layout)
    }
    return .concatenatingRows(
      ranges.map { range in
        let offsets = layout.offsets[range.sequences.lowerBound...range.sequences.upperBound]
        let first = offsets.first ?? 0
        return compute(
          layout.rows(of: range.sequences), range.stack, Layout(offsets: offsets.map { $0 - first })
        )
      })
  }
}
