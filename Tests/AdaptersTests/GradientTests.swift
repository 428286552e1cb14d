/// Gradients of whole adapters through a whole model, against central differences.
import BaseModels
import Tensors
import Testing

@testable import Adapters

/// Serialized, because one of its tests changes the number of threads.
@Suite(.serialized) struct `The gradient of an adapter` {
  /// Lengths of one token, and of no multiple of a vector's width.
  static let sequences = [5, 1, 11].enumerated().map { row, length in
    Batch.Sequence(ids: (0..<length).map { Int32(($0 * 37 + row * 11 + 2) % 111) })
  }

  /// What a training computes: its own loss of its own batch, with tensors that may be tracked.
  struct Training {
    let base: BaseModel
    let adapter: Adapter
    let examples: any ExampleSet

    init(_ method: String, _ head: any Head) throws {
      base = try Goldens.base("base")
      adapter = try Adapter(
        name: "task", methods: try parseMethods(method), for: base, head: head, seed: 3
      ).randomised()
      let sequences = `The gradient of an adapter`.sequences
      if let task = TokenClassification(head) {
        examples = EncodedExamples(
          task,
          sequences.enumerated().map { row, sequence in
            EncodedExample(
              sequence: sequence,
              target: sequence.ids.indices.map { $0 % 3 == 1 ? nil : ($0 + row) % 4 })
          })
      } else {
        examples = EncodedExamples(
          try #require(TextClassification(head)),
          sequences.enumerated().map { row, sequence in
            EncodedExample(sequence: sequence, target: .label((row * 2) % 3))
          })
      }
    }

    var tensors: [String: Tensor] {
      adapter.tensors.merging(adapter.headTensors) { $1 }
    }

    /// The loss of some rows at tensors of the adapter and the head.
    func loss(_ tensors: [String: Tensor], rows: Range<Int> = 0..<3) throws -> Tensor {
      let bound = BoundAdapter(
        adapter, to: base, tensors: tensors, headTensors: tensors, isTrained: true, dropout: nil)
      let sequences = `The gradient of an adapter`.sequences[rows]
      let pass = try BranchedPass(
        sequences.map { ModelInput($0, bound) }, base, .unread, PassOptions())
      return examples.loss(pass.heads[0], of: rows)
    }

    func gradient(rows: Range<Int> = 0..<3) throws -> [String: Tensor] {
      try valueAndGradient(at: tensors) { try loss($0, rows: rows) }.gradient
    }
  }

  @Test(arguments: MethodStrings.all) func `is what differences say`(_ method: String) throws {
    try compareWithDifferences(Training(method, TestHeads.classification()))
  }

  @Test(
    arguments: ["seq_bn[non_linearity='swish']"] + MethodStrings.projections + MethodStrings.unions)
  func `is what differences say where every token is read`(_ method: String) throws {
    try compareWithDifferences(Training(method, TestHeads.tagging()))
  }

  @Test func `is what differences say through the pooler`() throws {
    let head = try TestHeads.classification(layers: 1)
    try compareWithDifferences(Training("seq_bn[non_linearity='tanh']", head))
  }

  /// Moves all tensors of one kind at once, `adapter_up.bias` of every site for example.
  private func compareWithDifferences(_ training: Training) throws {
    let tensors = training.tensors
    let gradient = try training.gradient()
    #expect(gradient.keys.sorted() == tensors.keys.sorted())
    let kinds = Dictionary(grouping: tensors.keys.sorted()) { name in
      name.split(separator: ".").drop { $0 != "task" }.joined(separator: ".")
    }
    for (kind, names) in kinds {
      var (directions, analytic, squares): ([String: Tensor], Double, Double) = ([:], 0, 0)
      for name in names {
        guard let gradient = gradient[name] else { continue }
        // Directions of ±1: every element of the gradient counts as much as it is large.
        let signs = Random(seed: 8).uniform(gradient.shape, stream: name).scalars.map {
          $0 < 0.5 ? Float(-1) : 1
        }
        directions[name] = Tensor(signs, shape: gradient.shape)
        analytic += zip(gradient.scalars, signs).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        squares += gradient.sumOfSquares
      }
      func loss(_ step: Float) throws -> Double {
        let moved = tensors.merging(directions) { $0 + $1 * step }
        return Double(try training.loss(moved).scalar)
      }
      func slope(_ step: Float) throws -> Double {
        try (loss(step) - loss(-step)) / (2 * Double(step))
      }
      // Two steps, so that the error of the third derivative cancels (Richardson).
      let numeric = try (4 * slope(0x1p-10) - slope(0x1p-9)) / 3
      let norm = squares.squareRoot()
      // The last digits of the loss are noise: without norms it is large, and its slope may be none.
      let noise = try 3e-3 * max(1, loss(0))
      #expect(
        abs(numeric - analytic) <= 0.02 * norm + noise,
        "\(kind): \(analytic), differences say \(numeric), norm \(norm)")
    }
  }

  @Test(arguments: ["seq_bn", "double_seq_bn[use_gating=True]", "lora", "ia3", "par_bn|lora"])
  func `is the same on any number of threads, and however the batch is cut`(_ method: String)
    throws
  {
    let before = threadCount
    defer { setThreadCount(before) }
    for head in [try TestHeads.classification(), try TestHeads.tagging()] {
      let training = try Training(method, head)
      setThreadCount(1)
      let whole = try training.gradient()
      setThreadCount(3)
      let threaded = try training.gradient()
      let parts = try parallelMap(3) { try training.gradient(rows: $0..<$0 + 1) }
      for (name, expected) in whole {
        let cut = parts.compactMap { $0[name] }.reduce(Tensor.zeros(expected.shape), +)
        expectClose(threaded[name]?.scalars ?? [], expected.scalars, absolute: 2e-5, name)
        expectClose(cut.scalars, expected.scalars, absolute: 2e-5, "\(name), batch cut")
      }
    }
  }
}

@Suite struct `A fresh adapter` {
  @Test(arguments: [
    "lora", "lora[attn_matrices=['q','k','v'], intermediate_lora=True, output_lora=True]", "ia3",
    "ia3[output_lora=True]", "par_bn", "scaled_par_bn", "par_bn|lora",
  ])
  func `leaves the model as it was`(_ method: String) throws {
    let base = try Goldens.base("base")
    let adapter = try Adapter(name: "fresh", methods: try parseMethods(method), for: base, seed: 1)
    let bound = BoundAdapter(adapter, to: base)
    let sequences = `The gradient of an adapter`.sequences
    let adapted = try base.forward(sequences.map { ModelInput($0, bound) }, hiddenStates: .all)
    let alone = try base.forward(sequences.map { ModelInput($0) }, hiddenStates: .all)
    for (a, b) in zip(adapted, alone) {
      for (layer, (x, y)) in zip(a.layers, b.layers).enumerated() {
        expectClose(x.scalars, y.scalars, absolute: 1e-6, relative: 1e-6, "layer \(layer)")
      }
    }
  }

  @Test(arguments: MethodStrings.all) func `is the same for the same seed`(_ method: String) throws
  {
    let base = try Goldens.base("base")
    func tensors(_ seed: UInt64) throws -> [String: [Float]] {
      try Adapter(name: "fresh", methods: try parseMethods(method), for: base, seed: seed)
        .tensors.mapValues(\.scalars)
    }
    #expect(try tensors(1) == tensors(1))
    #expect(try tensors(1).values.allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
