/// How well one class per row was predicted, by the definitions of scikit-learn.
///
/// Counts alone are kept, so that rows may be added for ever. Where a ratio has nothing below its line
/// (a class never predicted, a single class), it is zero.
public struct ClassificationScore: Sendable, Equatable {
  /// How often each class was predicted, was right, and was both.
  private var predicted: [Int: Int] = [:]
  private var actual: [Int: Int] = [:]
  private var hits: [Int: Int] = [:]
  private var count = 0

  public init() {}

  /// - Parameters:
  ///   - predictions: a class index for each row.
  ///   - labels: the true class of each row.
  public init(predictions: some Collection<Int>, labels: some Collection<Int>) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels")
    for (prediction, label) in zip(predictions, labels) { add(prediction, label: label) }
  }

  /// Counts a row.
  public mutating func add(_ prediction: Int, label: Int) {
    predicted[prediction, default: 0] += 1
    actual[label, default: 0] += 1
    if prediction == label { hits[label, default: 0] += 1 }
    count += 1
  }

  /// The share of rows predicted right; the micro-averaged F1 is the same number.
  public var accuracy: Double { ratio(hits.values.reduce(0, +), count) }

  /// The unweighted mean of F1 over the classes that occur.
  public var macroF1: Double {
    let f1 = classes.map {
      ratio(2 * hits[$0, default: 0], predicted[$0, default: 0] + actual[$0, default: 0])
    }
    return f1.isEmpty ? 0 : f1.reduce(0, +) / Double(f1.count)
  }

  /// Matthews correlation: 1 perfect, 0 as good as chance.
  public var matthews: Double {
    // The correlation of the one-hot vectors, in counts (Gorodkin, 2004).
    let total = Double(count)
    func product(_ a: [Int: Int], _ b: [Int: Int]) -> Double {
      classes.reduce(0) { $0 + Double(a[$1, default: 0]) * Double(b[$1, default: 0]) }
    }
    let right = Double(hits.values.reduce(0, +))
    let covariance = right * total - product(predicted, actual)
    let spread =
      (total * total - product(predicted, predicted)) * (total * total - product(actual, actual))
    return spread > 0 ? covariance / spread.squareRoot() : 0
  }

  private var classes: [Int] { Set(predicted.keys).union(actual.keys).sorted() }
}

/// How well sets of classes were predicted, by the definitions of scikit-learn.
public struct MultiLabelScore: Sendable, Equatable {
  private var hits = 0
  private var decisions = 0
  private var exact = 0
  private var count = 0

  public init() {}

  public init(predictions: some Collection<Set<Int>>, labels: some Collection<Set<Int>>) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels")
    for (prediction, label) in zip(predictions, labels) { add(prediction, label: label) }
  }

  /// Counts a row.
  public mutating func add(_ prediction: Set<Int>, label: Set<Int>) {
    hits += prediction.intersection(label).count
    decisions += prediction.count + label.count
    if prediction == label { exact += 1 }
    count += 1
  }

  /// F1 over all decisions together.
  public var microF1: Double { ratio(2 * hits, decisions) }

  /// The share of rows whose whole set is right.
  public var subsetAccuracy: Double { ratio(exact, count) }
}

/// A share, zero of nothing.
func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
