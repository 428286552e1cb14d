/// Norms: what their kinds and options mean.
import Testing

@testable import Tensors

@Suite struct `A norm of rows` {
  static let x = Tensor(numbers(5 * 7, seed: 1, range: 3), shape: [5, 7])
  static let weight = Tensor(numbers(7, seed: 2), shape: [7])
  static let zeros = Tensor.zeros([7])

  @Test func `of kind rms divides by the root of the mean square`() {
    let normed = Norm(.rms, weight: Self.weight, epsilon: 1e-6)(Self.x).scalars
    let (x, w) = (Self.x.scalars, Self.weight.scalars)
    let expected = (0..<5).flatMap { row in
      let values = x[row * 7..<row * 7 + 7]
      let square = values.reduce(Float(0)) { $0 + $1 * $1 } / 7 + 1e-6
      return zip(values, w).map { $0 / square.squareRoot() * $1 }
    }
    expectClose(normed, expected, atol: 1e-6, rtol: 1e-5)
  }

  @Test(arguments: [Norm.Kind.layer, .rms]) func `without a bias adds nothing`(_ kind: Norm.Kind) {
    let without = Norm(kind, weight: Self.weight, epsilon: 1e-6)(Self.x)
    let with = Norm(kind, weight: Self.weight, bias: Self.zeros, epsilon: 1e-6)(Self.x)
    expectClose(without.scalars, with.scalars, atol: 1e-6, rtol: 1e-6)
  }

  @Test func `adds its offset to the weight`() {
    let offset = Norm(.rms, weight: Self.weight, epsilon: 1e-6, weightOffset: 1)(Self.x)
    let sum = Self.weight + .full(1, shape: [7])
    #expect(offset.scalars == Norm(.rms, weight: sum, epsilon: 1e-6)(Self.x).scalars)
  }

  @Test(arguments: [Norm.Kind.layer, .rms]) func `gives the sum beside itself`(_ kind: Norm.Kind) {
    let norm = Norm(kind, weight: Self.weight, epsilon: 1e-6)
    let residual = Tensor(numbers(35, seed: 4), shape: [5, 7])
    let (sum, normed) = norm.withSum(Self.x, addingTo: residual)
    #expect(sum.scalars == (Self.x + residual).scalars)
    #expect(normed.scalars == norm(Self.x, addingTo: residual).scalars)
    #expect(!sum.isDifferentiated && !normed.isDifferentiated)
  }
}
