/// Rotary positions: what their styles mean, and what they are for.
import Testing

@testable import Tensors

@Suite struct `Rotary positions` {
  @Test(arguments: [Rotary.Style.half, .interleaved])
  func `make products depend on distances alone`(_ style: Rotary.Style) {
    let rotary = Rotary(frequencies: [1, 0.1, 0.01], style: style)
    let (q, k) = (
      Tensor(numbers(8, seed: 1), shape: [1, 8]), Tensor(numbers(8, seed: 2), shape: [1, 8])
    )
    func product(_ i: Int32, _ j: Int32) -> Float {
      let a = q.rotated(rotary.angles(at: [i]), headWidth: 8)
      let b = k.rotated(rotary.angles(at: [j]), headWidth: 8)
      return (a * b).sum().scalar
    }
    #expect(abs(product(3, 5) - product(100, 102)) < 1e-4)
    #expect(abs(product(3, 5) - product(3, 6)) > 1e-3)
    #expect(q.rotated(rotary.angles(at: [0]), headWidth: 8).scalars == q.scalars)
  }

  @Test func `turn the pairs of their style`() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 6])
    // A quarter turn of the first of two pairs; two numbers stay.
    func turned(_ style: Rotary.Style) -> [Float] {
      let angles = Rotary(frequencies: [.pi / 2, 0], style: style).angles(at: [1])
      return x.rotated(angles, headWidth: 6).scalars
    }
    expectClose(turned(.half), [-3, 2, 1, 4, 5, 6], atol: 1e-6, rtol: 1e-6)
    expectClose(turned(.interleaved), [-2, 1, 3, 4, 5, 6], atol: 1e-6, rtol: 1e-6)
  }
}
