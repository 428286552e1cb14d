/// What the one who runs a hub can ask of it, from the machine itself.
internal import Foundation

/// A request of the command line; the same whether the hub runs or not.
public enum AdminRequest: Codable, Sendable {
  case createUser(name: String, isAdministrator: Bool, email: String?)
  case removeUser(name: String)
  case resetPassword(name: String)
  case makeResetLink(name: String, days: Int)
  case listUsers
  case createOrganisation(name: String, owner: String?)
  case removeOrganisation(name: String)
  case setRole(organisation: String, user: String, role: String?)
  case setQuota(name: String, bytes: Int?)
  case createToken(user: String, name: String, scope: String, repository: String?, days: Int?)
  case listTokens(user: String)
  case revokeTokens(user: String, which: String?)
  case alias(name: String, repository: String?)
  case audit(after: Int64, limit: Int)
  case check(isDeep: Bool)
  case collectGarbage(graceSeconds: Double, isDryRun: Bool)
  case importCatalogue(path: String)
  case backUp(path: String)
  case restore(path: String, isReplacing: Bool)
}

extension AdminRequest {
  /// Whether it is something to begin with, where there is no hub yet.
  var makesHub: Bool {
    switch self {
    case .createUser, .createOrganisation, .restore: true
    default: false
    }
  }
}

/// What came of it.
public struct AdminAnswer: Codable, Sendable {
  /// Whether all is as it should be; `check` may say no.
  public var isGood = true
  /// For people, line by line.
  public var lines: [String] = []
  /// For programs: JSON.
  public var json = "{}"
  /// The one value that scripts want, where there is one.
  public var secret: String?

  public init() {}
}
