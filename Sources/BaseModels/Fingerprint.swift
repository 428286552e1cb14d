/// What tells one base model's weights from another's.
internal import Files
internal import Tensors

/// A hash over the sizes and a fixed sample of the weights: 16 hexadecimal digits.
///
/// The sample is the first 1,024 scalars of four tensors that every fine-tuning changes: the query
/// and the output of the first and last layer. So it takes microseconds, and is the same for every
/// container and every spelling of the same checkpoint.
func fingerprint(_ d: Dimensions, _ source: Weights.Source, prefix: String) throws -> String {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }
  add(
    "\(d.modelType) \(d.width) \(d.layers) \(d.heads) \(d.intermediate) \(d.vocabulary)".utf8)
  let weights = Weights(source, prefix: prefix)
  for layer in Set([0, d.layers - 1]).sorted() {
    let place = weights / "encoder" / "layer" / layer
    for (path, shape) in [
      ("attention.self.query.weight", [d.width, d.width]),
      ("output.dense.weight", [d.width, d.intermediate]),
    ] {
      try place.tensor(path, shape: shape).withScalars { scalars in
        for scalar in scalars.prefix(1_024) {
          withUnsafeBytes(of: scalar.bitPattern.littleEndian) { add($0) }
        }
      }
    }
  }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
