/// How fresh tensors begin.
public import Tensors

/// A distribution of initial values, in the words of `torch.nn.init`.
public enum Initializer: Sendable, Equatable {
  case zeros
  case ones
  case normal(deviation: Float)
  /// Normal, redrawn outside `±bound`.
  case truncatedNormal(deviation: Float, bound: Float)
  /// Uniform within `±bound`.
  case uniform(bound: Float)
  /// −1 on the diagonal, else 0.
  case negativeDiagonal
  /// A square matrix with orthogonal rows of length 1.
  case orthogonal
  /// `kaiming_uniform_(a: √5)`: uniform within `±1/√inputs`.
  case kaimingUniform(inputs: Int)

  /// Fresh values; the same for the same seed and stream on every machine.
  public func tensor(_ shape: [Int], _ random: Random, stream: String) -> Tensor {
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .full(1, shape: shape)
    case .normal(let deviation): return random.normal(shape, stream: stream) * deviation
    case .kaimingUniform(let inputs):
      return Initializer.uniform(bound: 1 / Float(max(1, inputs)).squareRoot()).tensor(
        shape, random, stream: stream)
    case .uniform(let bound):
      return random.uniform(shape, stream: stream) * (2 * bound) + .full(-bound, shape: shape)
    case .negativeDiagonal:
      let width = shape.last ?? 1
      return Tensor(
        (0..<shape.reduce(1, *)).map { $0 / width == $0 % width ? -1 : 0 }, shape: shape)
    case .orthogonal: return orthogonalMatrix(shape.last ?? 1, random, stream: stream)
    case .truncatedNormal(let deviation, let bound):
      var scalars = (random.normal(shape, stream: stream) * deviation).scalars
      var attempt = 0
      while let first = scalars.firstIndex(where: { abs($0) > bound }) {
        attempt += 1
        let redrawn = (random.normal(shape, stream: "\(stream)/\(attempt)") * deviation).scalars
        for i in first..<scalars.count where abs(scalars[i]) > bound { scalars[i] = redrawn[i] }
      }
      return Tensor(scalars, shape: shape)
    }
  }
}

/// A random orthogonal matrix, `[size, size]`.
///
/// Two rounds of small random rotations, each of every √size-th row, spread a row over all columns; one
/// rotation of everything would take size³ steps.
private func orthogonalMatrix(_ size: Int, _ random: Random, stream: String) -> Tensor {
  var rows = (0..<size).map { row in (0..<size).map { $0 == row ? Float(1) : 0 } }
  let block = max(1, Int(Double(size).squareRoot().rounded(.up)))
  let order = random.permutation(size, stream: "\(stream)/order")
  for (round, order) in [Array(0..<size), order].enumerated() {
    for start in stride(from: 0, to: size, by: block) {
      let members = order[start..<min(start + block, size)]
      let rotation = orthonormalRows(members.count, random, "\(stream)/\(round)/\(start)")
      let before = members.map { rows[$0] }
      for (i, member) in members.enumerated() {
        var sum = [Float](repeating: 0, count: size)
        for (j, row) in before.enumerated() {
          for column in 0..<size { sum[column] += rotation[i][j] * row[column] }
        }
        rows[member] = sum
      }
    }
  }
  return Tensor(rows.flatMap(\.self), shape: [size, size])
}

/// Random rows made orthonormal one after the other (Gram and Schmidt), in double precision.
private func orthonormalRows(_ size: Int, _ random: Random, _ stream: String) -> [[Float]] {
  let values = random.normal([size, size], stream: stream).scalars
  var rows: [[Double]] = []
  for i in 0..<size {
    var row = (0..<size).map { Double(values[i * size + $0]) }
    // Twice, because once loses digits.
    for _ in 0..<2 {
      for other in rows {
        let dot = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
        for k in 0..<size { row[k] -= dot * other[k] }
      }
    }
    let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    rows.append(norm > 0 ? row.map { $0 / norm } : row)
  }
  return rows.map { $0.map { Float($0) } }
}
