/// `adapterhub cache`: what was pulled, and whether it is still right.
import ArgumentParser
import Files
import HubClient

struct Cache: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show, check or clear what was pulled.",
    discussion: """
      The cache is shared with the Python libraries: HF_HUB_CACHE, or hub in HF_HOME.

      Examples:
        adapterhub cache list
        adapterhub cache remove lab/sst2
        adapterhub cache verify --json
      """,
    subcommands: [List.self, Remove.self, Verify.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what was pulled.",
      discussion: """
        Examples:
          adapterhub cache list
          adapterhub cache list --json
        """)

    @Flag(help: "Print one JSON object for each repository.")
    var json = false

    func run() throws {
      let hub = try HubClient()
      let entries = try hub.cacheEntries()
      if json { return try printLines(entries.map(line)) }
      guard !entries.isEmpty else {
        return writeError("adapterhub: \(escaped(hub.settings.cacheFolder)) holds nothing\n")
      }
      let rows = entries.map { entry in
        let unfinished =
          entry.unfinishedByteCount > 0
          ? "\(byteText(entry.unfinishedByteCount)) of transfers that broke off" : ""
        return [
          "\(entry.repository)", byteText(entry.byteCount),
          escaped(entry.revisions.map(\.name).joined(separator: ", "), limit: 60), unfinished,
        ]
      }
      let total = entries.reduce(0) { $0 + $1.byteCount }
      try printLines(
        columns([["id", "size", "revisions", ""]] + rows, numbers: [1])
          + ["\(byteText(total)) in \(escaped(hub.settings.cacheFolder))"])
    }

    private func line(_ entry: CacheEntry) -> String {
      JSON.object([
        "id": .string("\(entry.repository)"), "folder": .string(entry.folder),
        "bytes": .integer(entry.byteCount), "unfinished": .integer(entry.unfinishedByteCount),
        "commits": .array(entry.commits.map { .string($0) }),
        "revisions": .object(
          JSON.Object(entry.revisions.map { ($0.name, .string($0.commit)) })),
      ]).text(.compact)
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove repositories from the cache.",
      discussion: """
        Example:
          adapterhub cache remove lab/sst2
        """)

    @Argument(help: ArgumentHelp("Ids: owner/name.", valueName: "id"))
    var ids: [String]

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let hub = try HubClient()
      let repositories = try ids.map { try RepositoryIdentifier($0) }
      for repository in repositories {
        let freed = try hub.removeFromCache(repository)
        try printLines([
          json
            ? JSON.object(["id": .string("\(repository)"), "freed": .integer(freed)])
              .text(.compact)
            : "removed \(repository), \(byteText(freed))"
        ])
      }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sum every file of the cache again; exits with 1 when one is not right.",
      discussion: """
        Examples:
          adapterhub cache verify
          adapterhub cache verify --repair
        """)

    @Flag(help: "Remove what is not right, so that the next pull fetches it again.")
    var repair = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let (count, problems) = try HubClient().verifyCache()
      if repair { for problem in problems { try removeFile(problem.path) } }
      if json {
        let list = problems.map { problem -> JSON in
          ["path": .string(problem.path), "problem": .string(problem.problem)]
        }
        try printLines([
          JSON.object(["files": .integer(count), "problems": .array(list)]).text(.compact)
        ])
      } else {
        for problem in problems { writeError("\(escaped(problem.path)): \(problem.problem)\n") }
        try printLines([
          "\(count.grouped) files, "
            + (problems.isEmpty
              ? "all right"
              : "\(problems.count) problem\(problems.count == 1 ? "" : "s")"
                + (repair
                  ? ", removed" : " (--repair removes them, so that they are fetched again)"))
        ])
      }
      if !problems.isEmpty { throw ExitCode(1) }
    }
  }
}
