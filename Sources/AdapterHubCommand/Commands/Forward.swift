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
      {"input_ids": [2, 45, 3], "token_type_ids": [0, 0, 0], "setup": "stack(a,b)", "id": 7}. Only \
      the first is needed: a row without a setup, or with null, has the command's. A setup of "" is \
      the base model alone. A model with a decoder reads "decoder_input_ids" too.

      The results are last_hidden_state, logits where the row's adapter has a head, or else the \
      checkpoint, and with --hidden-states hidden.<layer>, of which 0 is the embeddings' output. Of a \
      setup parallel(a,b) all have the branch's name behind them: logits.a. Rows count from 0.

      Each line is answered by a line of JSON, in order, and as soon as it can be: {"row", "id"?, \
      "last_hidden_state": [[…], …], …}, or {"row", "id"?, "error": {"message"}}. With --output the \
      numbers are tensors of that file, <row>.last_hidden_state and so on, and the answer is \
      {"row", "id"?, "shapes": {"last_hidden_state": [tokens, width], …}}. A file is then checked as a \
      whole before its first line is run, ends at a bad line, and has no answers but the output.

      Examples:
        adapterhub forward --model M --adapter sst2 \\
          --input ids.jsonl --output out.safetensors
        adapterhub forward --model M --adapter a=x --adapter b=y \\
          --setup 'stack(a,b)' --hidden-states \\
          --input ids.jsonl --output out.safetensors
        producer | adapterhub forward --model M --adapter sst2 --input -
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(
    help: "What acts on the rows without a setup of their own: a, stack(a,b), batch_split(a:2,b:3)."
  )
  var setup: String?

  @Option(help: "A .jsonl file of token ids, a sequence on each line; - is standard input.")
  var input: String

  @Option(help: "The .safetensors file to write; without it the numbers are in the answers.")
  var output: String?

  @Flag(help: "Give the hidden states of every layer too.")
  var hiddenStates = false

  @Flag(help: "End at the first line that cannot be run, with exit code 65.")
  var strict = false

  func run() throws {
    if let output, isSameFile(input == "-" ? "/dev/stdin" : input, output) {
      throw FileFailure(
        output, "is the input too, and would be replaced", hint: "choose another --output")
    }
    let folder = try model.folder()
    let base = try model.load()
    let run = Runs(
      base: base, head: try BoundAdapter(headOf: folder, base),
      setups: try Setups(try adapters.load(for: base), setup: setup), input: input,
      hiddenStates: hiddenStates, isText: output == nil)
    guard let output else { return try run.answer(to: nil, isStrict: strict) }
    guard input != "-", isRegularFile(input) else {
      return try writeSafetensors(to: output) { try run.answer(to: $0, isStrict: strict) }
    }
    do {
      try run.check()
      try writeSafetensors(to: output) { try run.answer(to: $0, isStrict: true, isSilent: true) }
    } catch let bad as BadLine where !strict {
      throw bad.failure
    }
  }
}

/// Runs the lines of an input through a model.
private struct Runs {
  let base: BaseModel
  /// The checkpoint's own, which answers where an adapter brings none.
  let head: BoundAdapter?
  let setups: Setups
  let input: String
  let hiddenStates: Bool
  /// Whether the numbers are written in the answers.
  let isText: Bool

  private func lines() throws -> LineBatches<ModelInput> {
    try LineBatches(of: input, byteLimit: batchBytes) { line, row in
      try ModelInput(line, row, setups, base)
    }
  }

  /// A few thousand tokens at once, so that what a pass needs does not grow with the file: a token is
  /// two characters at least, logits over a vocabulary are large, and text is larger than floats.
  private var batchBytes: Int {
    let most = (hiddenStates ? 1 << 14 : 1 << 15) / (isText ? 8 : 1)
    guard base.traits.hasVocabularyHead else { return most }
    return min(most, max(1 << 10, (256 << 20) / max(1, base.traits.vocabulary)) / (isText ? 8 : 1))
  }

  /// Reads all lines, and runs none.
  ///
  /// - Throws: ``BadLine`` for the first that cannot be run.
  func check() throws {
    var lines = try lines()
    var known: Set<Setup> = []
    while let batch = try lines.next() {
      for line in batch {
        let line = try line.get()
        do {
          try base.check(line.request.answering(head), &known)
        } catch {
          throw BadLine(line, error)
        }
      }
    }
    try setups.check(rows: lines.rows)
  }

  /// Answers all lines; their tensors go to a file, or into the answers where there is none.
  func answer(to file: SafetensorsStream?, isStrict: Bool, isSilent: Bool = false) throws {
    var lines = try lines()
    try answerLines(&lines, isStrict: isStrict, asJSON: true) { lines in
      let outputs = try base.results(
        lines.map { $0.request.answering(head) }, hiddenStates: hiddenStates ? .all : .last,
        wantsVocabulary: true)
      return try zip(lines, outputs).map { line, output in
        switch output {
        case .failure(let error): return .failure(error)
        case .success(let output):
          let tensors = tensors(of: output, line.request)
          try file?.write(tensors, ofRow: line.row)
          guard !isSilent else { return .success([]) }
          let answer: JSON.Object =
            file == nil
            ? JSON.Object(tensors.map { ($0.name, $0.json) })
            : ["shapes": .object(JSON.Object(tensors.map { ($0.name, $0.shapeJSON) }))]
          return .success([answerLine(row: line.row, id: line.id, answer)])
        }
      }
    }
    try setups.check(rows: lines.rows)
  }

  /// What a row came out as.
  ///
  /// The tensors of branches have the branch's name, and the first one's last hidden state stands for
  /// the row too.
  private func tensors(of output: ModelOutput, _ input: ModelInput) -> [NamedTensor] {
    func named(_ name: String, _ tensor: Tensor, shape: [Int]? = nil) -> NamedTensor {
      NamedTensor(name: name, shape: shape ?? tensor.shape, floats: tensor.scalars)
    }
    let names = branchNames(input)
    let whole = names.count > 1 ? [named("last_hidden_state", output.hidden)] : []
    return whole
      + zip(names, output.branches).flatMap { name, branch in
        let suffix = names.count > 1 ? ".\(name)" : ""
        // A head that reads one token gives one row, which is the sequence's.
        let logits = branch.logits.map {
          named("logits\(suffix)", $0, shape: branch.isOfSequence ? [$0.count] : nil)
        }
        return [named("last_hidden_state\(suffix)", branch.hidden)] + (logits.map { [$0] } ?? [])
          + branch.layers.enumerated().map { named("hidden.\($0)\(suffix)", $1) }
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

extension SafetensorsStream {
  /// Writes a row's tensors, with its number before their names.
  fileprivate func write(_ tensors: [NamedTensor], ofRow row: Int) throws {
    for tensor in tensors {
      try write(
        NamedTensor(name: "\(row).\(tensor.name)", shape: tensor.shape, floats: tensor.floats))
    }
  }
}

extension NamedTensor {
  fileprivate var shapeJSON: JSON { .array(shape.map { .integer($0) }) }

  /// The numbers, nested as the shape is; each with the digits that give the same float back.
  fileprivate var json: JSON {
    var rest = floats[...]
    func nested(_ shape: ArraySlice<Int>) -> JSON {
      guard let count = shape.first else { return .null }
      guard shape.count > 1 else {
        defer { rest = rest.dropFirst(count) }
        return .array(rest.prefix(count).map { .number(Double("\($0)") ?? Double($0)) })
      }
      return .array((0..<count).map { _ in nested(shape.dropFirst()) })
    }
    return nested(shape[...])
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
