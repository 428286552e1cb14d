/// Counts requests per caller and says no to more than a window holds.
internal import HTTPTypes
internal import Synchronization

/// Fixed windows of time, one per caller and kind of request.
final class RateLimiter: Sendable {
  enum Kind: String, Sendable {
    case api, resolvers
    /// Guesses of passwords and the like.
    case signIn
  }

  private struct Window {
    var start: Int
    var count: Int
  }

  private let rates: Rates
  private let windows = Mutex<[String: Window]>([:])

  private let nextSweep = Atomic<Int>(0)

  init(_ rates: Rates) { self.rates = rates }

  /// Counts without refusing: whether there were more than a window holds.
  func isOver(_ kind: Kind, address: String) -> Bool {
    do {
      _ = try count(kind, caller: .anyone, address: address)
      return false
    } catch {
      return true
    }
  }

  /// Counts a request.
  ///
  /// The headers tell clients how many requests are left, so that they can wait by themselves.
  ///
  /// - Throws: `Problem` where the caller has none left.
  func count(_ kind: Kind, caller: Caller, address: String) throws -> HTTPFields {
    guard rates.isLimited else { return [:] }
    var quota =
      switch kind {
      case .api: rates.calls
      case .resolvers: rates.files
      case .signIn: rates.signIns
      }
    if caller.account == nil, kind != .signIn {
      quota = max(1, Int(Double(quota) * rates.anonymousShare))
    }
    let key = "\(kind.rawValue) \(caller.account.map { "account \($0.id)" } ?? address)"
    let now = Moment().seconds
    let window = windows.withLock { windows in
      // What is over is forgotten, also where callers are few.
      if windows.count > 1000, now >= nextSweep.load(ordering: .relaxed) {
        windows = windows.filter { now - $0.value.start < rates.windowSeconds }
        nextSweep.store(now + max(1, rates.windowSeconds / 4), ordering: .relaxed)
      }
      var window = windows[key] ?? Window(start: now, count: 0)
      if now - window.start >= rates.windowSeconds { window = Window(start: now, count: 0) }
      window.count += 1
      windows[key] = window
      return window
    }
    let rest = max(1, window.start + rates.windowSeconds - now)
    var headers: HTTPFields = [:]
    headers[.rateLimit] = "\"\(kind.rawValue)\";r=\(max(0, quota - window.count));t=\(rest)"
    headers[.rateLimitPolicy] =
      "\"fixed window\";\"\(kind.rawValue)\";q=\(quota);w=\(rates.windowSeconds)"
    guard window.count > quota else { return headers }
    headers[.retryAfter] = "\(rest)"
    throw Problem(
      .tooManyRequests,
      "Too many requests: \(quota) are allowed in \(rates.windowSeconds) seconds; "
        + "try again in \(rest)", headers: headers)
  }
}
