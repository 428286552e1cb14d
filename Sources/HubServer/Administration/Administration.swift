/// Carries out what the one who runs the hub asks.
internal import Files
internal import Foundation
internal import HubClient

struct Administration: Sendable {
  let hub: HubCore
  private var registry: any MetadataStore { hub.registry }
  private let actor = Caller.operatorOfTheHub

  init(_ hub: HubCore) { self.hub = hub }

  /// - Throws: `Problem` or `FileFailure` that says what was wrong.
  func answer(_ request: AdminRequest) async throws -> AdminAnswer {
    var answer = AdminAnswer()
    func say(_ line: String, _ json: JSON, secret: String? = nil) {
      answer.lines.append(line)
      answer.json = json.text(.compact)
      answer.secret = secret
    }
    switch request {
    case .createUser(let name, let isAdministrator, let email):
      let password = Password.make()
      let hash = try await onDisk { try Password.hash(password) }
      let user = try await registry.makeAccount(
        name, kind: .user, fullName: "", email: email, isAdministrator: isAdministrator,
        passwordHash: hash, by: actor)
      say(
        "Created \(user.name)\(isAdministrator ? ", an administrator" : ""). One-time password: "
          + password, ["name": .string(user.name), "password": .string(password)])
    case .resetPassword(let name):
      let password = Password.make()
      let hash = try await onDisk { try Password.hash(password) }
      try await registry.setPassword(hash, of: name, mustChange: true, by: actor)
      say(
        "One-time password of \(name): \(password)",
        ["name": .string(name), "password": .string(password)])
    case .makeResetLink(let name, let days):
      let account = try await registry.account(name)
      let secret = try await registry.makeLink(
        .reset, account: account, role: nil, days: days, by: actor)
      // Where the hub is for browsers, it may only know when it runs behind a name.
      let path = "\(hub.settings.publicURL ?? "")/reset/\(secret)"
      say(path, ["name": .string(account.name), "link": .string(path)], secret: path)
    case .removeUser(let name):
      try await registry.removeUser(name, by: actor)
      say("Removed \(name); repositories of theirs stay.", ["removed": .string(name)])
    case .listUsers:
      let accounts = try await registry.accounts()
      answer.lines = accounts.map { account in
        "\(account.name)  \(account.kind == .user ? "user" : "organisation")"
          + (account.isAdministrator ? ", administrator" : "")
      }
      answer.json = JSON.array(
        accounts.map { account in
          [
            "name": .string(account.name), "kind": .string(account.kind.rawValue),
            "administrator": .bool(account.isAdministrator),
            "created": .string(account.createdAt.text),
          ]
        }
      ).text(.compact)
    case .createOrganisation(let name, let owner):
      if let owner {
        guard try await registry.account(owner).kind == .user else {
          throw Problem.unprocessable("\(owner) is an organisation; a user must own it")
        }
      }
      let made = try await registry.makeAccount(name, kind: .organisation, by: actor)
      if let owner { try await registry.setRole(.admin, of: owner, in: name, by: actor) }
      say("Created the organisation \(made.name).", ["name": .string(made.name)])
    case .removeOrganisation(let name):
      let organisation = try await registry.account(name)
      try await registry.removeOrganisation(organisation, by: actor)
      say("Removed \(organisation.name).", ["removed": .string(organisation.name)])
    case .setRole(let organisation, let user, let roleName):
      let role = try roleName.map { name in
        guard let role = Role(rawValue: name) else {
          throw Problem.unprocessable("A role is read, contributor, write or admin")
        }
        return role
      }
      try await registry.setRole(role, of: user, in: organisation, by: actor)
      say(
        "\(user) \(role.map { "has the role \($0.rawValue) in" } ?? "is no longer in") \(organisation).",
        ["user": .string(user), "role": roleName.map { .string($0) } ?? .null])
    case .setQuota(let name, let bytes):
      try await registry.setQuota(bytes, of: name, by: actor)
      say(
        "\(name) may store \(bytes.map { "\($0) bytes" } ?? "as much as the hub allows").",
        ["name": .string(name), "bytes": bytes.map { .integer($0) } ?? .null])
    case .createToken(let user, let name, let scopeName, let repositoryName, let days):
      guard let scope = Caller.Scope(rawValue: scopeName) else {
        throw Problem.unprocessable("A scope is read or write")
      }
      var repository: Int64?
      if let repositoryName {
        let identifier = try RepositoryIdentifier(repositoryName)
        guard let known = try await registry.repository(identifier) else {
          throw Problem.notFound("There is no repository \(repositoryName)")
        }
        repository = known.repository.id
      }
      let token = try await registry.makeToken(
        for: user, name: name, scope: scope, repository: repository,
        expiresAt: days.map {
          Moment(milliseconds: Moment().milliseconds + Int64($0) * 86_400_000)
        }, by: actor)
      say(token, ["token": .string(token), "scope": .string(scopeName)], secret: token)
    case .listTokens(let user):
      let tokens = try await registry.tokens(of: user)
      answer.lines = tokens.map { token in
        "\(token.id)  \(token.prefix)…  \(token.scope.rawValue)  \(token.name)"
          + (token.repository.map { "  \($0)" } ?? "")
          + "  last used \(token.lastUsedAt?.text ?? "never")"
          + (token.expiresAt.map { "  until \($0.text)" } ?? "")
      }
      answer.json = JSON.array(
        tokens.map { token in
          [
            "id": .integer(Int(token.id)), "prefix": .string(token.prefix),
            "scope": .string(token.scope.rawValue), "name": .string(token.name),
            "repository": token.repository.map { .string($0) } ?? .null,
            "lastUsed": token.lastUsedAt.map { .string($0.text) } ?? .null,
            "expires": token.expiresAt.map { .string($0.text) } ?? .null,
          ]
        }
      ).text(.compact)
    case .revokeTokens(let user, let which):
      let count = try await registry.revokeTokens(of: user, matching: which, by: actor)
      guard count > 0 else { throw Problem.notFound("\(user) has no such token") }
      say(
        "Ended \(count) token\(count == 1 ? "" : "s") of \(user).", ["revoked": .integer(count)])
    case .alias(let name, let target):
      try await alias(name, target)
      say(
        target.map { "\(name) leads to \($0) now." } ?? "\(name) leads nowhere any more.",
        ["name": .string(name), "repository": target.map { .string($0) } ?? .null])
    case .audit(let after, let limit):
      let rows = try await registry.auditLog(after: after, limit: limit)
      answer.lines = rows.map { $0.text(.compact) }
      answer.json = JSON.array(rows).text(.compact)
    case .check(let isDeep): return try await hub.check(isDeep: isDeep)
    case .collectGarbage(let grace, let isDryRun):
      return try await hub.collectGarbage(graceSeconds: grace, isDryRun: isDryRun)
    case .importCatalogue(let path): return try await hub.importCatalogue(from: path)
    case .backUp(let path): return try await hub.backUp(to: path)
    case .restore(let path, let isReplacing):
      return try await hub.restore(from: path, isReplacing: isReplacing)
    }
    return answer
  }

  /// Lets a name without an owner, as old models have them, lead to a repository.
  private func alias(_ name: String, _ target: String?) async throws {
    let identifier = try RepositoryIdentifier(name)
    var repository: Repository?
    if let target {
      guard let known = try await registry.repository(try RepositoryIdentifier(target)) else {
        throw Problem.notFound("There is no repository \(target)")
      }
      repository = known.repository
    }
    try await registry.alias(identifier, to: repository, by: actor)
  }
}
