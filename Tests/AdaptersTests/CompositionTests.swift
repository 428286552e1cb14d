/// Setups of several adapters: as the Python library computes them, or as they are meant where it is
/// wrong, and their laws.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

/// The goldens that `Scripts/make-composition-goldens.py` wrote.
private enum CompositionGoldens {
  static let expected: [String: StoredTensor] =
    (try? TensorFile(Goldens.folder + "/compositions/compositions.safetensors").tensors) ?? [:]

  struct Run: Sendable, CustomTestStringConvertible {
    let name: String
    let setups: [String?]
    let sequences: [Batch.Sequence]
    let branches: Int
    let testDescription: String
  }

  static let runs: [Run] = (try? read()) ?? []

  static func read() throws -> [Run] {
    let path = Goldens.folder + "/compositions/compositions.json"
    let golden = try Field(JSON(contentsOf: path), file: path).required("cases").array()[0]
    func sequence(_ row: Field) throws -> Batch.Sequence {
      func ids(_ field: Field?) throws -> [Int32] {
        try field?.array().map { Int32(try $0.integer()) } ?? []
      }
      return Batch.Sequence(
        ids: try ids(row.required("input_ids")), typeIds: try ids(row["token_type_ids"]))
    }
    return try golden.required("runs").array().compactMap { run in
      // Layers that a row leaves out are no part of a setup string yet.
      guard run["skip_layers"] == nil else { return nil }
      let rows = try (run["rows"] ?? golden.required("rows")).array()
      let setup = try run["setup"]?.string()
      let name = try run.required("name").string()
      return Run(
        name: name, setups: try rows.map { try $0["setup"]?.string() ?? setup },
        sequences: try rows.map(sequence), branches: try run.required("branches").integer(),
        testDescription: "\(name): \(setup ?? "by row")")
    }
  }

  static let adapters = Mutexed<[String: BoundAdapter]>([:])

  static func adapter(_ name: String, _ base: BaseModel) throws -> BoundAdapter {
    try adapters.withLock { adapters in
      if let adapter = adapters[name] { return adapter }
      let folder = "\(Goldens.folder)/compositions/\(name)"
      let adapter = BoundAdapter(try Adapter(folder: folder, for: base.shape, name: name), to: base)
      adapters[name] = adapter
      return adapter
    }
  }

  static func inputs(_ run: Run, _ base: BaseModel) throws -> [ModelInput] {
    func adapter(_ name: String) throws -> BoundAdapter {
      try CompositionGoldens.adapter(name, base)
    }
    // A setup of the whole batch shares its rows out.
    let shared = run.setups.first ?? nil
    let all =
      run.setups.allSatisfy({ $0 == shared }) && shared?.contains("batch_split") ?? false
      ? try Composition(shared ?? "").branches(rows: run.sequences.count, adapter) : nil
    return try run.sequences.enumerated().map { row, sequence in
      if let all { return ModelInput(sequence, all[row]) }
      let own = try run.setups[row].map { try Composition($0).branches(rows: 1, adapter)[0] }
      return ModelInput(sequence, own ?? [.none])
    }
  }
}

@Suite struct `A setup of several adapters` {
  @Test func `has goldens to be compared with`() throws {
    #expect(try CompositionGoldens.read().count > 30)
  }

  @Test(arguments: CompositionGoldens.runs)
  fileprivate func `gives what its parts give together`(_ run: CompositionGoldens.Run) throws {
    let base = try Goldens.base("base")
    let inputs = try CompositionGoldens.inputs(run, base)
    let outputs = try base.forward(inputs, hiddenStates: .last)
    let sparing = try base.forward(inputs)
    for (row, output) in outputs.enumerated() {
      #expect(output.branches.count == run.branches)
      for (number, branch) in output.branches.enumerated() {
        let key = "base/\(run.name)/\(row)" + (run.branches > 1 ? ".\(number)" : "")
        let hidden = try #require(CompositionGoldens.expected["\(key).last_hidden_state"], "\(key)")
        // The library gives the rows of a prompt too, the first ones here.
        let tokens = branch.hidden.count
        expectClose(branch.hidden.scalars, try hidden.floats().suffix(tokens), absolute: 4e-4, key)
        guard let logits = CompositionGoldens.expected["\(key).logits"] else { continue }
        let ours = try #require(branch.logits)
        let expected = Array(try logits.floats().suffix(ours.count))
        expectClose(ours.scalars, expected, absolute: 4e-4, "\(key) logits")
        expectClose(
          sparing[row].branches[number].logits?.scalars ?? [], expected, absolute: 4e-4,
          "\(key) logits alone")
      }
    }
  }

  static let laws: [(String, String)] = [
    ("sum(a)", "a"), ("average(a:1)", "a"), ("stack(a)", "a"), ("average(a:2)", "a"),
    ("average(a:0.3,a:0.7)", "a"), ("split(a:3,a:2)", "a"), ("stack(stack(a),b)", "stack(a,b)"),
    ("stack(average(a:1,a:1),b)", "stack(a,b)"),
  ]

  @Test(
    arguments: ["seq_bn", "par_bn", "lora", "ia3", "loreft", "compacter++[reduction_factor=4]"],
    laws)
  func `is the same however it is said`(_ method: String, _ law: (String, String)) throws {
    // A gate sees but a part of a sequence in a split; nothing else does.
    let base = try Goldens.base("base")
    let adapters = try ["a", "b"].map { name in
      let adapter = try Adapter(
        name: name, methods: parseMethods(method), for: base, seed: name == "a" ? 1 : 2)
      return BoundAdapter(adapter.randomised(), to: base)
    }
    func hidden(_ setup: String) throws -> [Float] {
      let sequence = Batch.Sequence(ids: [2, 9, 30, 77, 5])
      let branches = try Composition(setup).branches(rows: 1) {
        $0 == "a" ? adapters[0] : adapters[1]
      }
      return try base.forward([ModelInput(sequence, branches[0])], hiddenStates: .last)[0].hidden
        .scalars
    }
    expectClose(try hidden(law.0), try hidden(law.1), absolute: 2e-4, "\(law)")
  }

  @Test func `of branches gives each what it gives alone, bit for bit`() throws {
    let base = try Goldens.base("base")
    func adapter(_ name: String) throws -> BoundAdapter {
      try CompositionGoldens.adapter(name, base)
    }
    let sequence = Batch.Sequence(ids: [2, 9, 30, 77, 5])
    for names in [["a", "b"], ["upper", "lora_a"], ["prefix_a", "a"], ["prompt", "upper"]] {
      let branches = try names.map { Setup.adapter(try adapter($0)) }
      let together = try base.forward([ModelInput(sequence, branches)], hiddenStates: .last)[0]
      for (branch, setup) in zip(together.branches, branches) {
        let alone = try base.forward([ModelInput(sequence, setup)], hiddenStates: .last)[0]
        expectClose(branch.hidden.scalars, alone.hidden.scalars, absolute: 1e-5, "\(names)")
        #expect(branch.logits?.shape == alone.logits?.shape)
      }
    }
  }
}

/// The strings of every composition, of adapters `a` and `b`.
private let compositionStrings = [
  "a", "stack(a,a)", "stack(a,b)", "stack(a,b,a)", "sum(a,b)", "sum(a,a,b)", "average(a:0.3,b:0.7)",
  "average(a,b)", "split(a:2,b:3)", "parallel(a,b)", "stack(a,parallel(a,b))",
  "parallel(stack(a,b),b)", "stack(parallel(a,b),parallel(b,a))", "average(a:0.5,sum(a,b):0.5)",
  "split(stack(a,b):1,average(a:1,b:1):4)", "sum(split(a:2,b:3),a)", "batch_split(a:1)",
  "average(a:-1,b:2)",
]

@Suite struct `A setup string` {
  /// Every method with one string of its own, and unions.
  static let methods =
    AdapterMethods.all.flatMap { $0.identifiers.map(\.name) }
    + [
      "seq_bn[use_gating=True]", "lora[use_gating=True]",
      "lora[attn_matrices=['q','k','v'], intermediate_lora=True, output_lora=True]",
      "prefix_tuning[use_gating=True]", "ia3[output_lora=True]", "seq_bn|lora|prefix_tuning_flat",
      "seq_bn|prompt_tuning", "lora|loreft|prompt_tuning[prompt_length=2]",
    ]

  @Test(arguments: CompositionBlocks.all.map { $0.example })
  func `says itself, and its error says it`(_ example: String) throws {
    let read = try Composition(example)
    #expect(try Composition(read.description) == read)
    #expect(read.names == ["a", "b"])
    do {
      _ = try Composition("fold(a,b)")
      Issue.record("fold is no composition")
    } catch let failure as FileFailure {
      #expect(failure.hint?.contains(example) ?? false, "\(failure)")
    }
  }

  @Test(
    arguments: [
      ("split(a,b)", "column 8: expected : and a number of tokens"),
      ("split(a:2,b:0)", "column 12: expected : and a number of tokens"),
      ("batch_split(a:x)", "column 14: expected : and a number of rows"),
      ("average(a:0.3,b:much)", "column 16: expected : and a weight"),
      ("average(a:1,b:-1)", "the weights add up to 0"),
      ("stack(a:1,b)", "column 8: expected , or )"),
      ("stack(a,b", "column 10: expected , or )"), ("stack(a,b))", "column 11: unexpected rest"),
      ("stack(,b)", "column 7: expected a name"), ("nothing(a)", "column 1: nothing is no"),
    ])
  func `that is wrong names the place`(_ string: String, _ message: String) throws {
    do {
      _ = try Composition(string)
      Issue.record("\(string) was read")
    } catch let failure as FileFailure {
      #expect(failure.description.contains(message), "\(failure)")
    }
  }

  @Test func `takes a gated scaling behind one without a gate`() throws {
    for family in ["base", "families/gpt2"] {
      let base = try Goldens.base(family)
      let adapters = try ["ia3", "ia3[use_gating=True]"].map { method in
        BoundAdapter(
          try Adapter(name: "x", methods: parseMethods(method), for: base, seed: 1), to: base)
      }
      let setup = Setup.stack(adapters.map { .adapter($0) })
      let output = try base.forward([ModelInput(Batch.Sequence(ids: [2, 9, 30, 7]), setup)])[0]
      #expect(output.hidden.isFinite)
    }
  }

  @Test func `that shares tokens out is refused where it is not clear whose they are`() throws {
    let base = try Goldens.base("base")
    let (a, prompt) = (
      Setup.adapter(try CompositionGoldens.adapter("a", base)),
      Setup.adapter(try CompositionGoldens.adapter("prompt", base))
    )
    let sequence = Batch.Sequence(ids: [2, 9, 30, 7])
    for setup in [
      Setup.split([(prompt, 2), (a, 2)]), .stack([prompt, .split([(a, 1), (a, 3)])]),
      .sum([.split([(a, 2), (prompt, 2)]), a]),
    ] {
      #expect(throws: FileFailure.self) { try base.forward([ModelInput(sequence, setup)]) }
    }
    let both = try Goldens.base("families/t5")
    let lora = Setup.adapter(
      BoundAdapter(
        try Adapter(name: "x", methods: parseMethods("lora"), for: both, seed: 1), to: both))
    let texts = Batch.Sequence(ids: [2, 5, 6, 7, 1], decoderIds: [0, 5, 6])
    #expect(throws: FileFailure.self) {
      try both.forward([ModelInput(texts, .split([(lora, 1), (lora, 2)]))])
    }
  }

  @Test func `costs no more than it names`() throws {
    let base = try Goldens.base("base")
    let adapter = try CompositionGoldens.adapter("a", base)
    let many = Array(repeating: "batch_split(a:1000000)", count: 200).joined(separator: ",")
    #expect(throws: FileFailure.self) { try Setups([("a", adapter)], setup: "stack(\(many))") }
    let names = Array(repeating: "a", count: 1_000).joined(separator: ",")
    #expect(throws: FileFailure.self) { try Composition("parallel(\(names))") }
  }

  /// A trap would end the whole run.
  @Test(arguments: methods) func `gives an answer or an error, and never ends the process`(
    _ method: String
  ) throws {
    for family in ["base", "families/gpt2", "families/t5"] {
      let base = try Goldens.base(family)
      var sequence = Batch.Sequence(ids: [2, 9, 30, 7, 5])
      if base.traits.isEncoderDecoder { sequence.decoderIds = [0, 4, 9, 8, 3] }
      let adapters: [BoundAdapter]
      do {
        // Widths that a bottleneck of four hypercomplex parts fits.
        let methods = try parseMethods(
          method.hasPrefix("compacter") ? "\(method)[reduction_factor=4]" : method)
        adapters = try ["a", "b"].map {
          BoundAdapter(try Adapter(name: $0, methods: methods, for: base, seed: 1), to: base)
        }
      } catch let failure as FileFailure {
        #expect(!failure.description.isEmpty)
        continue
      }
      let setups = try Setups(zip(["a", "b"], adapters).map { ($0, $1) }, setup: nil)
      for string in compositionStrings {
        do {
          let branches = try setups.branches(ofRow: 0, own: string)
          let output = try base.forward([ModelInput(sequence, branches)], hiddenStates: .last)[0]
          #expect(output.branches.count == branches.count)
        } catch let failure as FileFailure {
          #expect(failure.description.contains("setup") || failure.description.contains("adapter"))
        }
      }
    }
  }
}
