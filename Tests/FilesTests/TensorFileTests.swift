import Files
import Testing

@Suite struct `A tensor file` {
  let folder: TemporaryFolder
  let tensors: [NamedTensor] = [
    NamedTensor(name: "b.weight", shape: [2, 3], floats: [1, -2, 0.5, .infinity, 0x1p-140, 3]),
    NamedTensor(name: "a", shape: [], floats: [7]),
    NamedTensor(name: "empty", shape: [2, 0], floats: []),
    NamedTensor(name: "ünï \"code\"", shape: [1, 1, 2, 1, 1], floats: [8, 9]),
    NamedTensor(name: "long", shape: [300], floats: (0..<300).map { Float($0) }),
  ]

  init() throws { folder = try TemporaryFolder() }

  private func write(_ tensors: [NamedTensor], _ format: Format) throws -> String {
    let path = "\(folder.path)/\(format.fileName)"
    switch format {
    case .safetensors: try writeSafetensors(tensors, metadata: ["format": "pt"], to: path)
    case .torch: try writeTorch(tensors, to: path)
    }
    return path
  }

  enum Format: CaseIterable {
    case safetensors
    case torch

    var fileName: String { self == .torch ? "adapter.bin" : "adapter.safetensors" }
  }

  @Test(arguments: Format.allCases)
  func `reads back as it was written`(_ format: Format) throws {
    let file = try TensorFile(try write(tensors, format))
    #expect(file.names == tensors.map(\.name).sorted())
    #expect(file.metadata == (format == .safetensors ? ["format": "pt"] : [:]))
    for tensor in tensors {
      let stored = try #require(file.tensors[tensor.name])
      #expect(stored.type == .f32)
      #expect(stored.shape == tensor.shape)
      #expect(try stored.floats() == tensor.floats)
    }
  }

  @Test(arguments: Format.allCases, [0, 1, 1000, 2001])
  func `may hold none and many`(_ format: Format, _ count: Int) throws {
    let many = (0..<count).map { NamedTensor(name: "layer.\($0)", shape: [1], floats: [Float($0)]) }
    let file = try TensorFile(try write(many, format))
    #expect(file.tensors.count == count)
    for tensor in many { #expect(try file.tensors[tensor.name]?.floats() == tensor.floats) }
  }

  @Test(arguments: Format.allCases)
  func `is the same bytes each time, whatever order safetensors get`(_ format: Format) throws {
    let first = try readFile(try write(tensors, format))
    let order = format == .safetensors ? tensors.reversed() : tensors
    #expect(try readFile(try write(order, format)) == first)
  }

  @Test(arguments: Format.allCases)
  func `is not written with a wrong shape or a name twice`(_ format: Format) {
    #expect(throws: FileFailure.self) {
      try write([NamedTensor(name: "a", shape: [3], floats: [1])], format)
    }
    let twice = NamedTensor(name: "a", shape: [], floats: [1])
    #expect(throws: FileFailure.self) { try write([twice, twice], format) }
    #expect((try? namesInFolder(folder.path)) == [])
  }

  @Test(arguments: Format.allCases)
  func `cut short anywhere is refused`(_ format: Format) throws {
    let bytes = try readFile(try write(Array(tensors.prefix(2)), format))
    let path = "\(folder.path)/cut"
    for count in 0..<bytes.count {
      try overwrite(path, Array(bytes.prefix(count)))
      #expect(throws: FileFailure.self, "\(count) of \(bytes.count) bytes") { try TensorFile(path) }
    }
  }

  @Test(arguments: Format.allCases)
  func `with any byte changed is read or refused`(_ format: Format) throws {
    let bytes = try readFile(try write(Array(tensors.prefix(3)), format))
    var generator = Generator(seed: 11)
    for _ in 0..<2000 { try readDamaged(generator.damaged(bytes)) }
  }

  @Test(
    .enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"),
    arguments: (Shared.rows("torch_bin") + Shared.rows("safetensors")).filter(\.isAccepted))
  func `of the corpus, with any byte changed, is read or refused`(_ file: BadFile) throws {
    let bytes = try readFile(file.path)
    var generator = Generator(seed: 13)
    for _ in 0..<300 { try readDamaged(generator.damaged(bytes)) }
  }

  private func readDamaged(_ bytes: [UInt8]) throws {
    let path = "\(folder.path)/damaged"
    try overwrite(path, bytes)
    do {
      for tensor in try TensorFile(path).tensors.values { _ = try tensor.floats() }
    } catch is FileFailure {}
  }

  @Test func `gives numbers of every type as floats`() throws {
    let parts: [(String, [UInt8], Float)] = [
      ("F16", [0x00, 0xC5], -5), ("BF16", [0xA0, 0xC0], -5), ("F16", [0x01, 0x00], 0x1p-24),
      ("F64", [0, 0, 0, 0, 0, 0, 0x14, 0xC0], -5), ("BOOL", [1], 1), ("U8", [255], 255),
      ("I8", [0xFB], -5), ("I16", [0xFB, 0xFF], -5), ("U16", [0xFB, 0xFF], 65531),
      ("I32", [0xFB, 0xFF, 0xFF, 0xFF], -5), ("U32", [1, 0, 0, 0], 1),
      ("I64", [UInt8](repeating: 0xFF, count: 8), -1), ("U64", [2, 0, 0, 0, 0, 0, 0, 0], 2),
      ("F32", [0, 0, 0xA0, 0xC0], -5),
    ]
    for (type, bytes, value) in parts {
      let file = try single(type, bytes)
      #expect(try file.tensors["x"]?.floats() == [value], "\(type)")
    }
    for type in ["C64", "F8_E4M3"] {
      let file = try single(type, [UInt8](repeating: 0, count: type == "C64" ? 8 : 1))
      #expect(throws: FileFailure.self) { try file.tensors["x"]?.floats() }
    }
    #expect(throws: FileFailure.self) { try single("F4", [0]) }
  }

  private func single(_ type: String, _ data: [UInt8]) throws -> TensorFile {
    let header = Array(
      #"{"x":{"dtype":"\#(type)","shape":[],"data_offsets":[0,\#(data.count)]}}"#.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let path = "\(folder.path)/single.safetensors"
    try overwrite(path, length + header + data)
    return try TensorFile(safetensors: path, mapped: false)
  }
}
