/// The tensors of one file, by name.
public struct TensorFile: Sendable {
  public let path: String
  public let tensors: [String: StoredTensor]
  /// What safetensors calls `__metadata__`; empty for torch files.
  public let metadata: [String: String]

  /// The names of the tensors, sorted.
  public var names: [String] { tensors.keys.sorted() }

  init(path: String, tensors: [String: StoredTensor], metadata: [String: String] = [:]) {
    self.path = path
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads a file of either format, told apart by its first bytes.
  public init(_ path: String) throws {
    let start = try beginning(of: path)
    if isTorch(start) {
      try self.init(torch: path)
    } else {
      try self.init(safetensors: path)
    }
  }
}

/// Whether a file begins as `torch.save` or a pickle does.
private func isTorch(_ start: [UInt8]) -> Bool {
  if start.starts(with: ZipArchive.magic) { return true }
  // A pickle of protocol 2 to 5. As the length of a safetensors header, the six bytes that follow
  // would be zeros but for one or two.
  guard start.count >= 8, start[0] == 0x80, (2...5).contains(start[1]) else { return false }
  return start[4..<8].contains { $0 != 0 }
}

private func beginning(of path: String) throws -> [UInt8] {
  let file = try MappedFile(path)
  return withExtendedLifetime(file) { [UInt8](file.bytes.prefix(16)) }
}

/// A tensor to be written: 32-bit floats in row-major order.
public struct NamedTensor: Sendable {
  public let name: String
  public let shape: [Int]
  public let floats: [Float]

  public init(name: String, shape: [Int], floats: [Float]) {
    self.name = name
    self.shape = shape
    self.floats = floats
  }
}

extension NamedTensor {
  /// Refuses what no reader would take: shapes that do not fit, and names given twice.
  static func check(_ tensors: [NamedTensor], path: String) throws {
    var names: Set<String> = []
    for tensor in tensors {
      guard elementCount(tensor.shape) == tensor.floats.count else {
        throw FileFailure(
          path, at: "tensor \(quoted(tensor.name))",
          "cannot be written: \(tensor.floats.count) elements for shape \(tensor.shape)")
      }
      guard names.insert(tensor.name).inserted, tensor.name != "__metadata__" else {
        throw FileFailure(
          path, at: "tensor \(quoted(tensor.name))", "cannot be written: the name is taken")
      }
    }
  }
}
