/// `fsck`: is everything there that should be, and as it was?
internal import Crypto
internal import Files
internal import Foundation

extension HubCore {
  /// Compares the database with itself and with the blobs.
  ///
  /// A deep check reads and hashes every blob; otherwise its size is looked at.
  func check(isDeep: Bool) async throws -> AdminAnswer {
    var problems: [String] = []
    problems += try await registry.problems()
    let files = try await registry.contents()
    let blobProblems = try await onDisk { [self] in
      try files.compactMap { file -> String? in
        guard blobs.contains(file.digest) else { return "blob \(file.digest) is missing" }
        let blob = try blobs.open(file.digest)
        guard blob.byteCount == file.byteCount else {
          return "blob \(file.digest) has \(blob.byteCount) bytes, expected \(file.byteCount)"
        }
        guard isDeep else { return nil }
        return try Self.digest(of: blob) == file.digest
          ? nil : "blob \(file.digest) has other content than its name says"
      }
    }
    problems += blobProblems
    var answer = AdminAnswer()
    answer.isGood = problems.isEmpty
    answer.lines =
      problems + [
        problems.isEmpty
          ? "\(files.count) blobs, all as they should be\(isDeep ? ", every byte read" : "")"
          : "\(problems.count) problem\(problems.count == 1 ? "" : "s") found"
      ]
    answer.json =
      JSON.object([
        "ok": .bool(problems.isEmpty), "blobs": .integer(files.count), "deep": .bool(isDeep),
        "problems": .array(problems.map { .string($0) }),
      ]).text(.compact)
    return answer
  }

  static func digest(of file: ReadableFile) throws -> String {
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while offset < file.byteCount {
      let count = try buffer.withUnsafeMutableBytes { bytes in
        let count = try file.read(at: offset, into: bytes)
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
      }
      guard count > 0 else { break }
      offset += count
    }
    return hexadecimal(hash.finalize())
  }
}
