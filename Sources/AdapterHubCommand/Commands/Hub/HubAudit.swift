/// `adapterhub hub audit`: what was done by whom.
import ArgumentParser
import HubServer

struct HubAudit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Print what was done by whom, a JSON object a line.")
  @Option(help: "After which row to begin.") var after: Int64 = 0
  @Option(help: "How many rows.") var limit = 1000
  @OptionGroup var hub: HubFolder

  func run() async throws { try await hub.perform(.audit(after: after, limit: limit)) }
}
