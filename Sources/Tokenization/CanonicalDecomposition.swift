/// Unicode normalization form D: everything decomposed, marks in canonical order.
struct CanonicalDecomposition: Normalizer {
  private let table = ScalarTable.shared

  func normalize(_ text: inout ScalarText) {
    let isDecomposed = text.scalars.allSatisfy { !table.classOf($0).contains(.decomposing) }
    guard !isDecomposed else { return }
    var pending = Pending(reserving: text.scalars.count)
    for scalar in text.scalars {
      var isFirst = true
      decompose(scalar) { part in
        let order = table.classOf(part).contains(.decomposing) ? table.combiningClass(part) : 0
        pending.append(part, order: order, isFirst: isFirst)
        isFirst = false
      }
    }
    text = pending.finished(text.origins)
  }

  private func decompose(_ scalar: UInt32, _ emit: (UInt32) -> Void) {
    guard table.classOf(scalar).contains(.decomposing) else { return emit(scalar) }
    if let (leading, vowel, trailing) = Hangul.decomposition(scalar) {
      emit(leading)
      emit(vowel)
      if let trailing { emit(trailing) }
    } else if let (first, second) = table.decomposition(scalar) {
      decompose(first, emit)
      if let second { emit(second) }
    } else {
      emit(scalar)
    }
  }
}

/// Decomposed scalars, of which the marks since the last starter still await their order.
private struct Pending {
  private var scalars: [UInt32] = []
  private var isFirst: [Bool] = []
  private var marks: [(scalar: UInt32, order: UInt32, isFirst: Bool)] = []

  init(reserving count: Int) {
    scalars.reserveCapacity(count * 2)
    isFirst.reserveCapacity(count * 2)
  }

  mutating func append(_ scalar: UInt32, order: UInt32, isFirst: Bool) {
    if order == 0 {
      settle()
      scalars.append(scalar)
      self.isFirst.append(isFirst)
    } else {
      marks.append((scalar, order, isFirst))
    }
  }

  private mutating func settle() {
    guard !marks.isEmpty else { return }
    if marks.count > 1 { marks.sort { $0.order < $1.order } }  // the library's sort is stable too
    for mark in marks {
      scalars.append(mark.scalar)
      isFirst.append(mark.isFirst)
    }
    marks.removeAll(keepingCapacity: true)
  }

  /// Gives the scalars their origins as the Rust library does: by counting the first parts, in the
  /// order that the marks have now.
  mutating func finished(_ origins: [Int32]) -> ScalarText {
    settle()
    var result = ScalarText(reserving: scalars.count)
    var next = 0
    for (scalar, isFirst) in zip(scalars, isFirst) {
      if isFirst { next += 1 }
      result.append(scalar, next > 0 && next <= origins.count ? origins[next - 1] : 0)
    }
    return result
  }
}
