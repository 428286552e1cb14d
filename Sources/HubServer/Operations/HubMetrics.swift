/// What the hub counts about itself, in Prometheus' text.
internal import Synchronization

/// Counters and histograms, made for few writers' locks: one per request.
final class HubMetrics: Sendable {
  private struct Values {
    var requests: [String: Int] = [:]
    var seconds = [Int](repeating: 0, count: HubMetrics.bounds.count + 1)
    var secondsSum = 0.0
    var sentBytes = 0
    var receivedBytes = 0
    var inFlight = 0
    var commits = 0
    var refusals: [String: Int] = [:]
  }

  fileprivate static let bounds: [Double] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  private let values = Mutex(Values())
  private let start = ContinuousClock.now

  func begin() { values.withLock { $0.inFlight += 1 } }

  func end(method: String, route: String, status: Int, seconds: Double) {
    values.withLock { values in
      values.inFlight -= 1
      values.requests["method=\"\(method)\",route=\"\(route)\",status=\"\(status)\"", default: 0] +=
        1
      values.seconds[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
      values.secondsSum += seconds
    }
  }

  func sent(_ bytes: Int) { values.withLock { $0.sentBytes += bytes } }
  func received(_ bytes: Int) { values.withLock { $0.receivedBytes += bytes } }
  func commit() { values.withLock { $0.commits += 1 } }
  func refused(_ reason: String) { values.withLock { $0.refusals[reason, default: 0] += 1 } }

  /// What administrators see at a glance.
  struct Summary: Sendable {
    let uptimeSeconds: Double
    let requests: Int
    let failures: Int
    let inFlight: Int
    let commits: Int
    let sentBytes: Int
    let receivedBytes: Int
    /// Within which time 50 and 95 of 100 requests were answered, in seconds; nil above 10.
    let median, slow: Double?
    /// By status: how many requests were answered with it.
    let statuses: [(status: String, count: Int)]
  }

  var summary: Summary {
    let values = values.withLock { $0 }
    var statuses: [String: Int] = [:]
    for (labels, count) in values.requests {
      let status = labels.split(separator: "\"").last.map(String.init) ?? ""
      statuses[status, default: 0] += count
    }
    let total = values.seconds.reduce(0, +)
    func quantile(_ share: Double) -> Double? {
      var sum = 0
      for (index, count) in values.seconds.enumerated() where index < Self.bounds.count {
        sum += count
        if Double(sum) >= share * Double(total) { return Self.bounds[index] }
      }
      return nil
    }
    return Summary(
      uptimeSeconds: (ContinuousClock.now - start) / .seconds(1),
      requests: statuses.values.reduce(0, +),
      failures: statuses.filter { $0.key.hasPrefix("5") }.values.reduce(0, +),
      inFlight: values.inFlight, commits: values.commits, sentBytes: values.sentBytes,
      receivedBytes: values.receivedBytes, median: quantile(0.5), slow: quantile(0.95),
      statuses: statuses.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  /// The text that Prometheus reads.
  ///
  /// Gauges are more values of this moment: name, help, value.
  func text(_ gauges: [(name: String, help: String, value: Double)]) -> String {
    let values = values.withLock { $0 }
    var lines: [String] = []
    func metric(_ name: String, _ type: String, _ help: String, _ samples: [(String, String)]) {
      lines.append("# HELP adapterhub_\(name) \(help)")
      lines.append("# TYPE adapterhub_\(name) \(type)")
      for (labels, value) in samples { lines.append("adapterhub_\(name)\(labels) \(value)") }
    }
    metric(
      "requests_total", "counter", "Requests that were answered.",
      values.requests.sorted { $0.key < $1.key }.map { ("{\($0.key)}", "\($0.value)") })
    var (sum, buckets) = (0, [(String, String)]())
    for (index, count) in values.seconds.enumerated() {
      sum += count
      let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
      buckets.append(("_bucket{le=\"\(bound)\"}", "\(sum)"))
    }
    metric(
      "request_seconds", "histogram", "Time until an answer began.",
      buckets + [("_sum", "\(values.secondsSum)"), ("_count", "\(sum)")])
    metric("requests_in_flight", "gauge", "Requests being answered.", [("", "\(values.inFlight)")])
    metric("sent_bytes_total", "counter", "Bytes of files sent.", [("", "\(values.sentBytes)")])
    metric(
      "received_bytes_total", "counter", "Bytes of files received.",
      [("", "\(values.receivedBytes)")])
    metric("commits_total", "counter", "Commits that landed.", [("", "\(values.commits)")])
    metric(
      "refusals_total", "counter", "Requests refused, by reason.",
      values.refusals.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", "\($0.value)") })
    let uptime = (ContinuousClock.now - start) / .seconds(1)
    metric("uptime_seconds", "gauge", "Since the hub started.", [("", "\(uptime)")])
    for gauge in gauges { metric(gauge.name, "gauge", gauge.help, [("", "\(gauge.value)")]) }
    return lines.joined(separator: "\n") + "\n"
  }
}
