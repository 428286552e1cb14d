/// Small readings of outputs and scores that tasks share.
internal import Tensors

extension [Float] {
  /// The first of the largest; NaN is never largest.
  var indexOfLargest: Int {
    indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 }
  }
}

extension Tensor {
  var rowsOfScalars: [[Float]] {
    withScalars { scalars in
      (0..<rows).map { Array(scalars[$0 * width..<($0 + 1) * width]) }
    }
  }
}

/// Words with their scores in a line: `good 0.731, bad 0.269`.
func answerLine(_ parts: [(text: String, score: Float)]) -> String {
  guard !parts.isEmpty else { return "nothing" }
  return parts.map { "\($0.text) \(rounded($0.score))" }.joined(separator: ", ")
}

/// A number with three digits after the point.
private func rounded(_ score: Float) -> String {
  let thousandths = (Double(score) * 1000).rounded()
  guard thousandths.isFinite, abs(thousandths) < 1e15 else { return "\(score)" }
  let whole = Int(abs(thousandths))
  let digits = String(whole % 1000)
  return (thousandths < 0 ? "-" : "") + "\(whole / 1000)."
    + String(repeating: "0", count: 3 - digits.count) + digits
}
