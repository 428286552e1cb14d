/// `adapterhub hub org`: organisations, and who belongs to them.
import ArgumentParser
import HubServer

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
