/// A hub of one repository, served by the stub.
import Crypto
import Files
import HubClient
import NIOHTTP1

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A repository in memory.
struct StubRepository: Sendable {
  let id = "lab/sst2"
  let commit = String(repeating: "c0ffee00", count: 5)
  /// Paths and bytes; those whose path ends in `.safetensors` are large files.
  var files: [String: [UInt8]] = [:]
  /// Whether the info lists ids, so that no tree is asked for.
  var listsIDs = true

  static let standard: StubRepository = {
    var repository = StubRepository()
    repository.files = [
      "adapter_config.json": Array("{\"name\": \"sst2\"}".utf8), "empty.txt": [],
      "nested/deeper/notes.txt": Array("notes".utf8),
      "adapter.safetensors": (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) },
    ]
    return repository
  }()

  func isLarge(_ path: String) -> Bool { path.hasSuffix(".safetensors") }

  func etag(_ path: String) -> String {
    isLarge(path) ? sha256(files[path] ?? []) : gitBlob(files[path] ?? [])
  }

  /// What an honest hub answers.
  func respond(_ request: StubRequest) -> StubReply {
    let path = request.path.split(separator: "?").first.map(String.init) ?? ""
    if path.hasPrefix("/api/models/\(id)/revision/") { return .json(info) }
    if path.hasPrefix("/api/models/\(id)/tree/") { return .json(tree) }
    let prefix = "/\(id)/resolve/\(commit)/"
    guard path.hasPrefix(prefix), let bytes = files[String(path.dropFirst(prefix.count))] else {
      return StubReply(status: 404, headers: [("X-Error-Code", "RepoNotFound")])
    }
    let name = String(path.dropFirst(prefix.count))
    return served(bytes, name, range: request.headers.first(name: "range"))
  }

  /// A file, or what follows the beginning of a range.
  func served(_ bytes: [UInt8], _ name: String, range: String?) -> StubReply {
    let headers = [("ETag", "\"\(etag(name))\""), ("X-Repo-Commit", commit)]
    guard let start = range.flatMap({ Int($0.dropFirst("bytes=".count).dropLast()) }) else {
      return StubReply(headers: headers, body: bytes)
    }
    let content = ("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")
    return StubReply(status: 206, headers: headers + [content], body: Array(bytes[start...]))
  }

  private var info: String {
    let siblings = files.keys.sorted().map { path in
      guard listsIDs else { return "{\"rfilename\":\"\(path)\"}" }
      let large = isLarge(path) ? ",\"lfs\":{\"sha256\":\"\(etag(path))\",\"size\":1}" : ""
      return "{\"rfilename\":\"\(path)\",\"size\":\(files[path]?.count ?? 0),"
        + "\"blobId\":\"\(gitBlob(files[path] ?? []))\"\(large)}"
    }
    return
      "{\"id\":\"\(id)\",\"sha\":\"\(commit)\",\"siblings\":[\(siblings.joined(separator: ","))]}"
  }

  private var tree: String {
    let entries = files.keys.sorted().map { path in
      let size = files[path]?.count ?? 0
      let large = isLarge(path) ? ",\"lfs\":{\"oid\":\"\(etag(path))\",\"size\":\(size)}" : ""
      return "{\"type\":\"file\",\"path\":\"\(path)\",\"size\":\(size),"
        + "\"oid\":\"\(gitBlob(files[path] ?? []))\"\(large)}"
    }
    let folder = "{\"type\":\"directory\",\"path\":\"nested\",\"oid\":\"x\",\"size\":0}"
    return "[\((entries + [folder]).joined(separator: ","))]"
  }
}

func sha256(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

func gitBlob(_ bytes: [UInt8]) -> String {
  hexadecimal(Insecure.SHA1.hash(data: Array("blob \(bytes.count)\u{0}".utf8) + bytes))
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// A folder that is gone when the test is.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = "/tmp/adapterhub-tests-\(getpid())-\(UInt64.random(in: .min ... .max))"
    try makeFolder(path)
  }

  deinit { try? removeFolder(path) }
}

/// A client of a stub with a cache of its own.
func client(
  _ server: StubServer, _ cache: TemporaryFolder, isOffline: Bool = false,
  environment: [String: String] = [:]
) throws -> HubClient {
  var all = ["HF_ENDPOINT": server.endpoint, "HF_HOME": cache.path]
  if isOffline { all["HF_HUB_OFFLINE"] = "1" }
  let merged = all.merging(environment) { $1 }
  var settings = try ClientSettings { merged[$0] }
  settings.retryPause = .milliseconds(1)
  return HubClient(settings)
}
