/// How a transfer shows itself: a bar on a terminal, nothing elsewhere.
import Files
import HubClient
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A line on standard error, told from any thread.
///
///     pull lab/sst2 ━━━━━━━━━──────── 61 % 2.2 MB of 3.6 MB 12.1 MB/s 0:07 left
final class TransferProgress: Sendable {
  private struct State {
    var done = 0
    var total = 0
    var shown: ContinuousClock.Instant?
    var isOpen = false
  }

  private let title: String
  private let isShown: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ title: String, isQuiet: Bool = false) {
    self.title = escaped(title, limit: 60)
    isShown = !isQuiet && isatty(STDERR_FILENO) == 1
  }

  func show(_ event: PullEvent) {
    switch event {
    case .planned(_, let bytes): plan(bytes)
    case .received(let bytes): add(bytes)
    case .finished: break
    }
  }

  func show(_ event: PushEvent) {
    switch event {
    case .planned(_, let bytes): plan(bytes)
    case .sent(let bytes): add(bytes)
    }
  }

  /// Takes the bar away.
  func finish() {
    state.withLock { state in
      if state.isOpen { writeTerminal("\r\u{1B}[K") }
      state.isOpen = false
    }
  }

  /// Several transfers may share one bar.
  private func plan(_ bytes: Int) { state.withLock { $0.total += bytes } }

  private func add(_ bytes: Int) {
    state.withLock { state in
      state.done += bytes
      let now = ContinuousClock.now
      guard isShown, state.shown.map({ $0.duration(to: now) > .milliseconds(100) }) ?? true else {
        return
      }
      state.shown = now
      state.isOpen = true
      writeTerminal("\r\u{1B}[K" + bar(state, seconds: start.duration(to: now).seconds))
    }
  }

  private func bar(_ state: State, seconds: Double) -> String {
    let part = min(1, max(0, Double(state.done) / Double(max(1, state.total))))
    let full = Int(part * 20)
    let drawn = String(repeating: "━", count: full) + String(repeating: "─", count: 20 - full)
    let rate = Double(max(0, state.done)) / max(seconds, 1e-3)
    let soFar =
      "\(title) \(drawn) \(Int(part * 100)) % \(byteText(max(0, state.done))) of "
      + byteText(state.total)
    // Nothing can be said of the time before anything has come.
    guard rate >= 1 else { return soFar }
    let left = Double(max(0, state.total - state.done)) / rate
    return soFar + " \(byteText(Int(rate)))/s \(clockText(left)) left"
  }
}
