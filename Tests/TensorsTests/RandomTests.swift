/// Random numbers by counter.
import Testing

@testable import Tensors

@Suite struct `A random stream` {
  let random = Random(seed: 7)

  @Test func `is the same for the same seed, whoever drew before`() {
    let first = random.uniform([3, 5], stream: "a").scalars
    _ = random.normal([100], stream: "b")
    #expect(random.uniform([15], stream: "a").scalars == first)
    #expect(Random(seed: 7).uniform([15], stream: "a").scalars == first)
    #expect(
      random.normal([33], stream: "n").scalars == Random(seed: 7).normal([33], stream: "n").scalars)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 17, 31]) func `begins the same however long it is`(_ count: Int)
  {
    let (uniform, normal) = (
      random.uniform([100], stream: "a").scalars, random.normal([100], stream: "a").scalars
    )
    #expect(random.uniform([count], stream: "a").scalars == Array(uniform.prefix(count)))
    #expect(random.normal([count], stream: "a").scalars == Array(normal.prefix(count)))
  }

  @Test func `is another for another seed or name`() {
    let numbers = random.uniform([20], stream: "a").scalars
    #expect(random.uniform([20], stream: "b").scalars != numbers)
    #expect(Random(seed: 8).uniform([20], stream: "a").scalars != numbers)
  }

  @Test func `has the mean and deviation it promises`() {
    let uniform = random.uniform([20_000], stream: "a")
    #expect(uniform.scalars.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(uniform.sum().scalar / 20_000 - 0.5) < 0.01)
    let normal = random.normal([20_000], stream: "a")
    #expect(abs(normal.sum().scalar / 20_000) < 0.03)
    #expect(abs(normal.sumOfSquares / 20_000 - 1) < 0.03)
  }

  @Test(arguments: [0, 1, 2, 100, 1_000]) func `permutes`(_ count: Int) {
    let order = random.permutation(count, stream: "epoch 1")
    #expect(order.sorted() == Array(0..<count))
    #expect(order == random.permutation(count, stream: "epoch 1"))
    if count > 2 { #expect(order != random.permutation(count, stream: "epoch 2")) }
  }
}
