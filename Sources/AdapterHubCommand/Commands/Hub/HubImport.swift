/// `adapterhub hub import`: the original hub's cards as entries of this one.
import ArgumentParser
import HubServer

struct HubImport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Take in a catalogue: adapters that are found here, and lie elsewhere.",
    discussion: """
      Reads a checkout of the original hub's cards, DIR/adapters/<owner>/<name>.yaml (the archived \
      repository Adapter-Hub/Hub on GitHub). Each becomes a repository owner/name with a card that \
      says where the files are. Doing it again changes what changed; entries that somebody replaced \
      by an adapter are left alone. Cards that cannot be read are named with file and line, the \
      others go on; then the exit code is 1.

      Examples:
        git clone https://github.com/Adapter-Hub/Hub cards
        adapterhub hub import cards --data /srv/hub
      """)
  @Argument(help: "The checkout.") var path: String
  @OptionGroup var hub: HubFolder

  func run() async throws { try await hub.perform(.importCatalogue(path: absolute(path))) }
}
