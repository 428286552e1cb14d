/// Counts requests per caller and says no to more than a window holds.
internal import HTTPTypes
internal import Synchronization

/// Fixed windows of time, one per caller and kind of request.
final class RateLimiter: Sendable {
  enum Kind: String, Sendable { case api, resolvers }

  private struct Window {
    var start: Int
    var count: Int
  }

  private let rates: Rates
  private let windows = Mutex<[String: Window]>([:])

  init(_ rates: Rates) { self.rates = rates }

  /// Counts a request; nil where it is within the limit, else the refusal.
  func refusal(_ kind: Kind, caller: Caller, address: String) -> Problem? {
    guard rates.isLimited else { return nil }
    var quota = kind == .api ? rates.calls : rates.files
    if caller.account == nil { quota = max(1, Int(Double(quota) * rates.anonymousShare)) }
    let key = "\(kind.rawValue) \(caller.account.map { "account \($0.id)" } ?? address)"
    let now = Moment().seconds
    let window = windows.withLock { windows in
      if windows.count > 100_000 {
        windows = windows.filter { now - $0.value.start < rates.windowSeconds }
      }
      var window = windows[key] ?? Window(start: now, count: 0)
      if now - window.start >= rates.windowSeconds { window = Window(start: now, count: 0) }
      window.count += 1
      windows[key] = window
      return window
    }
    guard window.count > quota else { return nil }
    let rest = max(1, window.start + rates.windowSeconds - now)
    var headers: HTTPFields = [.retryAfter: "\(rest)"]
    headers[.rateLimit] = "\"\(kind.rawValue)\";r=0;t=\(rest)"
    headers[.rateLimitPolicy] =
      "\"fixed window\";\"\(kind.rawValue)\";q=\(quota);w=\(rates.windowSeconds)"
    return Problem(
      .tooManyRequests,
      "Too many requests: \(quota) are allowed in \(rates.windowSeconds) seconds; "
        + "try again in \(rest)", headers: headers)
  }
}
