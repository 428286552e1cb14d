// A safetensors file: the length of the header (8 bytes), the header (JSON), the data.
//
//   8 bytes  {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}, …}   data
//   ─ n ───  ────────────────────── n bytes ──────────────────────────   ─ to the end, no byte unused ─

/// The reference refuses larger headers.
let headerLimit: UInt64 = 100_000_000

extension TensorFile {
  /// Reads a safetensors file by every rule of the format.
  ///
  /// A mapped file costs no memory of its own, but must not be cut short while it is in use;
  /// see `MappedFile`.
  public init(safetensors path: String, mapped: Bool = true) throws {
    let source: ByteSource =
      mapped ? .mapped(try MappedFile(path)) : .memory(try readFile(path, limit: .max))
    let header = try source.withBytes { try SafetensorsHeader($0, path: path) }
    var tensors: [String: StoredTensor] = [:]
    for entry in header.entries {
      let range = header.dataStart + entry.begin..<header.dataStart + entry.end
      tensors[entry.name] = StoredTensor(
        entry.name, entry.type, entry.shape, in: source, range, path: path)
    }
    guard tensors.count == header.entries.count else {
      throw FileFailure(path, at: "header", "two tensor names differ only in their spelling of é")
    }
    self.init(path: path, tensors: tensors, metadata: header.metadata)
  }
}

private struct SafetensorsHeader {
  struct Entry {
    let name: String
    let type: ElementType
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  let dataStart: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard bytes.count >= 8 else {
      throw FileFailure(
        path, "\(byteCount(bytes.count)) long, a safetensors file has 8 at least",
        hint: FileFailure.likelyCause(bytes) ?? "the file is cut short; download it again")
    }
    // Compared as it is: as an Int, or after an addition, it might be negative.
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= headerLimit, length <= UInt64(bytes.count - 8) else {
      throw FileFailure(
        path, at: "byte 0",
        "the header is said to be \(length) bytes long, but the file is \(bytes.count)",
        hint: FileFailure.likelyCause(bytes) ?? "no safetensors file, or cut short")
    }
    dataStart = 8 + Int(length)
    let root: Field
    do {
      let json = try JSON(
        parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]), path: path)
      root = Field(json, file: path)
    } catch let failure as FileFailure {
      let place = failure.place.map { "header, \($0)" }
      throw FileFailure(path, at: place, failure.problem, hint: "no safetensors file, or damaged")
    }
    for (name, field) in try root.object() {
      if name == "__metadata__" {
        for (key, value) in try field.object() { metadata[key] = try value.string() }
      } else {
        entries.append(try Self.entry(name, field))
      }
    }
    try checkLayout(dataSize: bytes.count - dataStart, path: path)
  }

  private static func entry(_ name: String, _ field: Field) throws -> Entry {
    let typeName = try field.required("dtype")
    guard let type = ElementType(rawValue: try typeName.string()) else {
      throw typeName.failure("unknown element type \(typeName.json.kind)")
    }
    let shapeField = try field.required("shape")
    let shape = try shapeField.array().map { try $0.integer(in: 0 ... .max) }
    let offsets = try field.required("data_offsets").array()
    guard offsets.count == 2 else {
      throw field.failure("data_offsets has \(offsets.count) numbers, expected 2")
    }
    let begin = try offsets[0].integer(in: 0 ... .max)
    let end = try offsets[1].integer(in: 0 ... .max)
    guard begin <= end else { throw field.failure("begins at \(begin) but ends at \(end)") }
    guard let count = elementCount(shape) else {
      throw shapeField.failure("the number of elements of \(shape) does not fit 64 bits")
    }
    let block = type.block
    guard count % block.elements == 0 else {
      let bits = block.bytes * 8 / block.elements
      throw shapeField.failure("\(count) elements of \(bits) bits are no whole bytes")
    }
    let (size, overflow) = (count / block.elements).multipliedReportingOverflow(by: block.bytes)
    guard !overflow else {
      throw shapeField.failure("the number of bytes of \(shape) does not fit 64 bits")
    }
    guard end - begin == size else {
      throw field.failure(
        "\(type.rawValue) of shape \(shape) takes \(byteCount(size)), "
          + "data_offsets give it \(end - begin)")
    }
    return Entry(name: name, type: type, shape: shape, begin: begin, end: end)
  }

  /// No hole, no overlap, and nothing after the last tensor.
  private mutating func checkLayout(dataSize: Int, path: String) throws {
    entries.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var position = 0
    for entry in entries {
      guard entry.begin == position else {
        throw FileFailure(
          path, at: "tensor \(quoted(entry.name))",
          "its data begins at \(entry.begin), the tensor before it ends at \(position)")
      }
      position = entry.end
    }
    guard position <= dataSize else {
      throw FileFailure(
        path, "is \(byteCount(position - dataSize)) short", hint: "download it again")
    }
    guard position == dataSize else {
      throw FileFailure(path, "has \(byteCount(dataSize - position)) after the last tensor")
    }
  }
}

/// Writes tensors as the reference does: sorted by name, the header padded to 8 bytes, atomically.
public func writeSafetensors(
  _ tensors: [NamedTensor], metadata: [String: String] = [:], to path: String
) throws {
  try NamedTensor.check(tensors, path: path)
  // All are F32, so that the reference's order (widest elements first, then names) is by name.
  let tensors = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  var header = JSON.Object()
  if !metadata.isEmpty {
    let entries = metadata.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
    header["__metadata__"] = .object(JSON.Object(entries))
  }
  var offset = 0
  for tensor in tensors {
    let end = offset + 4 * tensor.floats.count
    header[tensor.name] = [
      "dtype": "F32", "shape": .array(tensor.shape.map { .integer($0) }),
      "data_offsets": [.integer(offset), .integer(end)],
    ]
    offset = end
  }
  var text = Array(JSON.object(header).text(.minified).utf8)
  text += repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
  try writeAtomically(to: path) { file in
    try withUnsafeBytes(of: UInt64(text.count).littleEndian) { try file.write($0) }
    try file.write(text)
    for tensor in tensors { try tensor.floats.withUnsafeBytes { try file.write($0) } }
  }
}
