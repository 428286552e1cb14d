/// Letting in a program that has no browser (RFC 8628): it shows a code, its user types it elsewhere.
internal import Crypto
internal import Files
internal import Foundation
internal import HTTPTypes
internal import Synchronization

/// Programs that wait to be let in; few minutes long, so in memory.
final class DeviceCodes: Sendable {
  static let minutes = 15
  /// How many seconds a program waits between two questions.
  static let interval = 5
  private static let limit = 10_000

  /// A program that asks, as its user sees it.
  struct Request: Sendable, Equatable {
    let userCode: String
    /// What the program calls itself.
    let client: String
    let address: String
    let createdAt: Moment
    fileprivate(set) var decision = Decision.none
    fileprivate var askedAt = Moment(milliseconds: 0)
    fileprivate var interval = DeviceCodes.interval
  }

  enum Decision: Sendable, Equatable {
    case none, denied
    /// Who allowed it, and in which session: what ends the session takes the permission back.
    case allowed(account: Int64, session: Int64, scope: Caller.Scope)
  }

  /// What a program hears when it asks.
  enum Answer: Sendable, Equatable {
    case pending, slowDown, denied, expired
    case allowed(account: Int64, session: Int64, scope: Caller.Scope, client: String)
  }

  /// By the SHA-256 of what the program keeps.
  private let requests = Mutex<[String: Request]>([:])

  /// - Parameters:
  ///   - client: what the program calls itself.
  ///   - address: where it is.
  /// - Returns: what the program keeps to itself, and what its user types.
  /// - Throws: `Problem` where too many wait already.
  func begin(client: String, address: String) throws -> (deviceCode: String, userCode: String) {
    let deviceCode = makeToken()
    let userCode = Self.makeUserCode()
    let now = Moment()
    try requests.withLock { requests in
      if requests.count >= Self.limit {
        requests = requests.filter { !Self.isOver($0.value, now) }
      }
      // One address must not take the places of all others.
      let ofAddress = requests.values.count { $0.address == address && !Self.isOver($0, now) }
      guard requests.count < Self.limit, ofAddress < Self.limit / 10 else {
        throw Problem(.serviceUnavailable, "Too many programs wait to be let in: try again later")
      }
      requests[hashOfToken(deviceCode)] = Request(
        userCode: userCode, client: client, address: address, createdAt: now)
    }
    return (deviceCode, userCode)
  }

  /// The program that shows a code, while nobody has decided about it.
  func request(userCode: String) -> Request? {
    let code = Self.normalised(userCode)
    return requests.withLock { requests in
      requests.values.first {
        $0.userCode == code && $0.decision == .none && !Self.isOver($0, Moment())
      }
    }
  }

  /// - Throws: `Problem` where nobody waits with this code any more.
  func decide(_ userCode: String, _ decision: Decision) throws {
    let code = Self.normalised(userCode)
    try requests.withLock { requests in
      guard
        let key = requests.first(where: {
          $0.value.userCode == code && $0.value.decision == .none
            && !Self.isOver($0.value, Moment())
        })?.key
      else { throw Problem.notFound("No program waits with the code \(quoted(userCode))") }
      requests[key]?.decision = decision
    }
  }

  /// Answers the program; a decision is told once.
  func poll(_ deviceCode: String, at now: Moment = Moment()) -> Answer {
    let key = hashOfToken(deviceCode)
    return requests.withLock { requests in
      guard var request = requests[key], !Self.isOver(request, now) else {
        requests[key] = nil
        return .expired
      }
      switch request.decision {
      case .denied:
        requests[key] = nil
        return .denied
      case .allowed(let account, let session, let scope):
        requests[key] = nil
        return .allowed(account: account, session: session, scope: scope, client: request.client)
      case .none:
        // A second of patience, as clocks and networks are not exact.
        let isEarly =
          now.milliseconds - request.askedAt.milliseconds < (request.interval - 1) * 1000
        if isEarly { request.interval += 5 }
        request.askedAt = now
        requests[key] = request
        return isEarly ? .slowDown : .pending
      }
    }
  }

  private static func isOver(_ request: Request, _ now: Moment) -> Bool {
    now.milliseconds - request.createdAt.milliseconds > Int64(minutes) * 60_000
  }

  /// Letters that make no words and are not mistaken for each other.
  private static let letters = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)

  private static func makeUserCode() -> String {
    let chosen = (0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] }
    return String(decoding: chosen[..<4] + [45] + chosen[4...], as: UTF8.self)
  }

  /// As it was shown, however it was typed.
  static func normalised(_ text: String) -> String {
    let typed = text.uppercased().utf8.filter { letters.contains($0) }
    guard typed.count == 8 else { return "" }
    return String(decoding: typed[..<4] + [45] + typed[4...], as: UTF8.self)
  }
}
