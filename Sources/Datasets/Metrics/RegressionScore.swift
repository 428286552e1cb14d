/// How well numbers were predicted, by the definitions of SciPy and scikit-learn.
public struct RegressionScore: Sendable, Equatable {
  public let meanSquaredError: Double
  /// Linear correlation; nil where it is undefined, as for constant predictions.
  public let pearson: Double?
  /// Correlation of the ranks, ties sharing their mean rank; nil where it is undefined.
  public let spearman: Double?

  public init(predictions: [Double], labels: [Double]) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels")
    let squares = zip(predictions, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    meanSquaredError = labels.isEmpty ? 0 : squares / Double(labels.count)
    pearson = correlation(predictions, labels)
    spearman = correlation(ranks(predictions), ranks(labels))
  }
}

private func correlation(_ x: [Double], _ y: [Double]) -> Double? {
  let (centredX, centredY) = (centred(x), centred(y))
  let (lengthX, lengthY) = (dot(centredX, centredX), dot(centredY, centredY))
  guard lengthX > 0, lengthY > 0, lengthX.isFinite, lengthY.isFinite else { return nil }
  // Rounding may exceed the bounds by a little.
  return min(max(dot(centredX, centredY) / (lengthX.squareRoot() * lengthY.squareRoot()), -1), 1)
}

private func centred(_ x: [Double]) -> [Double] {
  let mean = x.reduce(0, +) / Double(max(x.count, 1))
  return x.map { $0 - mean }
}

private func dot(_ x: [Double], _ y: [Double]) -> Double {
  zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
}

/// The rank of each value from 1; equal values share the mean of their ranks.
private func ranks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for index in order[start..<end] { ranks[index] = Double(start + 1 + end) / 2 }
    start = end
  }
  return ranks
}
