/// Writes a dict of tensors as `torch.save` writes it, byte for byte but for the serialization id.
///
/// Any `torch.load` reads it, also with `weights_only=True`.
public func writeTorch(_ tensors: [NamedTensor], to path: String) throws {
  try NamedTensor.check(tensors, path: path)
  let file = path.split(separator: "/").last.map(String.init) ?? "archive"
  let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
  try writeAtomically(to: path) { writer in
    var zip = ZipWriter(folder: stem.isEmpty ? "archive" : stem, path: path)
    try zip.add("data.pkl", pickle(tensors), to: writer)
    try zip.add(".format_version", Array("1".utf8), to: writer)
    try zip.add(".storage_alignment", Array("64".utf8), to: writer)
    try zip.add("byteorder", Array("little".utf8), to: writer)
    for (index, tensor) in tensors.enumerated() {
      try tensor.floats.withUnsafeBytes { try zip.add("data/\(index)", $0, to: writer) }
    }
    try zip.add("version", Array("3\n".utf8), to: writer)
    try zip.add(".data/serialization_id", Array(zip.serializationID.utf8), to: writer)
    try zip.finish(to: writer)
  }
}

/// The pickle of `{name: tensor}`, with the memo entries that Python's pickler makes.
private func pickle(_ tensors: [NamedTensor]) -> [UInt8] {
  var pickle = PickleWriter()
  pickle.bytes += [0x80, 2, UInt8(ascii: "}")]
  pickle.memoize()
  // Python sets a thousand items at a time, and a single one without a mark.
  for start in stride(from: 0, to: tensors.count, by: 1000) {
    let batch = start..<min(start + 1000, tensors.count)
    if tensors.count > 1 { pickle.bytes.append(UInt8(ascii: "(")) }
    for index in batch {
      pickle.string(tensors[index].name, shared: false)
      pickle.tensor(tensors[index], storage: index)
    }
    pickle.bytes.append(UInt8(ascii: tensors.count > 1 ? "u" : "s"))
  }
  pickle.bytes.append(UInt8(ascii: "."))
  return pickle.bytes
}

private struct PickleWriter {
  var bytes: [UInt8] = []
  private var memoCount = 0
  /// Memo entries of what Python holds once: names of functions, and a few strings.
  private var shared: [String: Int] = [:]

  mutating func memoize() {
    reference(memoCount, short: "q", long: "r")
    memoCount += 1
  }

  mutating func string(_ text: String, shared isShared: Bool) {
    once(isShared ? text : nil) { writer in
      writer.bytes.append(UInt8(ascii: "X"))
      writer.littleEndian(UInt32(truncatingIfNeeded: text.utf8.count))
      writer.bytes += text.utf8
    }
  }

  mutating func tensor(_ tensor: NamedTensor, storage: Int) {
    global("torch._utils", "_rebuild_tensor_v2")
    bytes += "((".utf8
    string("storage", shared: true)
    global("torch", "FloatStorage")
    string(String(storage), shared: false)
    string("cpu", shared: true)
    integer(tensor.floats.count)
    bytes.append(UInt8(ascii: "t"))
    memoize()
    bytes.append(UInt8(ascii: "Q"))
    integer(0)
    tuple(tensor.shape)
    // A dimension of nothing counts as one when torch multiplies strides.
    var strides = tensor.shape.map { _ in 1 }
    for dimension in strides.indices.dropLast().reversed() {
      strides[dimension] = strides[dimension + 1] * max(tensor.shape[dimension + 1], 1)
    }
    tuple(strides)
    bytes.append(0x89)
    global("collections", "OrderedDict")
    bytes += ")R".utf8
    memoize()
    bytes.append(UInt8(ascii: "t"))
    memoize()
    bytes.append(UInt8(ascii: "R"))
    memoize()
  }
  private mutating func global(_ module: String, _ name: String) {
    once("\(module).\(name)") { $0.bytes += "c\(module)\n\(name)\n".utf8 }
  }

  private mutating func once(_ key: String?, _ write: (inout PickleWriter) -> Void) {
    if let key, let index = shared[key] { return reference(index, short: "h", long: "j") }
    write(&self)
    if let key { shared[key] = memoCount }
    memoize()
  }

  private mutating func reference(_ index: Int, short: Unicode.Scalar, long: Unicode.Scalar) {
    if index < 256 {
      bytes += [UInt8(ascii: short), UInt8(truncatingIfNeeded: index)]
    } else {
      bytes.append(UInt8(ascii: long))
      littleEndian(UInt32(truncatingIfNeeded: index))
    }
  }

  private mutating func tuple(_ values: [Int]) {
    if values.count > 3 { bytes.append(UInt8(ascii: "(")) }
    for value in values { integer(value) }
    switch values.count {
    case 0: bytes.append(UInt8(ascii: ")"))
    case 1...3: bytes.append(0x84 + UInt8(values.count))
    default: bytes.append(UInt8(ascii: "t"))
    }
    if !values.isEmpty { memoize() }
  }

  private mutating func integer(_ value: Int) {
    switch value {
    case 0..<1 << 8: bytes += [UInt8(ascii: "K"), UInt8(value)]
    case 0..<1 << 16:
      bytes.append(UInt8(ascii: "M"))
      littleEndian(UInt16(value))
    case 0..<1 << 31:
      bytes.append(UInt8(ascii: "J"))
      littleEndian(UInt32(value))
    default:
      bytes += [0x8A, 8]
      littleEndian(UInt64(bitPattern: Int64(value)))
    }
  }

  private mutating func littleEndian(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
