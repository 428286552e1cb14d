/// `adapterhub hub token`: what programs sign in with.
import ArgumentParser
import HubServer

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
