/// The tensors of a checkpoint, by path.
public import Files
public import Tensors

/// A place among the tensors of a checkpoint: `weights / "encoder" / "layer" / 3`.
public struct Weights: Sendable {
  /// Where tensors come from.
  public enum Source: Sendable {
    /// A checkpoint's tensors by name, and the folder it lies in.
    case checkpoint([String: StoredTensor], folder: String)
    /// Seeded random numbers, for benchmarks and tests.
    case random(Random)
  }

  let source: Source
  /// The path so far, as the checkpoint writes it, dots between.
  public let path: String
  /// What a checkpoint may leave out or add before every name: `bert`.
  let prefix: String

  public init(_ source: Source, prefix: String) {
    self.source = source
    self.prefix = prefix
    path = prefix
  }

  private init(_ source: Source, prefix: String, path: String) {
    self.source = source
    self.prefix = prefix
    self.path = path
  }

  public static func / (weights: Weights, name: some CustomStringConvertible) -> Weights {
    let path = weights.path.isEmpty ? "\(name)" : "\(weights.path).\(name)"
    return Weights(weights.source, prefix: weights.prefix, path: path)
  }

  /// Whether the checkpoint has a tensor here.
  public func has(_ name: String) -> Bool {
    switch source {
    case .checkpoint(let tensors, _): spellings(of: name).contains { tensors[$0] != nil }
    case .random: true
    }
  }

  /// A tensor below this place.
  ///
  /// Mapped files are not copied. Old checkpoints' `gamma` and `beta`, and a missing model prefix,
  /// are understood.
  ///
  /// - Throws: ``FileFailure`` when it is missing, has another shape, or is not finite.
  public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    switch source {
    case .random(let random):
      let x = random.uniform(shape, stream: "\(path).\(name)") + .full(-0.5, shape: shape)
      let isNormWeight = path.hasSuffix("LayerNorm") && name == "weight"
      return isNormWeight ? x * 0.2 + .full(1, shape: shape) : x * 0.07
    case .checkpoint(let tensors, let folder):
      guard let stored = spellings(of: name).lazy.compactMap({ tensors[$0] }).first else {
        throw FileFailure(
          folder, at: "tensor \(path).\(name)", "the checkpoint has no tensor of this name",
          hint: "is this the model that config.json describes?")
      }
      guard stored.shape == shape else {
        throw FileFailure(
          folder, at: "tensor \(stored.name)", "has shape \(stored.shape), expected \(shape)",
          hint: "config.json and the weights do not belong together")
      }
      let tensor = try Tensor(stored)
      guard tensor.isFinite else {
        throw FileFailure(
          folder, at: "tensor \(stored.name)", "holds NaN or infinity",
          hint: "the training that wrote it diverged, or the file is damaged")
      }
      return tensor
    }
  }

  /// The names a tensor may have in the file, the usual one first.
  private func spellings(of name: String) -> [String] {
    let full = "\(path).\(name)"
    var names = [full]
    if path.hasSuffix("LayerNorm") {
      let old = ["weight": "gamma", "bias": "beta"][name]
      if let old { names.append("\(path).\(old)") }
    }
    guard !prefix.isEmpty else { return names }
    return names + names.map { String($0.dropFirst(prefix.utf8.count + 1)) }
  }
}

extension Tensor {
  /// The tensor a file holds; mapped 32-bit floats are used where they lie.
  public init(_ stored: StoredTensor) throws {
    let borrowed: Tensor? =
      stored.type == .f32
      ? stored.withBytes { bytes in
        guard let base = bytes.baseAddress, Int(bitPattern: base) % 4 == 0 else { return nil }
        return Tensor(
          borrowing: base.assumingMemoryBound(to: Float.self), shape: stored.shape, owner: stored)
      } : nil
    if let borrowed {
      self = borrowed
      return
    }
    let count = stored.shape.reduce(1, *)
    try self.init(shape: stored.shape) {
      try stored.copyFloats(into: UnsafeMutableBufferPointer(start: $0, count: count))
    }
  }
}

extension Linear {
  /// A frozen layer of the checkpoint: `weight` `[outputs, inputs]` and `bias` `[outputs]`.
  init(_ weights: Weights, inputs: Int, outputs: Int, precision: Precision) throws {
    self.init(
      frozen: try weights.tensor("weight", shape: [outputs, inputs]),
      bias: try weights.tensor("bias", shape: [outputs]), precision: precision)
  }
}

extension LayerNorm {
  init(_ weights: Weights, width: Int, epsilon: Float) throws {
    self.init(
      weight: try weights.tensor("weight", shape: [width]),
      bias: try weights.tensor("bias", shape: [width]), epsilon: epsilon)
  }
}
