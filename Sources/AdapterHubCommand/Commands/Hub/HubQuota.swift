/// `adapterhub hub quota`: how much an account may store.
import ArgumentParser
import HubServer

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
