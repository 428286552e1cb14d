/// The files of one commit.
internal import Foundation
internal import GRDB

/// What a commit holds, sorted by path.
struct Snapshot: Sendable {
  let commit: String
  /// Git's name of the tree above all.
  let tree: String
  /// Sorted by the bytes of their paths.
  let files: [StoredFile]

  /// The file at a path.
  func file(_ path: String) -> StoredFile? {
    let index = position(of: path)
    return index < files.count && files[index].path == path ? files[index] : nil
  }

  /// The files below a folder; all of them for "".
  func files(below folder: String) -> ArraySlice<StoredFile> {
    guard !folder.isEmpty else { return files[...] }
    let prefix = folder + "/"
    let start = position(of: prefix)
    let end = files[start...].firstIndex { !$0.path.utf8.starts(with: prefix.utf8) } ?? files.count
    return files[start..<end]
  }

  var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// Where a path is, or would be.
  private func position(of path: String) -> Int {
    var (low, high) = (0, files.count)
    while low < high {
      let middle = (low + high) / 2
      if files[middle].path.utf8.lexicographicallyPrecedes(path.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

extension Registry {
  /// Reads a commit's files from its trees; nil for a commit that the repository does not have.
  static func findSnapshot(_ repository: Int64, commit: String, _ database: Database) throws
    -> Snapshot?
  {
    guard
      let tree = try String.fetchOne(
        database, sql: "SELECT tree FROM commits WHERE repository_id = ? AND name = ?",
        arguments: [repository, commit])
    else { return nil }
    var files: [StoredFile] = []
    try collect(tree, prefix: "", into: &files, database)
    files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    return Snapshot(commit: commit, tree: tree, files: files)
  }

  private static func collect(
    _ tree: String, prefix: String, into files: inout [StoredFile], _ database: Database
  ) throws {
    let trees = try database.cachedStatement(sql: "SELECT content FROM trees WHERE name = ?")
    guard let content = try Data.fetchOne(trees, arguments: [tree]) else { return }
    for entry in GitTree.entries([UInt8](content)) {
      let path = prefix + entry.name
      if entry.isFolder {
        // Paths are limited to 1,024 bytes when they are written, so this ends.
        try collect(entry.object, prefix: path + "/", into: &files, database)
        continue
      }
      let statement = try database.cachedStatement(
        sql: "SELECT digest, byte_count, is_large FROM files WHERE name = ?")
      guard let row = try Row.fetchOne(statement, arguments: [entry.object]) else { continue }
      files.append(
        StoredFile(
          path: path, name: entry.object, digest: row[0], byteCount: row[1], isLarge: row[2]))
    }
  }
}
