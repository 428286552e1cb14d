/// Tensors that are walked through, and never in memory as a whole.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension StoredTensor {
  /// How many elements are looked at at a time.
  private static let blockCount = 65_536

  /// The indices at which the blocks begin that the tensor is walked through by.
  package var blockStarts: StrideTo<Int> { stride(from: 0, to: count, by: Self.blockCount) }

  /// The elements from an index on as `Float`: a block of them, or those that are left.
  ///
  /// The pages of a mapped file that lie before are given back.
  package func block(from start: Int) throws -> [Float] {
    let room = min(Self.blockCount, count - start)
    defer { releasePages(of: start..<start + room) }
    return try [Float](unsafeUninitializedCapacity: room) { buffer, filled in
      try copyFloats(from: start, into: UnsafeMutableBufferPointer(rebasing: buffer[..<room]))
      filled = room
    }
  }

  /// Whether two tensors hold the same numbers, to the last bit: NaN is what both have then.
  package func hasSameValues(as other: StoredTensor) throws -> Bool {
    guard count == other.count else { return false }
    for start in blockStarts {
      let range = start..<min(start + Self.blockCount, count)
      let isSame =
        type == other.type
        ? hasSameBytes(as: other, range)
        : try block(from: start).map(\.bitPattern) == other.block(from: start).map(\.bitPattern)
      guard isSame else { return false }
    }
    return true
  }

  private func hasSameBytes(as other: StoredTensor, _ elements: Range<Int>) -> Bool {
    defer {
      releasePages(of: elements)
      other.releasePages(of: elements)
    }
    return withBytes(of: elements) { mine in
      other.withBytes(of: elements) { theirs in
        guard let a = mine.baseAddress, let b = theirs.baseAddress else {
          return mine.count == theirs.count
        }
        return mine.count == theirs.count && memcmp(a, b, mine.count) == 0
      }
    }
  }
}
