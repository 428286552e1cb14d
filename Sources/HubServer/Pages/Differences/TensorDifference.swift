/// How far the tensors of two files are from one another.
internal import Files
internal import Foundation

/// One tensor of two files.
struct TensorDifference: Sendable {
  enum Kind: Sendable, Equatable {
    case same
    /// The Euclidean distance, the distance as a part of the old norm, and the cosine between them.
    case changed(distance: Double, relative: Double, cosine: Double)
    case reshaped(old: [Int], new: [Int])
    case removed, added
  }

  let name: String
  let shape: [Int]
  let kind: Kind
}

/// Compares two safetensors files, in the order of the names.
///
/// - Throws: `FileFailure` for a file that cannot be read.
func tensorDifferences(_ old: String, _ new: String) throws -> [TensorDifference] {
  let (a, b) = (try TensorFile(safetensors: old).tensors, try TensorFile(safetensors: new).tensors)
  return try Set(a.keys).union(b.keys).sorted().map { name in
    switch (a[name], b[name]) {
    case (let before?, let after?):
      defer {
        before.releasePages()
        after.releasePages()
      }
      guard before.shape == after.shape else {
        return TensorDifference(
          name: name, shape: after.shape, kind: .reshaped(old: before.shape, new: after.shape))
      }
      return TensorDifference(
        name: name, shape: after.shape, kind: try distance(before, after))
    case (let before?, nil):
      return TensorDifference(name: name, shape: before.shape, kind: .removed)
    case (nil, let after):
      return TensorDifference(name: name, shape: after?.shape ?? [], kind: .added)
    }
  }
}

/// How far two tensors of one shape are from one another, block by block.
private func distance(_ before: StoredTensor, _ after: StoredTensor) throws
  -> TensorDifference.Kind
{
  var isSame = true
  var (squares, ofA, ofB, product) = (0.0, 0.0, 0.0, 0.0)
  for start in before.blockStarts {
    let (a, b) = (try before.block(from: start), try after.block(from: start))
    isSame = isSame && a == b
    // Also of equal blocks: others may differ, and then these are part of the norms.
    for (one, other) in zip(a, b) {
      let (x, y) = (Double(one), Double(other))
      squares += (x - y) * (x - y)
      ofA += x * x
      ofB += y * y
      product += x * y
    }
  }
  guard !isSame else { return .same }
  let norms = (ofA * ofB).squareRoot()
  return .changed(
    distance: squares.squareRoot(), relative: ofA > 0 ? (squares / ofA).squareRoot() : .infinity,
    cosine: norms > 0 ? product / norms : 0)
}
