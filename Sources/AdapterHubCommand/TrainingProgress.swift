/// How a training shows itself: a bar on a terminal, a line per epoch elsewhere.
import Adapters
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A line of progress on standard error.
///
///     epoch 2/3 ━━━━━━━━━──────── 61 % step 120/198 loss 0.213 41,200 tokens/s 0:07 left
struct TrainingProgress {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let isQuiet: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let firstStep: Int
  private var shown: ContinuousClock.Instant?
  private var tokens = 0
  private var loss: Double?
  private var isOpen = false

  init(_ training: Training, isQuiet: Bool) {
    self.isQuiet = isQuiet
    start = clock.now
    firstStep = training.step
  }

  mutating func show(_ training: Training, _ records: [TrainingRecord]) {
    for record in records where !record.isEvaluation {
      tokens += record.tokens ?? 0
      if record.loss.isFinite { loss = loss.map { $0 * 0.9 + record.loss * 0.1 } ?? record.loss }
      if record.isSkipped {
        finish()
        writeError("step \(record.step): the gradient is not finite; the update is left out\n")
      }
    }
    guard !isQuiet else { return }
    let now = clock.now
    let isDue = shown.map { $0.duration(to: now) > .milliseconds(100) } ?? true
    if isTerminal, isDue || training.isFinished {
      shown = now
      writeTerminal("\r\u{1B}[K" + bar(training, start.duration(to: now).seconds))
      isOpen = true
    }
    for record in records where record.isEvaluation {
      finish()
      let metrics = record.metrics.map { "\($0.name) \($0.value.formatted(digits: 4))" }
      writeError(
        "epoch \(record.epoch)  loss \((loss ?? 0).formatted(digits: 4))  dev loss "
          + "\(record.loss.formatted(digits: 4))  \(metrics.joined(separator: "  "))\n")
    }
  }

  /// Takes the bar away, so that a line can be written.
  mutating func finish() {
    if isOpen { writeTerminal("\r\u{1B}[K") }
    isOpen = false
  }

  private func bar(_ training: Training, _ seconds: Double) -> String {
    let part = Double(training.step) / Double(max(1, training.totalSteps))
    let done = training.step - firstStep
    let left = seconds / Double(max(1, done)) * Double(training.totalSteps - training.step)
    let rate = Double(tokens) / max(seconds, 1e-9)
    let cells = 20
    let full = Int(part * Double(cells))
    let drawn = String(repeating: "━", count: full) + String(repeating: "─", count: cells - full)
    let epoch = training.currentEpoch
    return
      "epoch \(epoch)/\(training.settings.epochs) \(drawn) \(Int(part * 100)) % "
      + "step \(training.step)/\(training.totalSteps) loss \((loss ?? 0).formatted(digits: 3)) "
      + "\(Int(rate).grouped) tokens/s \(clockText(left)) left"
  }
}

/// Seconds as `1:02:03` or `2:03`.
func clockText(_ seconds: Double) -> String {
  let total = Int(min(max(0, seconds.isFinite ? seconds.rounded() : 0), 1e7))
  let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
  func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
  return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
}
