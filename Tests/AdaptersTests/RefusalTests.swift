/// What is refused before anything large is made, and results that are no numbers.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `A new adapter` {
  private func adapter(_ method: String, seed: UInt64 = 1) throws -> Adapter {
    try Adapter(
      name: "fresh", methods: parseMethods(method), for: Goldens.base("base"), seed: seed)
  }

  private func failure(_ method: String) -> String {
    do {
      _ = try adapter(method)
      return "nothing refused"
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    "seq_bn[reduction_factor=1e-9]", "seq_bn[reduction_factor=0.0001]", "lora[r=65536]",
    "double_seq_bn[reduction_factor=0.001]",
  ])
  func `larger than its base model is refused before it takes memory`(_ method: String) {
    #expect(failure(method).contains("more than its base model"), "\(failure(method))")
  }

  @Test(arguments: ["seq_bn[leave_out=[0, 99]]", "lora[leave_out=[99]]"])
  func `leaves out only layers that there are`(_ method: String) {
    #expect(failure(method).contains("there is no layer 99"), "\(failure(method))")
  }

  @Test(arguments: ["lora[vera_d=0.1]", "lora[vera_b=0.1]", "lora[use_dora=True]"])
  func `of a method that is not there is refused, not trained as another`(_ method: String) {
    #expect(failure(method).contains("not supported"), "\(failure(method))")
  }

  @Test(arguments: [
    ("lora[r=4,r=8]", "r is given twice"), ("seq_bn[non_linearity=None]", "cannot be None"),
    ("seq_bn[reduction_factor={'1': 16, '1': 4}]", "1 is given twice"),
    ("lora[dtype='float16']", "trained in float32"),
  ])
  func `of settings that say two things, or what is not done, is refused`(
    _ method: String, _ reason: String
  ) {
    #expect(failure(method).contains(reason), "\(failure(method))")
  }

  @Test(arguments: ["seq_bn", "lora"])
  func `has the initial values of its own seed where it has one`(_ method: String) throws {
    let own = "\(method)[init_weights_seed=7]"
    let values = { (adapter: Adapter) in adapter.tensors.mapValues(\.scalars) }
    #expect(try values(adapter(own, seed: 1)) == values(adapter(own, seed: 2)))
    #expect(try values(adapter(own, seed: 1)) == values(adapter(method, seed: 7)))
    #expect(try values(adapter(method, seed: 1)) != values(adapter(method, seed: 2)))
    // Zero counts as none, as in the Python library.
    let none = "\(method)[init_weights_seed=0]"
    #expect(try values(adapter(none, seed: 1)) == values(adapter(method, seed: 1)))
    #expect(failure("\(method)[init_weights_seed='x']").contains("init_weights_seed"))
  }
}

@Suite struct `A result that is no finite number` {
  private func damaged(_ base: BaseModel) throws -> BoundAdapter {
    var adapter = try Adapter(
      name: "damaged", methods: parseMethods("seq_bn"), for: base, head: .some(twoLabels()), seed: 1
    )
    adapter.tensors = adapter.tensors.mapValues { .full(3e38, shape: $0.shape) }
    return BoundAdapter(adapter, to: base)
  }

  private func twoLabels() throws -> any Head {
    try ClassificationHead(
      Field(
        .object([
          "head_type": .string("classification"), "num_labels": .integer(2),
          "layers": .integer(2), "activation_function": .string("tanh"),
        ]), file: "head"))
  }

  @Test func `is an error that names the adapter and the row`() throws {
    let base = try Goldens.base("base")
    let bad = try damaged(base)
    let sequence = Batch.Sequence(ids: [2, 40, 41, 3])
    let failure = #expect(throws: FileFailure.self) {
      try base.forward([ModelInput(sequence), ModelInput(sequence, bad)])
    }
    #expect(failure?.description.contains("damaged") == true)
    #expect(failure?.description.contains("row 1") == true)
    let task = try #require(bad.task as? TextClassification)
    #expect(throws: FileFailure.self) {
      try base.evaluate(
        bad,
        on: EncodedExamples(task, [EncodedExample(sequence: sequence, target: .label(0))]))
    }
  }
}

@Suite struct `The pieces of a batch` {
  @Test(arguments: [1, 2, 7]) func `are bounded, whatever the number of threads`(_ threads: Int) {
    for lengths in [[5], [1, 2, 3], Array(repeating: 128, count: 40), Array(1...200)] {
      let cuts = pieces(of: lengths, threads: threads)
      #expect(cuts.flatMap { Array($0) } == Array(lengths.indices))
      let longest = lengths.max() ?? 0
      for cut in cuts {
        #expect(lengths[cut].reduce(0, +) <= tokensPerPiece + 2 * longest || cut.count == 1)
      }
    }
    #expect(pieces(of: [], threads: threads).isEmpty)
  }
}

@Suite struct `The lanes of a step` {
  @Test(arguments: [1, 2, 4, 8, 64]) func `hold each sequence once, in order`(_ most: Int) {
    for lengths in [
      [5], [1, 2, 3], Array(repeating: 128, count: 40), Array(1...90), [600, 1, 600],
    ] {
      let lanes = Lanes(lengths, most: most).pieces
      #expect(lanes.flatMap { $0.flatMap(Array.init) } == Array(lengths.indices))
      #expect(lanes.count <= most && lanes.count.nonzeroBitCount == 1)
      #expect(lanes.count == 1 || lengths.reduce(0, +) >= Lanes.fewestTokens * lanes.count)
      let longest = lengths.max() ?? 0
      for piece in lanes.joined() {
        #expect(
          lengths[piece].reduce(0, +) <= tokensPerPiece + 2 * longest || piece.count == 1)
      }
    }
  }

  @Test func `are added as the branches of a tree`() {
    let names = (0..<8).map { "\($0)" }
    #expect(treeSum(Array(names.prefix(4))) { "(\($0)\($1))" } == "((01)(23))")
    #expect(treeSum(names) { "(\($0)\($1))" } == "(((01)(23))((45)(67)))")
    #expect(treeSum([String]()) { $0 + $1 } == nil)
  }
}

extension `A training` {
  @Test func `of tokens without a single label is refused`() throws {
    let task = try TinyTask()
    let path = "\(task.folder)/silent.jsonl"
    // A zero-width space is a word for people and no token for the model.
    try writeAtomically(#"{"tokens": ["\u200b"], "tags": ["B-X"]}"# + "\n", to: path)
    #expect(throws: FileFailure.self) {
      try TinyTask.model().training(
        of: "silent", task: "token-classification", on: path, settings: TinyTask.settings)
    }
  }

  @Test func `of many epochs plans one at a time`() throws {
    let task = try TinyTask()
    for tokens in [4096, 40] {
      var training = try task.training {
        $0.epochs = 50
        $0.batchTokens = tokens
      }
      #expect(training.totalSteps == training.stepCounts.reduce(0, +))
      #expect(training.stepCounts.count == 50)
      for _ in 0..<training.stepCounts[0] + 1 { _ = try training.advance() }
      #expect(training.currentEpoch == 2)
    }
  }
}
