/// What the kernels' suites share: the instruction sets present, numbers, and one comparison.

import CAdapterKernels
import Testing

/// What the suites of single kernels hang from.
@Suite struct `The kernels` {}

let sizes = [0, 1, 7, 15, 16, 17, 31, 33, 64, 100]

/// Runs `body` on this thread with the kernels of `instructionSet`, then goes back to the best ones.
func with<Result>(_ instructionSet: Int, _ body: () throws -> Result) rethrows -> Result {
  ak_isa_use(Int32(instructionSet))
  defer { ak_isa_use(ak_isa_best()) }
  return try body()
}

/// Those with vector code that this processor can run.
let instructionSets = [AK_ISA_AVX2, AK_ISA_AVX512, AK_ISA_NEON].map { Int($0) }.filter {
  isa in with(isa) { ak_isa_in_use() == Int32(isa) }
}

/// `count` numbers in [-`range`, `range`), the same for the same seed.
func numbers(_ count: Int, seed: UInt64 = 1, range: Float = 1) -> [Float] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
  return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    for index in 0..<count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      buffer[index] = (Float(state >> 40) / 0x1p23 - 1) * range
    }
    initialized = count
  }
}

/// Expects `|a − b| ≤ atol + rtol·|b|` everywhere, where NaN equals NaN.
func expectClose(
  _ a: [Float], _ b: [Float], atol: Float, rtol: Float, _ comment: String = "",
  at location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, sourceLocation: location)
  // A plain loop: these tests compare millions of numbers in debug builds.
  for index in 0..<min(a.count, b.count) {
    let x = a[index], y = b[index]
    guard x == y || abs(x - y) <= atol + rtol * abs(y) || x.isNaN && y.isNaN else {
      Issue.record("\(comment) [\(index)]: \(x), expected \(y)", sourceLocation: location)
      return
    }
  }
}

/// Runs the same on every instruction set and expects what the reference gives.
func expectAsReference(
  atol: Float = 1e-6, rtol: Float = 1e-5, _ comment: String = "",
  at location: SourceLocation = #_sourceLocation, _ run: () -> [Float]
) {
  let expected = with(Int(AK_ISA_REFERENCE), run)
  for isa in instructionSets {
    expectClose(
      with(isa, run), expected, atol: atol, rtol: rtol, "\(comment) on instruction set \(isa)",
      at: location)
  }
}
