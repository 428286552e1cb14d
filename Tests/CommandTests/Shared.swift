/// What the tests of the commands share: places, and the corpus of hostile files.
import Files

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where things lie.
enum Shared {
  static let package: String = {
    let steps = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return steps.dropLast(3).joined(separator: "/")
  }()

  static let goldens = "\(package)/Tests/AdaptersTests/Goldens"

  /// The project's shared test data, which lies outside the repository and may be absent.
  static let folder =
    getenv("ADAPTERHUB_SHARED").map { String(cString: $0) } ?? "\(package)/../shared"

  static let badFiles = "\(folder)/badfiles/files"
  static let hasBadFiles = fileExists("\(folder)/badfiles/MANIFEST.tsv")

  /// The rows of the corpus of hostile files that are of some kinds.
  static func rows(_ kinds: Set<String>) -> [BadFile] {
    guard let bytes = try? readFile("\(folder)/badfiles/MANIFEST.tsv") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 4, kinds.contains(fields[1]) else { return nil }
      return BadFile(
        name: fields[0], kind: fields[1], problem: fields[2], isAccepted: fields[3] == "accept")
    }
  }
}

/// A row of the corpus: a file, what is wrong with it, and what it must get.
struct BadFile: Sendable, CustomStringConvertible {
  let name: String
  /// In the corpus' words: `torch_bin`.
  let kind: String
  let problem: String
  let isAccepted: Bool

  var path: String { "\(Shared.badFiles)/\(name)" }
  var description: String { "\(name): \(problem)" }
}

/// A folder that is gone when the test is.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = "/tmp/adapterhub-tests-\(getpid())-\(UInt64.random(in: .min ... .max))"
    guard mkdir(path, 0o700) == 0 else { throw FileFailure(path, "cannot be created") }
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    guard unlink(path) != 0 else { return }
    for name in (try? namesInFolder(path)) ?? [] { remove("\(path)/\(name)") }
    rmdir(path)
  }
}
