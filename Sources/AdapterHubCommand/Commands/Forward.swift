/// `adapterhub forward`: token ids in, hidden states and logits out.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tensors

struct Forward: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run sequences of token ids through a model with adapters, and keep every number.",
    discussion: """
      Each line of the input is a sequence: \
      {"input_ids": [2, 45, 3], "token_type_ids": [0, 0, 0], "setup": "stack(a,b)"}. The last two \
      may be left out: a row without a setup, or with null, has the command's. A setup of "" is \
      the base model alone. A model with a decoder reads "decoder_input_ids" too.

      The output has tensors <row>.last_hidden_state, <row>.logits where the row's adapter has a \
      head, or else the checkpoint, and with --hidden-states <row>.hidden.<layer>, of which 0 is the embeddings' output. \
      Rows count from 0. Of a setup parallel(a,b) all have the branch's name behind them: \
      <row>.logits.a. Every line is checked before the first is run, and none is kept.

      Examples:
        adapterhub forward --model M --adapter sst2 \\
          --input ids.jsonl --output out.safetensors
        adapterhub forward --model M --adapter a=x --adapter b=y \\
          --setup 'stack(a,b)' --hidden-states \\
          --input ids.jsonl --output out.safetensors
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(
    help: "What acts on the rows without a setup of their own: a, stack(a,b), batch_split(a:2,b:3)."
  )
  var setup: String?

  @Option(help: "A .jsonl file of token ids, a sequence on each line; - is standard input.")
  var input: String

  @Option(help: "The .safetensors file to write.")
  var output: String

  @Flag(help: "Write the hidden states of every layer too.")
  var hiddenStates = false

  func run() throws {
    guard input == "-" || !isSameFile(input, output) else {
      throw FileFailure(
        output, "is the input too, and would be replaced", hint: "choose another --output")
    }
    let folder = try model.folder()
    let base = try model.load()
    let head = try BoundAdapter(headOf: folder, base)
    let setups = try Setups(try adapters.load(for: base), setup: setup)
    let input = try RereadableInput(self.input)
    func lines() throws -> LineBatches<ModelInput> {
      try LineBatches(of: input, byteLimit: batchBytes(base.traits)) { line, row in
        try ModelInput(line, row, setups, base)
      }
    }
    // Once to check all of it and to know the names of what comes out, before anything is computed.
    var room = SafetensorsHeaderRoom()
    var checked = try lines()
    while let batch = try checked.next() {
      for line in batch {
        let line = try line.mapError(\.failure).get()
        for (name, dimensions) in names(line.request, base) {
          room.add(name: "\(line.row).\(name)", dimensions: dimensions)
        }
      }
    }
    try setups.check(rows: checked.rows)
    try writeSafetensors(to: output, room) { file in
      var lines = try lines()
      while let batch = try lines.next() {
        let inputs = try batch.map { try $0.mapError(\.failure).get() }
        let outputs = try base.results(
          inputs.map { $0.request.answering(head) }, hiddenStates: hiddenStates ? .all : .last,
          wantsVocabulary: true)
        for (input, output) in zip(inputs, outputs) {
          let output = try output.mapError { input.origin.failure($0) }.get()
          try self.write(output, of: input, to: file)
        }
      }
    }
  }

  /// A few thousand tokens at once, so that what a pass needs does not grow with the file: a token is
  /// three characters at least, and logits over a vocabulary are large.
  private func batchBytes(_ traits: Traits) -> Int {
    let most = hiddenStates ? 1 << 14 : 1 << 15
    guard traits.hasVocabularyHead else { return most }
    return min(most, max(1 << 10, (256 << 20) / max(1, traits.vocabulary)))
  }

  /// What the tensors of an input may be called, and how many dimensions each has.
  private func names(_ input: ModelInput, _ base: BaseModel) -> [(name: String, dimensions: Int)] {
    let layers = hiddenStates ? 1 + (base.traits.stacks.last?.layers.count ?? 0) : 0
    let all =
      ["last_hidden_state", "logits"] + (0..<layers).map { "hidden.\($0)" }
    let branches = branchNames(input)
    return (branches.count > 1 ? [""] + branches.map { ".\($0)" } : [""]).flatMap { suffix in
      all.map { ("\($0)\(suffix)", 2) }
    }
  }

  /// Writes an input's tensors; those of branches have the branch's name, and the first one's last
  /// hidden state stands for the input too.
  private func write(
    _ output: ModelOutput, of input: InputLine<ModelInput>, to file: SafetensorsStream
  ) throws {
    func write(_ name: String, _ tensor: Tensor, shape: [Int]? = nil) throws {
      try file.write(
        NamedTensor(
          name: "\(input.row).\(name)", shape: shape ?? tensor.shape, floats: tensor.scalars))
    }
    let names = branchNames(input.request)
    if names.count > 1 { try write("last_hidden_state", output.hidden) }
    for (name, branch) in zip(names, output.branches) {
      let suffix = names.count > 1 ? ".\(name)" : ""
      try write("last_hidden_state\(suffix)", branch.hidden)
      if let logits = branch.logits {
        // A head that reads one token gives one row, which is the sequence's.
        try write(
          "logits\(suffix)", logits, shape: branch.isOfSequence ? [logits.count] : nil)
      }
      for (layer, state) in branch.layers.enumerated() {
        try write("hidden.\(layer)\(suffix)", state)
      }
    }
  }

  /// What tells the branches of an input apart: the adapters whose heads answer, where that does.
  private func branchNames(_ input: ModelInput) -> [String] {
    let last = input.branches.map { $0.last?.name ?? "none" }
    if Set(last).count == last.count { return last }
    let whole = input.branches.map(\.description)
    return Set(whole).count == whole.count
      ? whole : whole.enumerated().map { "\($1).\($0)" }
  }
}

extension ModelInput {
  /// The same with a head where the adapters bring none.
  fileprivate func answering(_ head: BoundAdapter?) -> ModelInput {
    guard let head else { return self }
    let answering = branches.map { branch -> Setup in
      if branch.last?.head != nil { return branch }
      return branch.adapters.isEmpty ? .adapter(head) : .stack([branch, .adapter(head)])
    }
    return ModelInput(sequence, answering)
  }

  /// From a line of JSON: token ids, and what acts on them.
  fileprivate init(_ line: Field, _ row: Int, _ setups: Setups, _ base: BaseModel) throws {
    func ids(_ field: Field) throws -> [Int32] {
      try field.array().map { Int32(truncatingIfNeeded: try $0.integer(in: 0...Int(Int32.max))) }
    }
    self.init(
      Batch.Sequence(
        ids: try ids(line.required("input_ids")),
        typeIds: try line["token_type_ids"].map(ids) ?? [],
        decoderIds: try line["decoder_input_ids"].map(ids) ?? []),
      try setups.branches(ofRow: row, own: line["setup"]?.string()))
    try base.check(sequence)
  }
}
