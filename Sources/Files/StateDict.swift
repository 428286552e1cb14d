/// Turns what the pickle machine made into tensors with names and bytes.
struct StateDict {
  /// How many bytes may still be copied for tensors that do not lie in one piece.
  ///
  /// A tensor of stride 0
  /// can claim terabytes with four bytes, so copies are bounded by the size of the file.
  private var copyBudget: Int
  private let file: MappedFile
  private let bigEndian: Bool
  /// Where in the file a storage's bytes are.
  private let range: (_ key: String) -> Range<Int>?
  private var tensors: [String: StoredTensor] = [:]

  init(_ file: MappedFile, bigEndian: Bool, range: @escaping (_ key: String) -> Range<Int>?) {
    self.file = file
    self.bigEndian = bigEndian
    self.range = range
    copyBudget = max(64 << 20, file.bytes.count.multipliedReportingOverflow(by: 8).partialValue)
  }

  /// The tensors of a dict of tensors, and of dicts within it.
  mutating func tensors(
    of root: PickleValue, in machine: PickleMachine
  ) throws -> [String: StoredTensor] {
    guard case .dictionary(let index) = root else {
      throw FileFailure(
        file.path, "holds \(root.kind), expected a dict of tensors",
        hint: "save `model.state_dict()`, not the model")
    }
    // A list of what is to do instead of recursion, and each dict once: dicts can hold themselves.
    var pending = [(prefix: "", index: index)]
    var seen: Set<Int> = [index]
    while let (prefix, index) = pending.popLast() {
      let items = machine.containers[index]
      for position in stride(from: 0, to: items.count - 1, by: 2) {
        guard case .string(let key) = items[position] else {
          throw FileFailure(file.path, "\(items[position].kind) as the name of a tensor")
        }
        let name = prefix + key
        switch items[position + 1] {
        case .tensor(let index): try add(name, machine.tensors[index])
        case .dictionary(let index):
          guard seen.insert(index).inserted, name.utf8.count < 4096 else {
            throw failure(name, "dicts that hold one another")
          }
          pending.append((name + ".", index))
        default: throw failure(name, "is \(items[position + 1].kind), expected a tensor")
        }
      }
    }
    return tensors
  }

  private mutating func add(_ name: String, _ tensor: PickleTensor) throws {
    let size = tensor.type.block.bytes
    let storageSize = tensor.storage.type == nil ? 1 : size
    guard let range = range(tensor.storage.key) else {
      throw failure(name, "its storage \(quoted(tensor.storage.key)) is missing")
    }
    let (expected, overflow) = tensor.storage.total.multipliedReportingOverflow(by: storageSize)
    guard !overflow, expected == range.count else {
      throw failure(
        name,
        "its storage should hold \(tensor.storage.total) elements of "
          + "\(byteCount(storageSize)), but has \(byteCount(range.count))")
    }
    guard tensors[name] == nil else { throw failure(name, "occurs twice") }
    // The machine counts elements, this counts bytes: whatever came before, none lies outside.
    guard let end = Self.end(of: tensor, elementSize: size), end <= range.count else {
      throw failure(name, "reaches beyond its storage of \(byteCount(range.count))")
    }
    let (bytes, tooMany) = (elementCount(tensor.shape) ?? .max).multipliedReportingOverflow(
      by: size)
    if Self.isContiguous(tensor), !bigEndian || size == 1 {
      let start = range.lowerBound + tensor.offset * size
      tensors[name] = StoredTensor(
        name, tensor.type, tensor.shape, in: .mapped(file), start..<start + bytes, path: file.path)
    } else {
      guard !tooMany, bytes <= copyBudget else {
        throw failure(name, "of shape \(tensor.shape) is far larger than the file")
      }
      copyBudget -= bytes
      let copy = contiguousBytes(
        tensor, UnsafeRawBufferPointer(rebasing: file.bytes[range]), count: bytes)
      tensors[name] = StoredTensor(
        name, tensor.type, tensor.shape, in: .memory(copy), 0..<bytes, path: file.path)
    }
  }

  /// Where the last byte of a tensor ends in its storage; nil where that is beyond all numbers.
  private static func end(of tensor: PickleTensor, elementSize: Int) -> Int? {
    guard !tensor.shape.contains(0) else { return 0 }
    var last = tensor.offset
    for (size, stride) in zip(tensor.shape, tensor.strides) {
      let (reach, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(reach)
      guard !tooFar, !overflow, reach >= 0, sum < .max else { return nil }
      last = sum
    }
    let (end, overflow) = (last + 1).multipliedReportingOverflow(by: elementSize)
    return overflow || tensor.offset < 0 ? nil : end
  }

  private static func isContiguous(_ tensor: PickleTensor) -> Bool {
    var expected = 1
    // The stride of a dimension of one, or of no elements at all, says nothing.
    guard !tensor.shape.contains(0) else { return true }
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// The elements in row-major order and little-endian.
  ///
  /// `end(of:elementSize:)` has said that every one of them lies within the storage.
  private func contiguousBytes(
    _ tensor: PickleTensor, _ storage: UnsafeRawBufferPointer, count: Int
  ) -> [UInt8] {
    let size = tensor.type.block.bytes
    // A complex number is swapped half by half.
    let unit = tensor.type == .c64 ? 4 : size
    var index = [Int](repeating: 0, count: tensor.shape.count)
    var source = tensor.offset
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
      while filled < count {
        for byte in 0..<size {
          let place = bigEndian ? byte / unit * unit + (unit - 1 - byte % unit) : byte
          bytes[filled + byte] = storage[source * size + place]
        }
        filled += size
        // Like an odometer: the last dimension turns fastest.
        var dimension = index.count - 1
        while dimension >= 0 {
          index[dimension] += 1
          source += tensor.strides[dimension]
          if index[dimension] < tensor.shape[dimension] { break }
          source -= tensor.strides[dimension] * tensor.shape[dimension]
          index[dimension] = 0
          dimension -= 1
        }
      }
    }
  }

  private func failure(_ name: String, _ problem: String) -> FileFailure {
    FileFailure(file.path, at: "tensor \(quoted(name))", problem)
  }
}
