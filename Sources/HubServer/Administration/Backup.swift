/// `backup` and `restore`: the database first, then the blobs it names.
internal import Files
internal import Foundation

extension HubCore {
  /// Writes a folder from which the hub can be made anew.
  ///
  /// The database is copied as of one moment; blobs never change, so those it names can be copied
  /// after it. No sweep runs meanwhile.
  func backUp(to path: String) async throws -> AdminAnswer {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return try await backUp(whole: path)
  }

  private func backUp(whole path: String) async throws -> AdminAnswer {
    guard !fileExists(path) else {
      throw FileFailure(path, "exists already", hint: "a backup goes into a folder of its own")
    }
    await maintenance.begin()
    defer { maintenance.end() }
    let temporary = "\(path).tmp-\(UInt64.random(in: 0 ... .max))"
    let result: (count: Int, bytes: Int)
    do {
      try makeFolderDurably(temporary)
      try await registry.copy(to: "\(temporary)/hub.sqlite")
      Crash.point("backup-after-database")
      result = try await onDisk { [self] in
        let (problems, contents) = try Registry.examine("\(temporary)/hub.sqlite")
        if let problem = problems.first {
          throw FileFailure(
            path, "was not made, for the hub is damaged: \(problem)",
            hint: "see adapterhub hub fsck, and keep the backups of before")
        }
        var bytes = 0
        for content in contents {
          let target = FolderBlobStore.path(in: temporary, content.digest)
          try makeFolderDurably(folder(of: target))
          try linkOrCopy(blobs.path(content.digest), to: target)
          bytes += content.byteCount
        }
        // What is complete says so itself, last.
        try writeAtomically(
          JSON.object(["files": .integer(contents.count), "bytes": .integer(bytes)])
            .text(.compact) + "\n", to: "\(temporary)/COMPLETE")
        Crash.point("backup-before-rename")
        try moveDurably(temporary, to: path)
        return (contents.count, bytes)
      }
    } catch {
      try? removeFolder(temporary)
      throw error
    }
    var answer = AdminAnswer()
    answer.lines = ["\(path): the database and \(result.count) blobs of \(result.bytes) bytes"]
    answer.json =
      JSON.object([
        "path": .string(path), "blobs": .integer(result.count), "bytes": .integer(result.bytes),
      ]).text(.compact)
    return answer
  }

  /// Brings a backup back into this hub, after every byte of it was checked.
  ///
  /// What the hub holds now is replaced only where that is asked for; a copy of its database is
  /// kept beside it.
  func restore(from path: String, isReplacing: Bool) async throws -> AdminAnswer {
    await maintenance.begin()
    defer { maintenance.end() }
    let contents = try await onDisk { try Self.checkedBackup(path) }
    let isEmpty = try await registry.isEmpty()
    guard isEmpty || isReplacing else {
      throw FileFailure(
        settings.dataFolder, "holds a hub already",
        hint: "restore into an empty folder, or say --replace")
    }
    for content in contents { arriving.insert(content.digest) }
    defer { for content in contents { arriving.remove(content.digest) } }
    for content in contents {
      // What is there may be what was damaged.
      let isWhole = try await onDisk { [blobs] in
        try blobs.contains(content.digest)
          && Self.digest(of: blobs.open(content.digest)) == content.digest
      }
      if isWhole { continue }
      let file = try blobs.receive()
      try await file.append(FolderBlobStore.path(in: path, content.digest))
      guard await file.digest() == content.digest else {
        throw FileFailure(path, "blob \(content.digest) changed while it was read")
      }
      try await blobs.keep(file, digest: content.digest)
    }
    Crash.point("restore-before-database")
    if !isEmpty {
      let folder = "\(settings.dataFolder)/backups"
      try makeFolderDurably(folder)
      try await registry.copy(to: "\(folder)/before-restore-\(Moment().milliseconds).sqlite")
    }
    try await registry.replaceAll(by: "\(path)/hub.sqlite")
    var answer = AdminAnswer()
    answer.lines = ["Restored the database and \(contents.count) blobs from \(path)"]
    answer.json =
      JSON.object(["blobs": .integer(contents.count), "from": .string(path)]).text(.compact)
    return answer
  }

  /// The blobs of a backup, after the database and every blob were read and found right.
  ///
  /// - Throws: `FileFailure` naming what is missing or damaged.
  static func checkedBackup(_ path: String) throws -> [(digest: String, byteCount: Int)] {
    guard fileExists("\(path)/COMPLETE") else {
      throw FileFailure(
        path, "is no complete backup", hint: "one is made by: adapterhub hub backup PATH")
    }
    let (problems, contents) = try Registry.examine("\(path)/hub.sqlite")
    if let problem = problems.first {
      throw FileFailure("\(path)/hub.sqlite", problem, hint: "use another backup")
    }
    for content in contents {
      let file = try ReadableFile(FolderBlobStore.path(in: path, content.digest))
      guard file.byteCount == content.byteCount, try digest(of: file) == content.digest else {
        throw FileFailure(file.path, "is damaged", hint: "use another backup")
      }
    }
    return contents
  }
}

/// Reads a whole backup and says whether a hub can be made of it.
public func verifyBackup(_ path: String) throws -> String {
  let contents = try HubCore.checkedBackup(path)
  return "\(path): the database and \(contents.count) blobs, every byte as it should be"
}

private func folder(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
