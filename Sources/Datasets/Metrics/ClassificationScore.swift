/// How well one class per row was predicted, by the definitions of scikit-learn.
///
/// Where a ratio has nothing below its line (a class never predicted, a single class), it is zero.
public struct ClassificationScore: Sendable, Equatable {
  /// The share of rows predicted right; the micro-averaged F1 is the same number.
  public let accuracy: Double
  /// The unweighted mean of F1 over the classes that occur.
  public let macroF1: Double
  /// Matthews correlation: 1 perfect, 0 as good as chance.
  public let matthews: Double

  /// - Parameters:
  ///   - predictions: a class index for each row.
  ///   - labels: the true class of each row.
  public init(predictions: some Collection<Int>, labels: some Collection<Int>) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels")
    let predicted = tally(predictions)
    let actual = tally(labels)
    let right = tally(zip(predictions, labels).lazy.filter { $0.0 == $0.1 }.map(\.0))
    let classes = Set(predicted.keys).union(actual.keys).sorted()
    let hits = right.values.reduce(0, +)
    accuracy = ratio(hits, labels.count)

    let f1 = classes.map {
      ratio(2 * right[$0, default: 0], predicted[$0, default: 0] + actual[$0, default: 0])
    }
    macroF1 = classes.isEmpty ? 0 : f1.reduce(0, +) / Double(classes.count)

    // The correlation of the one-hot vectors, in counts (Gorodkin, 2004).
    let total = Double(labels.count)
    func product(_ a: [Int: Int], _ b: [Int: Int]) -> Double {
      classes.reduce(0) { $0 + Double(a[$1, default: 0]) * Double(b[$1, default: 0]) }
    }
    let covariance = Double(hits) * total - product(predicted, actual)
    let spread =
      (total * total - product(predicted, predicted)) * (total * total - product(actual, actual))
    matthews = spread > 0 ? covariance / spread.squareRoot() : 0
  }
}

/// How well sets of classes were predicted, by the definitions of scikit-learn.
public struct MultiLabelScore: Sendable, Equatable {
  /// F1 over all decisions together.
  public let microF1: Double
  /// The share of rows whose whole set is right.
  public let subsetAccuracy: Double

  public init(predictions: some Collection<Set<Int>>, labels: some Collection<Set<Int>>) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels")
    var (hits, decisions, exact) = (0, 0, 0)
    for (predicted, actual) in zip(predictions, labels) {
      hits += predicted.intersection(actual).count
      decisions += predicted.count + actual.count
      if predicted == actual { exact += 1 }
    }
    microF1 = ratio(2 * hits, decisions)
    subsetAccuracy = ratio(exact, labels.count)
  }
}

/// A share, zero of nothing.
func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }

/// How often each comes.
private func tally(_ classes: some Sequence<Int>) -> [Int: Int] {
  Dictionary(classes.map { ($0, 1) }, uniquingKeysWith: +)
}
