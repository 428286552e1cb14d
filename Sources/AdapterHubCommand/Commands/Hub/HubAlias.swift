/// `adapterhub hub alias`: other names that lead to a repository.
import ArgumentParser
import HubServer

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
