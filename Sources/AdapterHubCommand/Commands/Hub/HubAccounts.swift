/// Users, organisations and tokens of a hub, from the command line.
import ArgumentParser
import HubServer

struct HubUser: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "Create, list and remove users, reset passwords.",
    subcommands: [Create.self, List.self, Remove.self, Password.self, ResetLink.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a user; prints a password for the first sign-in.",
      discussion: "Examples:\n  adapterhub hub user create alice --admin --data /srv/hub")
    @Argument(help: "Up to 42 letters, digits, - _ and .") var name: String
    @Flag(help: "May administer the hub.") var admin = false
    @Option(help: "An address for people.") var email: String?
    @OptionGroup var hub: HubFolder

    func run() async throws {
      try await hub.perform(.createUser(name: name, isAdministrator: admin, email: email))
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List users and organisations.")
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.listUsers) }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close an account; the repositories it owns stay.")
    @Argument var name: String
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.removeUser(name: name)) }
  }

  struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replace a user's password by one for the next sign-in.")
    @Argument var name: String
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.resetPassword(name: name)) }
  }

  struct ResetLink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a link by which a user chooses a new password; it works once.",
      discussion: """
        The password that is there works until the link is used.

        Examples:
          adapterhub hub user reset-link alice --data /srv/hub
        """)
    @Argument var name: String
    @Option(help: "After how many days it ends.") var days = 2
    @OptionGroup var hub: HubFolder

    func validate() throws {
      guard (1...30).contains(days) else {
        throw ValidationError("--days is between 1 and 30.")
      }
    }

    func run() async throws { try await hub.perform(.makeResetLink(name: name, days: days)) }
  }
}

struct HubToken: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Create, list and revoke tokens.",
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a token of a user and print it, alone and this once.",
      discussion: """
        Examples:
          export HF_TOKEN=$(adapterhub hub token create alice --scope write --data /srv/hub)
          adapterhub hub token create ci --scope write --repo team/intent --days 90 --data /srv/hub
        """)
    @Argument(help: "Whose token it is.") var user: String
    @Option(help: "read, or write, which includes reading.") var scope = "read"
    @Option(help: "The one repository the token is for: owner/name.") var repo: String?
    @Option(help: "A name to know it by.") var name = "command line"
    @Option(help: "After how many days it ends; never by default.") var days: Int?
    @OptionGroup var hub: HubFolder

    func validate() throws {
      guard ["read", "write"].contains(scope) else {
        throw ValidationError("--scope is read or write.")
      }
      guard days.map({ (1...36_500).contains($0) }) ?? true else {
        throw ValidationError("--days is between 1 and 36500.")
      }
    }

    func run() async throws {
      try await hub.perform(
        .createToken(user: user, name: name, scope: scope, repository: repo, days: days))
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a user's tokens, without their secrets.")
    @Argument var user: String
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.listTokens(user: user)) }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a token, or all of a user's.")
    @Argument var user: String
    @Argument(help: "The token's number, name or beginning.") var token: String?
    @Flag(help: "End all of them.") var all = false
    @OptionGroup var hub: HubFolder

    func validate() throws {
      guard all != (token != nil) else { throw ValidationError("Name a token, or say --all.") }
    }

    func run() async throws { try await hub.perform(.revokeTokens(user: user, which: token)) }
  }
}

struct HubOrganisation: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "org", abstract: "Create organisations and say who belongs to them.",
    subcommands: [Create.self, Member.self, Remove.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create an organisation.")
    @Argument var name: String
    @Option(help: "The user who administers it.") var owner: String?
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.createOrganisation(name: name, owner: owner)) }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove an organisation that owns no repository any more.")
    @Argument var name: String
    @OptionGroup var hub: HubFolder

    func run() async throws { try await hub.perform(.removeOrganisation(name: name)) }
  }

  struct Member: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a user a role in an organisation, or take it.",
      discussion: """
        read: sees private repositories. contributor: may also create repositories, and write to \
        those. write: may write to all. admin: may also delete, and decide about members.

        Examples:
          adapterhub hub org member team alice --role write --data /srv/hub
          adapterhub hub org member team bob --remove --data /srv/hub
        """)
    @Argument var organisation: String
    @Argument var user: String
    @Option(help: "read, contributor, write or admin.") var role: String?
    @Flag(help: "Take the user out.") var remove = false
    @OptionGroup var hub: HubFolder

    func validate() throws {
      guard remove != (role != nil) else { throw ValidationError("Give --role, or --remove.") }
    }

    func run() async throws {
      try await hub.perform(.setRole(organisation: organisation, user: user, role: role))
    }
  }
}

struct HubAlias: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alias",
    abstract: "Let another name lead to a repository, such as bert-base-uncased.",
    discussion: """
      Examples:
        adapterhub hub alias bert-base-uncased team/bert-base-uncased --data /srv/hub
        adapterhub hub alias bert-base-uncased --remove --data /srv/hub
      """)
  @Argument var name: String
  @Argument(help: "The repository: owner/name.") var repository: String?
  @Flag(help: "Let the name lead nowhere.") var remove = false
  @OptionGroup var hub: HubFolder

  func validate() throws {
    guard remove != (repository != nil) else {
      throw ValidationError("Name a repository, or say --remove.")
    }
  }

  func run() async throws { try await hub.perform(.alias(name: name, repository: repository)) }
}

struct HubQuota: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quota", abstract: "Say how much an account may store.",
    discussion: "Examples:\n  adapterhub hub quota alice 20GB --data /srv/hub")
  @Argument var name: String
  @Argument(help: "A size, or none to have the hub's own limit again.") var size: String?
  @OptionGroup var hub: HubFolder

  func run() async throws {
    let bytes = try size.map { try byteCount($0, "The size") }
    try await hub.perform(.setQuota(name: name, bytes: bytes))
  }
}

struct HubAudit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Print what was done by whom, a JSON object a line.")
  @Option(help: "After which row to begin.") var after: Int64 = 0
  @Option(help: "How many rows.") var limit = 1000
  @OptionGroup var hub: HubFolder

  func run() async throws { try await hub.perform(.audit(after: after, limit: limit)) }
}
