import Files
import HubClient
import NIOHTTP1
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Takes a push apart: what was put, and what was committed.
private final class Receiver: Sendable {
  enum Mode { case regular, basic, multipart }

  let mode: Mode
  /// Of the large file, in the order of its parts.
  let received = Mutex<[UInt8]>([])
  let commits = Mutex<[[JSON]]>([])
  let failuresLeft: Mutex<Int>
  let known: [String: String]

  init(_ mode: Mode, failures: Int = 0, known: [String: String] = [:]) {
    self.mode = mode
    failuresLeft = Mutex(failures)
    self.known = known
  }

  func respond(_ request: StubRequest) -> StubReply {
    let fails = failuresLeft.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { return StubReply(status: 503, headers: [("Retry-After", "0")]) }
    let path = request.path
    let body = try? JSON(parsing: request.body, path: "body")
    switch path {
    case "/api/validate-yaml": return .json("{\"errors\":[],\"warnings\":[]}")
    case "/api/repos/create": return .json("{\"url\":\"x\"}", status: 409)
    case let path where path.hasSuffix(".git/info/lfs/objects/batch"):
      return batch(body?["objects"])
    case let path where path.hasPrefix("/store/"):
      received.withLock { $0 += request.body }
      return StubReply(headers: [("ETag", "\"e\(path.last ?? "?")\"")])
    case "/complete", "/verify": return StubReply()
    case let path where path.contains("/preupload/"): return preupload(body?["files"])
    case let path where path.contains("/commit/"):
      let lines = request.body.split(separator: 0x0A).compactMap {
        try? JSON(parsing: Array($0), path: "line")
      }
      commits.withLock { $0.append(lines) }
      return .json("{\"commitOid\":\"\(String(repeating: "a", count: 40))\",\"success\":true}")
    default: return .json("{}")
    }
  }

  private func preupload(_ files: JSON?) -> StubReply {
    guard case .array(let entries)? = files else { return StubReply(status: 400) }
    let answers = entries.map { entry -> JSON in
      guard case .string(let path)? = entry["path"] else { return .null }
      let isLarge = mode != .regular && path.hasSuffix(".bin")
      var answer: JSON.Object = [
        "path": .string(path), "uploadMode": isLarge ? "lfs" : "regular", "shouldIgnore": false,
      ]
      answer["oid"] = known[path].map { .string($0) }
      return .object(answer)
    }
    return .json(JSON.object(["files": .array(answers)]).text(.minified))
  }

  private func batch(_ objects: JSON?) -> StubReply {
    guard case .array(let entries)? = objects else { return StubReply(status: 400) }
    let answers = entries.map { entry -> JSON in
      let upload: JSON =
        mode == .basic
        ? ["href": "/store/0"]
        : [
          "href": "/complete",
          "header": [
            "chunk_size": "1000000", "1": "/store/1", "2": "/store/2", "3": "/store/3",
          ],
        ]
      return [
        "oid": entry["oid"] ?? .null, "size": entry["size"] ?? .null,
        "actions": ["upload": upload, "verify": ["href": "/verify"]],
      ]
    }
    return .json(JSON.object(["objects": .array(answers)]).text(.minified))
  }
}

private let weights = (0..<2_500_001).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 2) }

@Suite struct `A push` {
  private let folder: TemporaryFolder
  private let home: TemporaryFolder
  private let repository: RepositoryIdentifier

  init() throws {
    folder = try TemporaryFolder()
    home = try TemporaryFolder()
    repository = try RepositoryIdentifier("lab/sst2")
    try writeAtomically("---\ntags: [a]\n---\n# é\n", to: folder.path + "/README.md")
    try writeAtomically(weights, to: folder.path + "/weights.bin")
    try writeAtomically("hidden", to: folder.path + "/.secret")
    try writeAtomically("left over", to: folder.path + "/x.tmp-1-2")
    try makeFolder(folder.path + "/sub dir")
    try writeAtomically([], to: folder.path + "/sub dir/ö.txt")
  }

  private func push(_ receiver: Receiver) async throws -> (PushedFolder, StubServer) {
    let server = try await StubServer { receiver.respond($0) }
    let hub = try client(server, home, environment: ["HF_TOKEN": "secret"])
    return (
      try await hub.push(folder.path, to: repository, message: "Title\n\nMore\nlines"), server
    )
  }

  @Test(arguments: [0, 3])
  func `sends small files inside one commit`(_ failures: Int) async throws {
    let receiver = Receiver(.regular, failures: failures)
    let (pushed, server) = try await push(receiver)
    #expect(pushed.files.map(\.path) == ["README.md", "sub dir/ö.txt", "weights.bin"])
    let commits = receiver.commits.withLock { $0 }
    let lines = try #require(commits.first)
    #expect(commits.count == 1 && lines.count == 4)
    #expect(lines[0]["value"] == ["summary": "Title", "description": "More\nlines"])
    #expect(lines[1]["value"]?["path"] == "README.md")
    #expect(lines[2]["value"] == ["path": "sub dir/ö.txt", "content": "", "encoding": "base64"])
    guard case .string(let content)? = lines[3]["value"]?["content"] else {
      Issue.record("no content")
      return
    }
    #expect(decoded(content) == weights)
    #expect(
      server.requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer secret" })
  }

  @Test(arguments: [Receiver.Mode.basic, .multipart])
  fileprivate func `sends large files to the store, without the token`(_ mode: Receiver.Mode)
    async throws
  {
    let receiver = Receiver(mode)
    let (pushed, server) = try await push(receiver)
    #expect(pushed.commit == String(repeating: "a", count: 40))
    #expect(receiver.received.withLock { $0 } == weights)
    let lines = try #require(receiver.commits.withLock { $0.first })
    #expect(
      lines[3] == [
        "key": "lfsFile",
        "value": [
          "path": "weights.bin", "algo": "sha256", "oid": .string(sha256(weights)),
          "size": .integer(weights.count),
        ],
      ])
    for request in server.requests {
      let isSelfSigned = request.path.hasPrefix("/store/") || request.path == "/complete"
      #expect(
        (request.headers.first(name: "authorization") == nil) == isSelfSigned, "\(request.path)")
    }
    if mode == .multipart {
      let completion = try #require(server.requests.first { $0.path == "/complete" })
      let json = try JSON(parsing: completion.body, path: "completion")
      #expect(
        json["parts"] == [
          ["partNumber": 1, "etag": "\"e1\""], ["partNumber": 2, "etag": "\"e2\""],
          ["partNumber": 3, "etag": "\"e3\""],
        ])
    }
  }

  @Test func `makes no commit where nothing is different`() async throws {
    let readme = try readFile(folder.path + "/README.md")
    let receiver = Receiver(
      .basic,
      known: [
        "README.md": gitBlob(readme), "weights.bin": sha256(weights), "sub dir/ö.txt": gitBlob([]),
      ])
    let (pushed, _) = try await push(receiver)
    #expect(pushed.commit == nil && pushed.unchanged.count == 3)
    #expect(receiver.commits.withLock { $0.isEmpty })
  }

  @Test func `stops where the hub does not take the card`() async throws {
    let server = try await StubServer { _ in
      .json("{\"errors\":[{\"message\":\"bad\",\"line\":2}],\"warnings\":[]}", status: 400)
    }
    let hub = try client(server, home)
    let failure = await #expect(throws: FileFailure.self) {
      try await hub.push(folder.path, to: repository, message: "x")
    }
    #expect(failure?.place == "line 2")
    #expect(server.requests.count == 1)
  }
}

/// Base64 by the letters' values.
private func decoded(_ text: String) -> [UInt8] {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var values = [UInt32](repeating: 0, count: 256)
  for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt32(value) }
  var bytes: [UInt8] = []
  let all = Array(text.utf8)
  for start in stride(from: 0, to: all.count - 3, by: 4) {
    let four = all[start..<start + 4]
    let bits = four.reduce(UInt32(0)) { $0 << 6 | values[Int($1)] }
    let three = [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
    bytes += three.dropLast(four.count { $0 == UInt8(ascii: "=") })
  }
  return bytes
}
