/// `adapterhub hub user`: who has an account.
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
