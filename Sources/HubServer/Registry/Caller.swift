/// Who asks, and what they may do.

/// The one who makes a request.
struct Caller: Sendable, Equatable {
  enum Scope: String, Sendable { case read, write }

  /// None for somebody without a token.
  var account: Account?
  var scope: Scope = .read
  /// The one repository a token is for, where it is for one.
  var onlyRepository: Int64?
  /// Roles by organisation.
  var roles: [Int64: Role] = [:]
  var tokenID: Int64?
  var tokenName = ""
  var tokenCreatedAt = Moment(milliseconds: 0)
  var expiresAt: Moment?
  /// The session of a browser, where the caller has no token.
  var sessionID: Int64?
  /// Whether the password is one to be used once, and another has to be chosen first.
  var mustChangePassword = false

  static let anyone = Caller()

  /// The one who administers on the machine itself.
  static let operatorOfTheHub = "operator"

  var name: String { account?.name ?? "anyone" }

  /// What the caller may do with a repository.
  func level(_ repository: Repository) -> Level {
    let open: Level = repository.isPrivate ? .nothing : .read
    guard let account else { return open }
    // A token for one repository is nobody's elsewhere.
    if let onlyRepository, onlyRepository != repository.id { return open }
    var level: Level = open
    if account.isAdministrator || repository.ownerID == account.id {
      level = .admin
    } else if let role = roles[repository.ownerID] {
      switch role {
      case .read: level = .read
      case .contributor: level = repository.creatorID == account.id ? .write : .read
      case .write: level = .write
      case .admin: level = .admin
      }
    }
    return scope == .read ? min(level, .read) : level
  }

  /// Whether the caller may create repositories in an account's name.
  func mayCreate(in owner: Account) -> Bool {
    guard let account, scope == .write, onlyRepository == nil else { return false }
    return account.isAdministrator || owner.id == account.id
      || (roles[owner.id] ?? .read) >= .contributor
  }

  /// Whether the caller may change an organisation.
  func administers(_ owner: Account) -> Bool {
    guard let account, scope == .write, onlyRepository == nil else { return false }
    return account.isAdministrator || owner.id == account.id || roles[owner.id] == .admin
  }

  /// The accounts whose private repositories the caller may see; nil when all of them.
  ///
  /// A token for one repository sees that one alone, which the search adds by its id.
  var visibleOwners: [Int64]? {
    guard account != nil, onlyRepository == nil else { return [] }
    return ownersInReach
  }

  /// The accounts whose private repositories the caller's account may see; nil when all of them.
  var ownersInReach: [Int64]? {
    guard let account else { return [] }
    return account.isAdministrator ? nil : [account.id] + roles.keys.sorted()
  }
}
