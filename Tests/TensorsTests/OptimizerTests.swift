/// AdamW, learning rates and norms of gradients.
import Testing

@testable import Tensors

@Suite struct `The optimizer` {
  /// `torch.optim.AdamW` for one parameter, in plain double arithmetic.
  struct Reference {
    var parameter: [Double]
    var first, second: [Double]
    var step = 0.0

    init(_ parameter: [Float]) {
      self.parameter = parameter.map(Double.init)
      first = parameter.map { _ in 0 }
      second = first
    }

    mutating func update(_ gradient: [Float], rate: Double, scale: Double, decay: Double) {
      step += 1
      var (power1, power2) = (1.0, 1.0)
      for _ in 0..<Int(step) { (power1, power2) = (power1 * 0.9, power2 * 0.999) }
      for i in parameter.indices {
        let g = Double(gradient[i]) * scale
        first[i] = 0.9 * first[i] + 0.1 * g
        second[i] = 0.999 * second[i] + 0.001 * g * g
        let denominator = (second[i] / (1 - power2)).squareRoot() + 1e-8
        parameter[i] -= rate * decay * parameter[i]
        parameter[i] -= rate * first[i] / (1 - power1) / denominator
      }
    }
  }

  @Test(arguments: [1, 0.25] as [Float]) func `takes the steps of the formula`(_ scale: Float) {
    let shapes = ["down.weight": [3, 7], "down.bias": [19]]
    var parameters = shapes.mapValues { Tensor(numbers($0.reduce(1, *)), shape: $0) }
    var expected = parameters.mapValues { Reference($0.scalars) }
    var optimizer = AdamW(weightDecay: 0.1)
    for step in 0..<12 {
      let gradient = shapes.mapValues { shape in
        Tensor(numbers(shape.reduce(1, *), seed: UInt64(step + 2), range: 3), shape: shape)
      }
      let rate = 0.01 * Float(12 - step)
      optimizer.update(
        &parameters, gradient: gradient, learningRate: rate, gradientScale: scale
      ) { $0.hasSuffix("weight") }
      for name in shapes.keys {
        expected[name]?.update(
          gradient[name]?.scalars ?? [], rate: Double(rate), scale: Double(scale),
          decay: name.hasSuffix("weight") ? 0.1 : 0)
        let result = expected[name]?.parameter.map(Float.init) ?? []
        expectClose(
          parameters[name]?.scalars ?? [], result, atol: 2e-6, rtol: 2e-5, "\(name), step \(step)")
      }
    }
    #expect(optimizer.step == 12)
  }

  @Test func `keeps a thousandth of the square, not a little less`() {
    let one = Tensor(1)
    var (parameters, optimizer) = (["x": one], AdamW())
    optimizer.update(&parameters, gradient: ["x": one], learningRate: 0) { _ in false }
    #expect(optimizer.secondMoments["x"]?.scalar == 0.001)
    #expect(optimizer.firstMoments["x"]?.scalar == 0.1)
  }

  @Test func `goes on from saved moments as if it had not stopped`() {
    let gradient = ["x": Tensor([1, -2, 3], shape: [3])]
    var (whole, resumed) = (
      ["x": Tensor([1, 2, 3], shape: [3])], ["x": Tensor([1, 2, 3], shape: [3])]
    )
    var first = AdamW()
    for _ in 0..<4 { first.update(&whole, gradient: gradient, learningRate: 0.1) { _ in true } }
    var second = AdamW()
    for _ in 0..<4 {
      second = AdamW(
        step: second.step, firstMoments: second.firstMoments, secondMoments: second.secondMoments)
      second.update(&resumed, gradient: gradient, learningRate: 0.1) { _ in true }
    }
    #expect(whole["x"]?.scalars == resumed["x"]?.scalars)
  }

  @Test func `leaves alone what has no gradient, and what others hold`() {
    let held = Tensor([1, 2], shape: [2])
    var parameters = ["x": held, "y": held]
    var optimizer = AdamW()
    optimizer.update(
      &parameters, gradient: ["x": Tensor([1, 1], shape: [2])], learningRate: 0.1
    ) { _ in true }
    #expect(held.scalars == [1, 2] && parameters["y"]?.scalars == [1, 2])
    #expect(parameters["x"]?.scalars != [1, 2])
    #expect(optimizer.firstMoments.keys.sorted() == ["x"])
  }

  @Test func `measures the norm of all gradients together`() {
    let gradient = ["a": Tensor([3], shape: [1]), "b": Tensor([0, 4], shape: [2])]
    #expect(gradientNorm(gradient) == 5)
    #expect(gradientNorm([:]) == 0)
  }
}

@Suite struct `A schedule` {
  @Test(arguments: Schedule.allCases) func `rises to its peak`(_ schedule: Schedule) {
    #expect(schedule.factor(step: 0, warmup: 10, total: 100) == 0)
    #expect(schedule.factor(step: 5, warmup: 10, total: 100) == 0.5)
    #expect(schedule.factor(step: 10, warmup: 10, total: 100) == 1)
    #expect(schedule.factor(step: 0, warmup: 0, total: 100) == 1)
  }

  @Test func `ends where its name says`() {
    #expect(Schedule.linear.factor(step: 100, warmup: 10, total: 100) == 0)
    #expect(Schedule.cosine.factor(step: 100, warmup: 10, total: 100) == 0)
    #expect(Schedule.constant.factor(step: 100, warmup: 10, total: 100) == 1)
    #expect(Schedule.linear.factor(step: 55, warmup: 10, total: 100) == 0.5)
    #expect(abs(Schedule.cosine.factor(step: 55, warmup: 10, total: 100) - 0.5) < 1e-6)
  }

  @Test(arguments: Schedule.allCases)
  func `stays within 0 and 1 at every corner`(_ schedule: Schedule) {
    for (warmup, total) in [(0, 0), (0, 1), (1, 1), (5, 3), (0, 7), (7, 7)] {
      for step in 0..<12 {
        let factor = schedule.factor(step: step, warmup: warmup, total: total)
        #expect(factor >= 0 && factor <= 1, "step \(step) of \(total), warmup \(warmup)")
      }
    }
  }
}
