/// Uploads that come in parts: each part a file, until the last one is there.
internal import Files
internal import Foundation

/// Keeps the parts of large uploads; they survive a restart, and are swept when they are old.
struct PartStore: Sendable {
  let folder: String

  init(folder: String) throws {
    self.folder = folder
    try makeFolderDurably(folder)
  }

  private func session(_ repository: Int64, _ digest: String) -> String {
    "\(folder)/\(repository)-\(digest)"
  }

  func receive(_ repository: Int64, _ digest: String) throws -> IncomingFile {
    let session = session(repository, digest)
    try makeFolderDurably(session)
    return try IncomingFile(in: session)
  }

  func path(_ repository: Int64, _ digest: String, part: Int) -> String {
    "\(session(repository, digest))/\(part)"
  }

  func remove(_ repository: Int64, _ digest: String) throws {
    try removeFolder(session(repository, digest))
  }

  /// Removes sessions that nobody has touched for longer than an age in seconds.
  ///
  /// - Returns: how many there were.
  func sweep(olderThan age: Double, isDryRun: Bool) throws -> Int {
    var count = 0
    for name in try namesInFolder(folder) {
      let path = "\(folder)/\(name)"
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard let changed = attributes?[.modificationDate] as? Date,
        Date().timeIntervalSince(changed) > age
      else { continue }
      count += 1
      if !isDryRun { try removeFolder(path) }
    }
    return count
  }
}
