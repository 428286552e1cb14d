/// `adapterhub hub`: the registry, and what its operator does with it.
import ArgumentParser
import Files
import HubServer

struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hub",
    abstract: "Run a registry of adapters, and administer it.",
    discussion: """
      A hub is one process with one folder: a database, and a file for every content. It speaks the \
      protocol of the Hugging Face Hub, so that the Python libraries use it with \
      HF_ENDPOINT=http://host:port. All commands work while the hub runs.

      Examples:
        adapterhub hub --data /srv/hub
        adapterhub hub user create alice --admin --data /srv/hub
        adapterhub hub token create alice --scope write --data /srv/hub
        adapterhub hub backup /backup/monday --data /srv/hub
      """,
    subcommands: [
      HubRun.self, HubUser.self, HubToken.self, HubOrganisation.self, HubAlias.self, HubQuota.self,
      HubImport.self, HubAudit.self, HubCheck.self, HubGarbage.self, HubBackup.self,
      HubRestore.self,
    ],
    defaultSubcommand: HubRun.self)
}

/// Which hub an administrator's command is for.
struct HubFolder: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: "The hub's data folder; by default what ADAPTERHUB_DATA says.")
  var folder: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws { _ = try path() }

  func path() throws -> String {
    guard let path = folder ?? environment("ADAPTERHUB_DATA"), !path.isEmpty else {
      throw ValidationError("Which hub? Give its folder with --data, or in ADAPTERHUB_DATA.")
    }
    return path
  }

  /// Has a request carried out and prints what came of it.
  func perform(_ request: AdminRequest) async throws {
    var settings = ServerSettings(dataFolder: try path())
    settings.logLevel = "warning"
    settings.logsJSON = false
    let answer = try await administer(request, settings, inspect: inspectUpload)
    try printLines(json ? [answer.json] : answer.lines)
    if !answer.isGood { throw ExitCode(1) }
  }
}
