/// Keeping a hub's data sound: check, sweep, back up, restore.
import ArgumentParser
import Files
import Foundation
import HubServer

struct HubCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fsck",
    abstract:
      "Check the database, every commit and every content; exits with 1 if anything is wrong.",
    discussion: "Examples:\n  adapterhub hub fsck --data /srv/hub")
  @Flag(help: "Look at sizes only, instead of reading and hashing every byte.") var quick = false
  @OptionGroup var hub: HubFolder

  func run() async throws { try await hub.perform(.check(isDeep: !quick)) }
}

struct HubGarbage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Remove what nothing refers to any more.",
    discussion: """
      Deleted repositories, uploads that were given up and contents that only they had are removed \
      when they are older than the grace time.

      Examples:
        adapterhub hub gc --dry-run --data /srv/hub
        adapterhub hub gc --grace-hours 168 --data /srv/hub
      """)
  @Option(help: "How old something must be.") var graceHours: Double = 24
  @Flag(help: "Only say what would be removed.") var dryRun = false
  @OptionGroup var hub: HubFolder

  func validate() throws {
    guard graceHours >= 0, graceHours < 1e6 else {
      throw ValidationError("--grace-hours is 0 or more.")
    }
  }

  func run() async throws {
    try await hub.perform(.collectGarbage(graceSeconds: graceHours * 3600, isDryRun: dryRun))
  }
}

struct HubBackup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write a folder from which the hub can be made anew.",
    discussion: """
      Contents are linked where the backup is on the same file system, and copied elsewhere.

      Examples:
        adapterhub hub backup /backup/monday --data /srv/hub
      """)
  @Argument(help: "A folder that is not there yet.") var path: String
  @OptionGroup var hub: HubFolder

  func run() async throws { try await hub.perform(.backUp(path: absolute(path))) }
}

struct HubRestore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Make a hub of a backup, after reading every byte of it.",
    discussion: """
      Examples:
        adapterhub hub restore /backup/monday --data /srv/new-hub
        adapterhub hub restore /backup/monday --verify
      """)
  @Argument(help: "A folder that `adapterhub hub backup` wrote.") var path: String
  @Flag(help: "Only read the backup and say whether it is whole.") var verify = false
  @Flag(help: "Replace what the hub holds now; a copy of its database is kept.") var replace = false
  @Option(name: .customLong("data"), help: "The hub's data folder.") var folder: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    if verify {
      let line = try verifyBackup(path)
      return try printLines([json ? JSON.object(["ok": true]).text(.compact) : line])
    }
    let hub = try HubFolder.parse(
      (folder.map { ["--data", $0] } ?? []) + (json ? ["--json"] : []))
    try await hub.perform(.restore(path: absolute(path), isReplacing: replace))
  }
}

/// A path that means the same to the hub, which may have been started elsewhere.
func absolute(_ path: String) -> String {
  path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}
