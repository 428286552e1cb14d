/// A picture of a training: loss and metric over the steps, as SVG.

/// Draws the log; readable on light and dark backgrounds, and without a program but a browser.
struct TrainingChart {
  let log: [TrainingRecord]

  private let width = 720.0
  private let height = 320.0
  private let left = 56.0
  private let right = 56.0
  private let top = 34.0
  private let bottom = 40.0

  var svg: String {
    let steps = log.filter { !$0.isEvaluation && $0.loss.isFinite }
    let epochs = log.filter { $0.metrics.first?.value.isFinite ?? false }
    let last = Double(max(1, log.map(\.step).max() ?? 1))
    let highest = max(1e-9, smoothed(steps.map(\.loss)).max() ?? 1)
    let metric = epochs.first?.metrics.first?.name
    func x(_ step: Int) -> Double { left + Double(step) / last * (width - left - right) }
    func y(_ part: Double) -> Double {
      top + (1 - min(1, max(0, part))) * (height - top - bottom)
    }
    var shapes: [String] = []
    for tick in 0...4 {
      let part = Double(tick) / 4
      let line = y(part)
      shapes.append(
        "<path class=\"grid\" d=\"M\(number(left)) \(number(line))H\(number(width - right))\"/>")
      shapes.append(label(left - 8, line + 4, "end", number(highest * part)))
      if metric != nil { shapes.append(label(width - right + 8, line + 4, "start", number(part))) }
      let step = Int((last * part).rounded())
      shapes.append(label(x(step), height - 18, "middle", "\(step)"))
    }
    let losses = smoothed(steps.map(\.loss))
    shapes.append(
      line("loss", zip(steps, losses).map { (x($0.0.step), y($0.1 / highest)) }))
    let scores = epochs.map { (x($0.step), y($0.metrics.first?.value ?? 0)) }
    shapes.append(line("metric", scores))
    shapes += scores.map {
      "<circle class=\"metric\" cx=\"\(number($0.0))\" cy=\"\(number($0.1))\" r=\"3.5\"/>"
    }
    shapes.append(label(left, 18, "start", "loss", class: "loss"))
    if let metric {
      shapes.append(label(width - right, 18, "end", "dev \(escaped(metric))", class: "metric"))
    }
    shapes.append(label(width / 2, height - 5, "middle", "step"))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      role="img" aria-label="Loss and metric over the steps of the training">
      <style>
      text { font: 12px system-ui, sans-serif; fill: #6b7280; font-variant-numeric: tabular-nums }
      path { fill: none; stroke-width: 2; stroke-linejoin: round }
      .grid { stroke: #9ca3af; stroke-opacity: .3; stroke-width: 1 }
      path.loss { stroke: #2563eb } text.loss { fill: #2563eb; font-weight: 600 }
      path.metric { stroke: #ea580c } circle.metric { fill: #ea580c }
      text.metric { fill: #ea580c; font-weight: 600 }
      @media (prefers-color-scheme: dark) { text { fill: #9ca3af } path.loss { stroke: #60a5fa } \
      text.loss { fill: #60a5fa } }
      </style>
      \(shapes.joined(separator: "\n"))
      </svg>

      """
  }

  private func line(_ name: String, _ points: [(Double, Double)]) -> String {
    guard points.count > 1 else { return "" }
    let path = points.map { "\(number($0.0)) \(number($0.1))" }.joined(separator: "L")
    return "<path class=\"\(name)\" d=\"M\(path)\"/>"
  }

  private func label(
    _ x: Double, _ y: Double, _ anchor: String, _ text: String, class name: String = "tick"
  ) -> String {
    "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">"
      + "\(text)</text>"
  }

  /// A running mean, because the loss of single batches jumps.
  private func smoothed(_ values: [Double]) -> [Double] {
    let weight = min(0.9, Double(values.count) / 200)
    var mean: Double?
    return values.map { value in
      let next = mean.map { $0 * weight + value * (1 - weight) } ?? value
      mean = next
      return next
    }
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
  }

  /// At most two digits after the point; a loss may be as large as floats are.
  private func number(_ value: Double) -> String {
    guard abs(value) < 1e6 else { return "\(value)" }
    let hundredths = Int((value * 100).rounded())
    let (whole, part) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let fraction =
      part == 0 ? "" : part % 10 == 0 ? ".\(part / 10)" : part < 10 ? ".0\(part)" : ".\(part)"
    return (hundredths < 0 ? "-" : "") + "\(whole)\(fraction)"
  }
}
