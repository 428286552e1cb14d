/// Models and adapters with random weights, for benchmarks.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tensors
import Tokenization

/// What every benchmark of a model needs to know.
struct BenchModel: ParsableArguments {
  @Option(help: "A model's shape: bert-base, bert-large, minilm, bert-tiny, or a config.json.")
  var config = "bert-base"

  @Option(help: "A model's folder, instead of random weights.")
  var model: String?

  @Option(help: "The adapters' method; none for the base model alone.")
  var method = "seq_bn"

  @Option(help: "How many different adapters share the batch.")
  var adapters = 1

  @Option(help: "How many sequences a batch has.")
  var batch = 8

  @Option(help: "How many tokens a sequence has.")
  var length = 128

  @Option(help: "Take the sequences' lengths from the texts of a .jsonl file instead.")
  var lengths: String?

  @Option(help: "f32, bf16 or auto.")
  var precision = PrecisionOption.f32

  @Option(help: "How many threads; all processors by default.")
  var threads: Int?

  @Option(help: "How many rounds to measure at least.")
  var rounds = 10

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(batch), length > 0, (0...100_000).contains(adapters),
      (1...1_000_000).contains(rounds)
    else {
      throw ValidationError(
        "--batch is 1 to 100,000, --length at least 1, --adapters at most 100,000, --rounds at least 1."
      )
    }
    guard threads.map({ (1...256).contains($0) }) ?? true else {
      throw ValidationError("--threads is between 1 and 256.")
    }
    guard model != nil || Self.shapes[config] != nil || fileExists(config) else {
      throw ValidationError(
        "--config \(escaped(config, limit: 80)) is neither a file nor one of "
          + Self.shapes.keys.sorted().joined(separator: ", ") + ".")
    }
    guard lengths == nil || model != nil else {
      throw ValidationError("--lengths needs --model, whose tokenizer counts the tokens.")
    }
  }

  private static let shapes: [String: (width: Int, layers: Int, heads: Int, wide: Int)] = [
    "bert-base": (768, 12, 12, 3072), "bert-large": (1024, 24, 16, 4096),
    "minilm": (384, 6, 12, 1536), "bert-tiny": (128, 2, 2, 512),
  ]

  func load() throws -> BaseModel {
    if let threads { setThreadCount(threads) }
    if let model { return try BaseModel(folder: model, precision: precision.precision) }
    let configuration: Field
    if let shape = Self.shapes[config] {
      configuration = Field(
        .object([
          "model_type": .string("bert"), "hidden_size": .integer(shape.width),
          "num_hidden_layers": .integer(shape.layers),
          "num_attention_heads": .integer(shape.heads), "intermediate_size": .integer(shape.wide),
        ]), file: config)
    } else {
      configuration = Field(try JSON(contentsOf: config), file: config)
      let count = try BaseShape(configuration: config).parameterCount
      // Once as random numbers, and once packed.
      guard count <= memoryLimit / (2 * 4) else {
        throw FileFailure(
          config, "a model of \(count.grouped) numbers does not fit into memory",
          hint: "fewer layers, or smaller ones")
      }
    }
    return try BaseModel(
      configuration, random: Random(seed: 1), precision: precision.precision, name: config)
  }

  /// Adapters with random weights and two-label classification heads.
  func boundAdapters(_ base: BaseModel) throws -> [BoundAdapter] {
    guard method != "none", adapters > 0 else { return [] }
    let methods = try parseMethods(method)
    return try (0..<adapters).map { index in
      let adapter = try Adapter(
        name: "adapter\(index)", methods: methods, for: base, head: .twoLabels,
        seed: UInt64(index))
      return BoundAdapter(adapter, to: base)
    }
  }

  /// How many tokens each sequence of the batch has: all the same, or as the texts of a file have.
  private func sequenceLengths(_ base: BaseModel) throws -> [Int] {
    guard let lengths, let model else {
      guard length <= base.traits.positions else {
        throw FileFailure(
          "--length",
          "\(length) tokens are more than the model's \(base.traits.positions) positions")
      }
      return Array(repeating: length, count: batch)
    }
    let tokenizer = try Tokenizer(folder: model)
    return try readTexts(lengths).prefix(batch).map {
      min(try tokenizer.encode($0.text, pair: $0.pair).count, base.traits.positions)
    }
  }

  func sequences(_ base: BaseModel) throws -> [Batch.Sequence] {
    try sequenceLengths(base).enumerated().map { row, length in
      let vocabulary = base.traits.vocabulary
      return Batch.Sequence(
        ids: (0..<length).map { position in
          Int32((position &* 7919 &+ row &* 104_729) % vocabulary)
        })
    }
  }
}

extension (any Head)? {
  /// A classification head of two labels, as most benchmarks' peers have.
  static var twoLabels: (any Head)? {
    try? ClassificationHead(
      Field(
        .object([
          "head_type": .string("classification"), "layers": .integer(2),
          "num_labels": .integer(2), "activation_function": .string("tanh"),
        ]), file: "bench"))
  }
}

enum PrecisionOption: String, ExpressibleByArgument, CaseIterable {
  case f32, bf16, auto

  var precision: Precision {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .auto: .fastest
    }
  }
}
