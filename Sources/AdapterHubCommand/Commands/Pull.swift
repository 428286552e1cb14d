/// `adapterhub pull`: adapters and models from a hub into the cache.
import ArgumentParser
import Files
import HubClient

struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring adapters or base models from a hub into the cache.",
    discussion: """
      Prints the folder of each. What is there already is not fetched again; a transfer that broke \
      off goes on where it was; every file is checked against its sum. The cache is that of the \
      Python libraries: HF_HOME, HF_HUB_CACHE. The hub is HF_ENDPOINT, \(ClientSettings.publicEndpoint) \
      by default; HF_HUB_OFFLINE=1 uses the cache alone. A hub of this program also knows adapters \
      by what they do: task/data-set@owner; of one whose files are on another server it says where.

      Examples:
        adapterhub pull lab/sst2
        adapterhub pull sentiment/sst-2@lab
        adapterhub pull lab/sst2@v2 lab/intent sentence-transformers/all-MiniLM-L6-v2
        adapterhub predict --model "$(adapterhub pull lab/base)" --adapter lab/sst2 'Good.'
      """)

  @Argument(
    help: ArgumentHelp(
      "Ids: owner/name, owner/name@revision or task/data-set@owner.", valueName: "id"))
  var ids: [String]

  @Flag(help: "Fetch every file, also those that nothing here reads.")
  var all = false

  @Flag(help: "Print one JSON object for each.")
  var json = false

  func run() async throws {
    let references = ids
    let hub = try HubClient()
    let progress = TransferProgress(ids.count == 1 ? "pull \(ids[0])" : "pull")
    defer { progress.finish() }
    let selection: FileSelection = all ? .everything : .needed
    let pulled = try await withThrowingTaskGroup(of: (Int, PulledRepository).self) { group in
      var waiting = references.enumerated().map { $0 }[...]
      func startNext() {
        guard let (index, reference) = waiting.popFirst() else { return }
        group.addTask {
          (index, try await hub.pull(resolving: reference, selection) { progress.show($0) })
        }
      }
      for _ in 0..<4 { startNext() }
      var found: [Int: PulledRepository] = [:]
      while let (index, one) = try await group.next() {
        found[index] = one
        startNext()
      }
      return references.indices.compactMap { found[$0] }
    }
    progress.finish()
    for one in pulled where one.isUnchecked && !hub.settings.isOffline {
      writeError("adapterhub: the hub does not answer; \(one.repository) is the cache's\n")
    }
    try printLines(pulled.map { json ? line($0) : $0.folder })
  }

  private func line(_ pulled: PulledRepository) -> String {
    JSON.object([
      "id": .string("\(pulled.repository)"), "commit": .string(pulled.commit),
      "folder": .string(pulled.folder), "files": .integer(pulled.fileCount),
      "bytes": .integer(pulled.byteCount), "received": .integer(pulled.receivedByteCount),
      "checked": .bool(!pulled.isUnchecked),
    ]).text(.compact)
  }
}
