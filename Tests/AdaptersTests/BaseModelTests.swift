/// What tells one base model from another, and what a model says of itself.
import BaseModels
import Files
import Foundation
import Tensors
import Testing

@testable import Adapters

/// How a copy of a checkpoint keeps its numbers.
enum StoredAs: String, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  func bytes(_ value: Float) -> [UInt8] {
    switch self {
    case .f32: return withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    case .bf16:
      let bits = value.bitPattern
      let half = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
      return withUnsafeBytes(of: half.littleEndian) { Array($0) }
    case .f16: return withUnsafeBytes(of: half(value).littleEndian) { Array($0) }
    }
  }

  /// To the nearest half-precision number; the values of the goldens are neither tiny nor huge.
  private func half(_ value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = abs(value)
    guard magnitude >= 0x1p-14 else {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let bits = magnitude.bitPattern
    let rounded = bits &+ 0xFFF &+ (bits >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
  }
}

extension TemporaryFolder {
  /// A copy of the goldens' base with its numbers kept otherwise, and changed.
  func base(
    _ type: StoredAs, named name: String = "copy", without left: Set<String> = [],
    adding more: [String] = [], _ change: (String, Float) -> Float = { $1 }
  ) throws -> String {
    let folder = "\(path)/\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Goldens.folder + "/base/config.json", toPath: folder + "/config.json")
    let tensors = try TensorFile(Goldens.folder + "/base/model.safetensors").tensors
    var header: JSON.Object = [:]
    var data: [UInt8] = []
    var all = tensors.values.filter { !left.contains($0.name) }.map {
      ($0.name, $0.shape, (try? $0.floats()) ?? [])
    }
    all += more.map { ($0, [1], [0]) }
    for (name, shape, floats) in all.sorted(by: { $0.0 < $1.0 }) {
      let start = data.count
      for value in floats { data += type.bytes(change(name, value)) }
      header[name] = [
        "dtype": .string(type.rawValue), "shape": .array(shape.map { .integer($0) }),
        "data_offsets": [.integer(start), .integer(data.count)],
      ]
    }
    let text = Array(JSON.object(header).text(.compact).utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    try Data(length + text + data).write(to: URL(filePath: folder + "/model.safetensors"))
    return folder
  }
}

@Suite struct `A base model's fingerprint` {
  @Test(arguments: StoredAs.allCases)
  func `is the same for every form of the same weights`(_ type: StoredAs) throws {
    let folder = try TemporaryFolder()
    let copy = try BaseModel(folder: folder.base(type))
    let base = try Goldens.base("base")
    #expect(copy.hasWeights(of: base.shape))
    #expect(base.hasWeights(of: copy.shape))
    // And each form has the numbers that it should.
    let sequence = Batch.Sequence(ids: [2, 9, 30, 77, 5])
    let (a, b) = (
      try copy.forward([ModelInput(sequence)])[0].hidden,
      try base.forward([ModelInput(sequence)])[0].hidden
    )
    expectClose(a.scalars, b.scalars, absolute: type == .bf16 ? 0.1 : 1e-2, relative: 0.05)
  }

  @Test(arguments: [
    "bert.embeddings.word_embeddings.weight", "bert.embeddings.LayerNorm.weight",
    "bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.1.attention.self.key.bias",
    "bert.encoder.layer.2.attention.self.query.weight",
  ])
  func `is another for other weights, wherever they differ`(_ name: String) throws {
    let folder = try TemporaryFolder()
    let other = try folder.base(.f32) { $0 == name ? $1 * 1.1 : $1 }
    let base = try Goldens.base("base")
    #expect(!(try BaseModel(folder: other).hasWeights(of: base.shape)))
  }

  @Test func `survives being written down, and says nothing where it is damaged`() throws {
    let fingerprint = try #require(try Goldens.base("base").shape.fingerprint)
    let again = try #require(Fingerprint(fingerprint.text))
    #expect(again.matches(fingerprint))
    for text in ["", "2-", "2-0-0", "x", String(fingerprint.text.dropLast(3)), "2-zz-00"] {
      #expect(Fingerprint(text) == nil, "\(text)")
    }
  }

  @Test func `of numbers that are none is nobody's`() throws {
    let fingerprint = try #require(try Goldens.base("base").shape.fingerprint)
    let parts = fingerprint.text.split(separator: "-")
    let infinite = String(repeating: "7f80", count: parts[2].count / 4)
    let damaged = try #require(Fingerprint("2-\(parts[1])-\(infinite)"))
    #expect(!damaged.matches(fingerprint))
  }

  /// As version 0.1 stored it with its adapters.
  @Test func `of earlier versions is still understood`() throws {
    let fingerprint = try #require(try Goldens.base("base").shape.fingerprint)
    let (same, other) = (
      try #require(Fingerprint("25d4cd9ba343cb99")), try #require(Fingerprint("25d4cd9ba343cb98"))
    )
    #expect(fingerprint.matches(same))
    #expect(!fingerprint.matches(other))
    #expect(same.short == "25d4cd9ba343cb99")
  }
}

@Suite struct `A checkpoint of a base model` {
  @Test func `that lacks tensors is refused with all that it lacks and has instead`() throws {
    let folder = try TemporaryFolder()
    let names: Set = [
      "bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.2.output.dense.bias",
    ]
    let path = try folder.base(.f32, without: names, adding: ["bert.encoder.layer.9.odd"])
    let failure = try #require(throws: FileFailure.self) { try BaseModel(folder: path) }
    #expect(failure.description.contains("bert.encoder.layer.1.output.dense.weight"))
    #expect(failure.description.contains("1 more"))
    #expect(failure.description.contains("bert.encoder.layer.9.odd"))
  }

  @Test func `lists what it has besides the model's tensors`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.base(.f32, adding: ["cls.seq_relationship.bias", "lm_head.bias"])
    let shape = try BaseShape(folder: path)
    let checkpoint = try Checkpoint(folder: path)
    #expect(
      shape.blueprint.extra(in: checkpoint) == ["cls.seq_relationship.bias", "lm_head.bias"])
    #expect(shape.blueprint.missing(from: checkpoint).isEmpty)
  }
}

@Suite struct `A bound adapter` {
  @Test func `is refused by a model of other weights`() throws {
    let path = Goldens.folder + "/base/config.json"
    func model(_ seed: UInt64) throws -> BaseModel {
      try BaseModel(
        Field(JSON(contentsOf: path), file: path), random: Random(seed: seed), name: "random")
    }
    let (mine, other) = (try model(1), try model(2))
    let adapter = BoundAdapter(
      try Adapter(name: "mine", methods: parseMethods("seq_bn"), for: mine, seed: 1), to: mine)
    let input = ModelInput(Batch.Sequence(ids: [2, 9, 30]), adapter)
    _ = try mine.forward([input])
    _ = try model(1).forward([input])
    let failure = try #require(throws: FileFailure.self) { try other.forward([input]) }
    #expect(failure.description.contains("another base model"))
  }

  /// A map of the file would end the process here, or change the answer.
  @Test(arguments: ["seq_bn", "ia3", "lora[use_gating=True]"])
  func `does not change with its file`(_ method: String) throws {
    let folder = try TemporaryFolder()
    let base = try Goldens.base("base")
    let adapter = try Adapter(
      name: "kept", methods: parseMethods(method), for: base,
      head: TestHeads.classification(), seed: 1
    ).randomised()
    for format in [Adapter.Format.torch, .safetensors] {
      let path = "\(folder.path)/\(format.rawValue)"
      try adapter.save(to: path, base: base.shape, format: format)
      let bound = BoundAdapter(try Adapter(folder: path, for: base.shape), to: base)
      let input = ModelInput(Batch.Sequence(ids: [2, 9, 30, 7]), bound)
      let before = try base.forward([input], hiddenStates: .last)[0]
      for file in try FileManager.default.contentsOfDirectory(atPath: path) {
        // In place, as the Python library writes.
        let handle = try #require(FileHandle(forWritingAtPath: "\(path)/\(file)"))
        try handle.truncate(atOffset: 0)
        try handle.close()
      }
      let after = try base.forward([input], hiddenStates: .last)[0]
      #expect(after.hidden.scalars == before.hidden.scalars)
      #expect(after.logits?.scalars == before.logits?.scalars)
    }
  }
}

@Suite struct `A pass` {
  @Test func `ends between layers when it is cancelled`() throws {
    let base = try Goldens.base("base")
    var options = PassOptions()
    options.isCancelled = { true }
    let input = ModelInput(Batch.Sequence(ids: [2, 9, 30]))
    #expect(throws: CancellationError.self) { try base.results([input], options) }
  }

  @Test func `fails alone where an input cannot be read`() throws {
    let base = try Goldens.base("base")
    let good = ModelInput(Batch.Sequence(ids: [2, 9, 30]))
    let results = try base.results([
      good, ModelInput(Batch.Sequence(ids: [])), ModelInput(Batch.Sequence(ids: [9_999])), good,
      ModelInput(Batch.Sequence(ids: [2], decoderIds: [3])),
    ])
    #expect(results.map { (try? $0.get()) != nil } == [true, false, false, true, false])
    let alone = try base.forward([good])[0].hidden.scalars
    #expect(try results[3].get().hidden.scalars == alone)
  }
}
