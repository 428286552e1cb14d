/// Work shared out among the threads of the one pool.
internal import CAdapterKernels

/// How many threads the pool has.
public var threadCount: Int { ak_threads() }

/// Sets how many threads the pool has, 1 … 256; by default `ADAPTERHUB_THREADS`, else the processors.
public func setThreadCount(_ count: Int) { ak_set_threads(max(1, count)) }

/// Runs `body` for each index of `0 ..< count`, on the pool's threads and the caller's.
///
/// Inside `body`, and while another caller has the pool, regions run on their own thread.
public func parallel(_ count: Int, _ body: (Int) -> Void) {
  guard count > 1 else {
    if count == 1 { body(0) }
    return
  }
  withoutActuallyEscaping(body) { body in
    var piece = Piece(body: body)
    withUnsafeMutablePointer(to: &piece) { piece in
      ak_parallel(count, callPiece, piece)
    }
  }
}

/// Runs `body` for each index and gathers the results in order; the first error is thrown.
public func parallelMap<Result: Sendable>(
  _ count: Int, _ body: (Int) throws -> Result
) throws -> [Result] {
  var results = [Swift.Result<Result, any Error>?](repeating: nil, count: count)
  results.withUnsafeMutableBufferPointer { slots in
    // Each piece writes its own slot.
    nonisolated(unsafe) let slots = slots
    parallel(count) { index in
      slots[index] = Swift.Result { try body(index) }
    }
  }
  return try results.compactMap { try $0?.get() }
}

/// How many threads an operation opened here may use.
var availableThreads: Int { ak_available_threads() }

private struct Piece {
  let body: (Int) -> Void
}

private func callPiece(_ context: UnsafeMutableRawPointer?, _ index: Int) {
  context?.assumingMemoryBound(to: Piece.self).pointee.body(index)
}

/// Cuts `count` rows into even pieces for the threads at hand, none smaller than `least` rows.
func pieces(of count: Int, atLeast least: Int) -> [Range<Int>] {
  let parts = max(1, min(availableThreads, count / max(1, least)))
  guard parts > 1 else { return [0..<count] }
  return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
}
