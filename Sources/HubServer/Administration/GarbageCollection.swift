/// `gc`: what nothing refers to any more is removed, when it is old enough.
internal import Files
internal import Foundation

extension HubCore {
  /// Marks what is referred to and sweeps the rest, while uploads and downloads go on.
  ///
  /// Rows go first, then blobs. Each blob is looked up once more in the very transaction that lets it
  /// go: then its row is there, or it counts as arriving, or an upload of the same content begins
  /// afterwards and puts its blob anew.
  func collectGarbage(graceSeconds: Double, isDryRun: Bool) async throws -> AdminAnswer {
    await maintenance.begin()
    defer { maintenance.end() }
    let limit = Moment().milliseconds - Int64(graceSeconds * 1000)
    let (repositories, uploads) = try await registry.sweepRows(
      before: Moment(milliseconds: limit), except: arriving.all, isDryRun: isDryRun)
    Crash.point("gc-after-rows")
    let sessions = try parts.sweep(olderThan: graceSeconds, isDryRun: isDryRun)

    let candidates = try await onDisk { [blobs] in
      var found: [(digest: String, byteCount: Int)] = []
      try blobs.forEach { digest, byteCount, age in
        if age >= graceSeconds { found.append((digest, byteCount)) }
      }
      return found
    }
    var (blobCount, byteCount) = (0, 0)
    for candidate in candidates {
      let isSwept = try await registry.unlessReferenced(candidate.digest) { [blobs, arriving] in
        // An upload whose row is not written yet.
        guard !arriving.contains(candidate.digest) else { return false }
        if !isDryRun { try blobs.remove(candidate.digest) }
        return true
      }
      guard isSwept else { continue }
      blobCount += 1
      byteCount += candidate.byteCount
      Crash.point("gc-after-blob")
    }
    var answer = AdminAnswer()
    answer.lines = [
      "\(isDryRun ? "Would remove" : "Removed") \(blobCount) blobs of \(byteCount) bytes, "
        + "\(repositories) deleted repositories, \(uploads) uploads without a commit, "
        + "\(sessions) unfinished uploads"
    ]
    answer.json =
      JSON.object([
        "dryRun": .bool(isDryRun), "blobs": .integer(blobCount), "bytes": .integer(byteCount),
        "repositories": .integer(repositories), "uploads": .integer(uploads),
        "sessions": .integer(sessions),
      ]).text(.compact)
    return answer
  }
}
