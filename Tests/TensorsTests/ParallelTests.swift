/// The pool of threads, seen from many callers.
import Synchronization
import Testing

@testable import Tensors

/// Serialized, because the number of threads is the process's.
@Suite(.serialized) struct `The pool of threads` {
  struct Odd: Error, Equatable { let index: Int }

  @Test(arguments: [0, 1, 2, 3, 64, 1_000]) func `runs each piece once`(_ count: Int) throws {
    let sum = Atomic(0)
    parallel(count) { sum.add($0 + 1, ordering: .relaxed) }
    #expect(sum.load(ordering: .relaxed) == count * (count + 1) / 2)
    #expect(try parallelMap(count) { $0 * $0 } == (0..<count).map { $0 * $0 })
  }

  @Test func `nests`() throws {
    let table = try parallelMap(7) { i in
      try parallelMap(5) { j in try parallelMap(3) { i * 100 + j * 10 + $0 } }
    }
    #expect(table.count == 7)
    #expect(table[6][4] == [640, 641, 642])
  }

  @Test func `throws the first error, after all pieces have run`() {
    let ran = Atomic(0)
    #expect(throws: Odd(index: 1)) {
      try parallelMap(20) { index in
        ran.add(1, ordering: .relaxed)
        guard index.isMultiple(of: 2) else { throw Odd(index: index) }
      }
    }
    #expect(ran.load(ordering: .relaxed) == 20)
  }

  @Test func `serves many tasks at once`() async throws {
    let weight = Tensor(numbers(33 * 65, seed: 1), shape: [33, 65])
    let layer = Linear(frozen: weight, bias: nil)
    let x = Tensor(numbers(200 * 65, seed: 2), shape: [200, 65])
    let expected = layer(x).scalars
    try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
      for task in 0..<48 {
        group.addTask {
          let sums = try parallelMap(31) { piece in
            try parallelMap(3) { $0 + piece + task }.reduce(0, +)
          }
          return (sums.reduce(0, +), layer(x).scalars)
        }
      }
      var totals: Set<Int> = []
      for try await (total, product) in group {
        totals.insert(total)
        expectClose(product, expected, atol: 1e-5, rtol: 1e-5)
      }
      #expect(totals == Set((0..<48).map { 31 * 3 + 3 * (465 + 31 * $0) }))
    }
  }

  @Test(arguments: [1, 2, 5, 16]) func `gives the same with any number of threads`(_ count: Int)
    throws
  {
    let before = threadCount
    defer { setThreadCount(before) }
    setThreadCount(count)
    #expect(threadCount == count)
    #expect(try parallelMap(100) { $0 } == Array(0..<100))
    let weight = Tensor(numbers(33 * 65, seed: 1), shape: [33, 65])
    let x = Tensor(numbers(500 * 65, seed: 2), shape: [500, 65])
    // Nested regions run on their own thread: this is the product of one thread.
    let serial = try parallelMap(2) { _ in x.multiplied(transposing: weight).scalars }
    expectClose(x.multiplied(transposing: weight).scalars, serial[1], atol: 1e-5, rtol: 1e-5)
    let layer = Linear(frozen: weight, bias: nil)
    let alone = try parallelMap(2) { _ in layer(x).scalars }
    expectClose(layer(x).scalars, alone[0], atol: 1e-5, rtol: 1e-5)
  }

  @Test func `has one thread at least, and changes between regions only`() throws {
    let before = threadCount
    defer { setThreadCount(before) }
    setThreadCount(0)
    #expect(threadCount == 1)
    setThreadCount(2)
    let available = try parallelMap(4) { _ in
      setThreadCount(3)
      return availableThreads
    }
    #expect(available == [1, 1, 1, 1])
    #expect(threadCount == 2)
  }
}
