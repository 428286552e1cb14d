/// What tells one base model's weights from another's.
internal import Files
internal import Tensors

/// A few numbers of every tensor of a model, compared within the rounding of bfloat16.
///
/// So a base in f32, f16 and bf16 is the same, under every spelling of its tensors' names, and one
/// with other embeddings, norms or middle layers is not. What checkpoints of the same model may lack,
/// a pooler, is left out.
public struct Fingerprint: Sendable {
  /// Over the type, and the names and shapes of the tensors.
  private let shape: UInt64
  /// The upper halves of floats: bfloat16.
  private let samples: [UInt16]
  /// What earlier versions stored: a hash of four tensors, which tells f16 from f32.
  private let earlier: String?

  /// Of each tensor.
  private static let samplesPerTensor = 3

  /// Samples a checkpoint where it lies.
  ///
  /// - Throws: ``FileFailure`` for a tensor of another shape, or of elements that are no numbers.
  init(of checkpoint: Checkpoint, _ blueprint: Blueprint, in folder: String) throws {
    var samples: [UInt16] = []
    for entry in blueprint.entries where !entry.isOptional {
      let found = entry.spellings.lazy.compactMap { checkpoint.tensors[$0] }.first
      guard let stored = found else { continue }
      guard stored.shape == entry.shape else {
        throw FileFailure(
          folder, at: "tensor \(stored.name)",
          "has shape \(stored.shape), expected \(entry.shape)",
          hint: "config.json and the weights do not belong together")
      }
      for index in Self.places(entry) {
        var value: Float = 0
        try withUnsafeMutablePointer(to: &value) {
          try stored.copyFloats(from: index, into: UnsafeMutableBufferPointer(start: $0, count: 1))
        }
        samples.append(rounded(value))
      }
    }
    self.samples = samples
    shape = Self.shapeHash(blueprint)
    earlier = try earlierFingerprint(checkpoint, blueprint)
  }

  /// Of random weights: their seed stands for them.
  init(of random: Random, _ blueprint: Blueprint) {
    var hash = FNV1a(seed: Self.shapeHash(blueprint))
    hash.add(random.seed)
    shape = max(1, hash.value)
    samples = []
    earlier = nil
  }

  /// Reads the stored form; nil for what is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    if parts.count == 1 {
      guard text.utf8.count == 16, UInt64(text, radix: 16) != nil else { return nil }
      (shape, samples, earlier) = (0, [], text)
      return
    }
    guard parts.count == 3, parts[0] == "2", parts[1].utf8.count == 16,
      let shape = UInt64(parts[1], radix: 16), parts[2].utf8.count % 4 == 0,
      parts[2].utf8.count <= 1 << 20
    else { return nil }
    var samples: [UInt16] = []
    var digits = parts[2].utf8[...]
    while !digits.isEmpty {
      guard let sample = UInt16(Substring(digits.prefix(4)), radix: 16) else { return nil }
      samples.append(sample)
      digits = digits.dropFirst(4)
    }
    (self.shape, self.samples, earlier) = (shape, samples, nil)
  }

  /// The stored form: `2-<hash of the shape>-<samples>`, in hexadecimal digits.
  public var text: String {
    guard shape != 0 else { return earlier ?? "" }
    return "2-\(hexadecimal(shape))-"
      + samples.map { String(hexadecimal(UInt64($0)).suffix(4)) }.joined()
  }

  /// Sixteen digits for people.
  public var short: String {
    guard shape != 0 else { return earlier ?? "" }
    var hash = FNV1a()
    hash.add(text.utf8)
    return hash.digits
  }

  /// Whether two are of the same weights, up to how numbers are rounded.
  public func matches(_ other: Fingerprint) -> Bool {
    if shape == 0 || other.shape == 0 { return earlier == other.earlier }
    guard shape == other.shape, samples.count == other.samples.count else { return false }
    return zip(samples, other.samples).allSatisfy(areClose)
  }

  /// Spread over a tensor, and the same for every container.
  private static func places(_ entry: Blueprint.Entry) -> [Int] {
    let count = entry.shape.reduce(1, *)
    guard count > 0 else { return [] }
    return (0..<samplesPerTensor).map { index in
      var hash = FNV1a()
      hash.add("\(entry.path) \(index)".utf8)
      return Int(hash.value % UInt64(count))
    }
  }

  private static func shapeHash(_ blueprint: Blueprint) -> UInt64 {
    var hash = FNV1a()
    hash.add(blueprint.traits.modelType.utf8)
    hash.add("\(blueprint.traits.heads)".utf8)
    for entry in blueprint.entries where !entry.isOptional {
      hash.add("\(entry.path) \(entry.shape)".utf8)
    }
    return max(1, hash.value)
  }
}

/// To the nearest bfloat16, ties to even.
private func rounded(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// Whether two are one step apart at most, as rounding twice makes them; what f16 has no digits for
/// counts as zero.
private func areClose(_ a: UInt16, _ b: UInt16) -> Bool {
  func number(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }
  let (x, y) = (number(a), number(b))
  let smallest: Float = 0x1p-24
  return x.isFinite && y.isFinite && abs(x - y) <= max(max(abs(x), abs(y)) * 0x1p-7, smallest)
}

private func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// What versions before this stored for BERT, so that their adapters still find their base.
///
/// The first 1,024 scalars of the query and the output of the first and last layer.
private func earlierFingerprint(_ checkpoint: Checkpoint, _ blueprint: Blueprint) throws -> String?
{
  let traits = blueprint.traits
  guard traits.modelType == "bert" else { return nil }
  var hash = FNV1a()
  hash.add(
    "bert \(traits.width) \(traits.layers) \(traits.heads) \(traits.intermediate) \(traits.vocabulary)"
      .utf8)
  for layer in Set([0, traits.layers - 1]).sorted() {
    for name in ["attention.self.query.weight", "output.dense.weight"] {
      let path = "bert.encoder.layer.\(layer).\(name)"
      let stored = blueprint.entries.first { $0.path == path }?.spellings.lazy.compactMap {
        checkpoint.tensors[$0]
      }.first
      guard let stored else { return nil }
      let count = min(1_024, stored.count)
      let scalars = try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
        try stored.copyFloats(
          from: 0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        filled = count
      }
      for scalar in scalars {
        withUnsafeBytes(of: scalar.bitPattern.littleEndian) { hash.add($0) }
      }
    }
  }
  return hexadecimal(hash.value)
}
