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
      the base model alone.

      The output has tensors <row>.last_hidden_state, <row>.logits where the row's adapter has a \
      head, and with --hidden-states <row>.hidden.<layer>, of which 0 is the embeddings' output. \
      Rows count from 0; of setups side by side, as parallel(a,b), <row> is <row>.<setup>.

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
    let base = try model.load()
    let setups = Setups(try adapters.load(for: base), setup: setup)
    let inputs = try ForwardInput.read(input, base)
    for input in inputs {
      guard let setup = input.setup else { continue }
      try input.origin.naming { _ = try setups.branches([setup]) }
    }
    let branches = try setups.branches(inputs.map(\.setup))
    let rows = zip(inputs, branches).map { ModelInput($0.sequence, $1) }
    var tensors: [NamedTensor] = []
    for piece in rows.cut(tokens: 8_192) {
      let outputs = try base.forward(Array(rows[piece]), hiddenStates: hiddenStates ? .all : .last)
      for (row, output) in zip(piece, outputs) {
        for (number, branch) in output.branches.enumerated() {
          tensors += named(branch, output.branches.count > 1 ? "\(row).\(number)" : "\(row)")
        }
      }
    }
    try writeSafetensors(tensors, to: output)
  }

  /// What one setup made of a row.
  private func named(_ output: ModelOutput.Branch, _ row: String) -> [NamedTensor] {
    func tensor(_ name: String, _ tensor: Tensor, shape: [Int]) -> NamedTensor {
      NamedTensor(name: "\(row).\(name)", shape: shape, floats: tensor.scalars)
    }
    var tensors = [tensor("last_hidden_state", output.hidden, shape: output.hidden.shape)]
    if let logits = output.logits {
      // A head that reads one token gives one row, which is the sequence's.
      tensors.append(
        tensor("logits", logits, shape: output.isOfSequence ? [logits.count] : logits.shape))
    }
    tensors += output.layers.enumerated().map { layer, state in
      tensor("hidden.\(layer)", state, shape: state.shape)
    }
    return tensors
  }
}

/// A line of the input.
private struct ForwardInput {
  let sequence: Batch.Sequence
  /// Nil is the command's; empty is the base model alone.
  let setup: String?
  let origin: LineOrigin

  static func read(_ path: String, _ base: BaseModel) throws -> [ForwardInput] {
    var lines = try LineReader(path == "-" ? nil : path)
    let path = lines.path
    var inputs: [ForwardInput] = []
    while let object = try lines.nextObject() {
      let input = try ForwardInput(object, LineOrigin(path: path, line: lines.line))
      try input.origin.naming { try base.check(input.sequence) }
      inputs.append(input)
    }
    guard !inputs.isEmpty else {
      throw FileFailure(
        path, "there are no rows", hint: "each line is a sequence: {\"input_ids\": [2, 45, 3]}")
    }
    return inputs
  }

  private init(_ object: Field, _ origin: LineOrigin) throws {
    self.origin = origin
    func ids(_ field: Field) throws -> [Int32] {
      try field.array().map { Int32(truncatingIfNeeded: try $0.integer(in: 0...Int(Int32.max))) }
    }
    sequence = Batch.Sequence(
      ids: try ids(object.required("input_ids")),
      typeIds: try object["token_type_ids"].map(ids) ?? [])
    setup = try object["setup"]?.string()
    if let field = object["decoder_input_ids"] {
      throw field.failure("the model has no decoder")
    }
  }
}

extension [ModelInput] {
  /// Ranges of rows of at most so many tokens, so that what a pass needs does not grow with the file.
  fileprivate func cut(tokens limit: Int) -> [Range<Int>] {
    var cuts: [Range<Int>] = []
    var (start, tokens) = (0, 0)
    for (index, row) in enumerated() {
      if tokens + row.sequence.ids.count > limit, index > start {
        cuts.append(start..<index)
        (start, tokens) = (index, 0)
      }
      tokens += row.sequence.ids.count
    }
    return start < count ? cuts + [start..<count] : cuts
  }
}
