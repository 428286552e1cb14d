import Files
import HubClient
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let repository = StubRepository.standard
private let large = "adapter.safetensors"
private var largeBytes: [UInt8] { repository.files[large] ?? [] }

/// Expects a folder to hold the repository, and the cache nothing half done.
private func expectWhole(
  _ pulled: PulledRepository, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for (path, bytes) in repository.files {
    #expect(
      try readFile("\(pulled.folder)/\(path)") == bytes, "\(path)", sourceLocation: sourceLocation)
  }
  let blobs = try namesInFolder("\(pulled.folder)/../../blobs")
  #expect(
    Set(blobs) == Set(repository.files.keys.map { repository.etag($0) }),
    sourceLocation: sourceLocation)
}

/// Answers a number of times in a bad way about the large file, then well.
private func server(
  _ bad: @escaping @Sendable (_ time: Int, _ request: StubRequest) -> StubReply?
) async throws -> StubServer {
  let times = Counter()
  return try await StubServer { request in
    guard request.path.hasSuffix(large) else { return repository.respond(request) }
    return bad(times.next(), request) ?? repository.respond(request)
  }
}

private final class Counter: Sendable {
  private let value = Mutex(0)
  func next() -> Int {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}

@Suite struct `A pull` {
  private let reference: AdapterReference
  private let cache: TemporaryFolder

  init() throws {
    reference = try AdapterReference("lab/sst2")
    cache = try TemporaryFolder()
  }

  private var blobs: String { "\(cache.path)/hub/models--lab--sst2/blobs" }

  @Test(arguments: [true, false])
  func `lays files out as the Python client does`(_ listsIDs: Bool) async throws {
    var repository = repository
    repository.listsIDs = listsIDs
    let answering = repository
    let server = try await StubServer { answering.respond($0) }
    let pulled = try await client(server, cache).pull(reference)
    try expectWhole(pulled)
    let root = "\(cache.path)/hub/models--lab--sst2"
    #expect(pulled.folder == "\(root)/snapshots/\(repository.commit)")
    #expect(try readFile("\(root)/refs/main") == Array(repository.commit.utf8))
    var target = [CChar](repeating: 0, count: 4096)
    let length = readlink("\(pulled.folder)/nested/deeper/notes.txt", &target, 4095)
    #expect(
      String(decoding: target[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        == "../../../../blobs/\(repository.etag("nested/deeper/notes.txt"))")
    let tree = try JSON(contentsOf: "\(root)/trees/\(repository.commit).json")
    #expect(tree["format_version"] == 1)
    #expect(tree["files"]?[large]?["lfs_sha256"] == .string(repository.etag(large)))
    #expect(try namesInFolder("\(cache.path)/hub/.locks/models--lab--sst2").count == 4)
  }

  @Test func `asks once more and fetches nothing twice`() async throws {
    let server = try await StubServer { repository.respond($0) }
    let hub = try client(server, cache)
    let first = try await hub.pull("lab/sst2")
    #expect(first.receivedByteCount == repository.files.values.reduce(0) { $0 + $1.count })
    let before = server.requests.count
    let second = try await hub.pull(reference)
    #expect(second.receivedByteCount == 0)
    #expect(server.requests.count == before + 1)
    // A commit never changes, so nobody need be asked.
    _ = try await hub.pull(AdapterReference("lab/sst2@\(repository.commit)"))
    #expect(server.requests.count == before + 1)
  }

  @Test func `goes on where a stream was cut`() async throws {
    let server = try await server { time, request in
      time > 2
        ? nil
        : repository.served(
          largeBytes, large, range: request.headers.first(name: "range")
        ).cut(at: 1_000_000)
    }
    try expectWhole(try await client(server, cache).pull(reference))
    // What had come when the stream broke may be lost in part, never all of it.
    let starts = server.requests.filter { $0.path.hasSuffix(large) }.map { request in
      request.headers.first(name: "range").flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
    }
    #expect(starts.count == 3 && starts == Array(Set(starts)).sorted(), "\(starts)")
  }

  @Test func `goes on where another process was cut`() async throws {
    let server = try await StubServer { repository.respond($0) }
    try makeFolder(blobs)
    try writeAtomically(
      Array(largeBytes[..<2_000_000]), to: "\(blobs)/\(repository.etag(large)).incomplete")
    let pulled = try await client(server, cache).pull(reference)
    try expectWhole(pulled)
    let request = try #require(server.requests.first { $0.path.hasSuffix(large) })
    #expect(request.headers.first(name: "range") == "bytes=2000000-")
    #expect(request.headers.first(name: "if-range") == "\"\(repository.etag(large))\"")
  }

  @Test func `begins anew where what was left is wrong`() async throws {
    let server = try await StubServer { repository.respond($0) }
    try makeFolder(blobs)
    try writeAtomically(
      [UInt8](repeating: 7, count: 2_000_000),
      to: "\(blobs)/\(repository.etag(large)).incomplete")
    try expectWhole(try await client(server, cache).pull(reference))
  }

  @Test func `takes the whole file where a part was asked for`() async throws {
    let server = try await server { time, _ in
      time == 1
        ? repository.served(largeBytes, large, range: nil).cut(at: 1_500_000)
        : repository.served(largeBytes, large, range: nil)
    }
    try expectWhole(try await client(server, cache).pull(reference))
  }

  @Test func `survives a hub that refuses ranges and fails now and then`() async throws {
    let server = try await server { time, _ in
      switch time {
      case 1: repository.served(largeBytes, large, range: nil).cut(at: 100_000)
      case 2: StubReply(status: 416, headers: [("Content-Range", "bytes */3000000")])
      case 3: StubReply(status: 503, headers: [("Retry-After", "0")])
      case 4: StubReply(status: 500)
      default: nil
      }
    }
    try expectWhole(try await client(server, cache).pull(reference))
  }

  @Test(arguments: ["other", "longer", "shorter", "other range"])
  func `keeps nothing of wrong bytes`(_ kind: String) async throws {
    let server = try await server { _, request in
      switch kind {
      case "other": StubReply(body: [UInt8](repeating: 0, count: largeBytes.count))
      case "longer": StubReply(body: largeBytes + [0])
      case "shorter": StubReply(body: Array(largeBytes.dropLast(5)))
      default:
        StubReply(
          status: 206, headers: [("Content-Range", "bytes 5-9/10")], body: [1, 2, 3, 4, 5])
      }
    }
    if kind == "other range" {
      try makeFolder(blobs)
      try writeAtomically(
        Array(largeBytes[..<500]), to: "\(blobs)/\(repository.etag(large)).incomplete")
    }
    let hub = try client(server, cache)
    let failure = await #expect(throws: HubFailure.self) { try await hub.pull(reference) }
    if kind != "shorter" { #expect(failure?.kind == .damaged, "\(String(describing: failure))") }
    #expect(!fileExists("\(blobs)/\(repository.etag(large))"))
    #expect(!fileExists("\(cache.path)/hub/models--lab--sst2/refs/main"))
  }

  @Test func `of many at once fetches once`() async throws {
    let server = try await server { _, _ in
      var reply = repository.served(largeBytes, large, range: nil)
      reply.delay = .milliseconds(2)
      return reply
    }
    let hub = try client(server, cache)
    let pulled = try await withThrowingTaskGroup(of: PulledRepository.self) { group in
      for _ in 0..<12 { group.addTask { try await hub.pull(reference) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for one in pulled { try expectWhole(one) }
    #expect(server.requests.count { $0.path.hasSuffix(large) } == 1)
  }

  @Test func `needs no network once it was done`() async throws {
    let server = try await StubServer { repository.respond($0) }
    let offline = try client(server, cache, isOffline: true)
    let failure = await #expect(throws: HubFailure.self) { try await offline.pull(reference) }
    #expect(failure?.kind == .offline)
    _ = try await client(server, cache).pull(reference)
    let count = server.requests.count
    let pulled = try await offline.pull(reference)
    try expectWhole(pulled)
    #expect(pulled.isUnchecked)
    #expect(server.requests.count == count)
    unlink("\(pulled.folder)/\(large)")
    await #expect(throws: HubFailure.self) { try await offline.pull(reference) }
  }

  @Test func `takes the cache's where nobody answers`() async throws {
    let closed = try await StubServer { _ in StubReply() }.endpoint
    let server = try await StubServer { repository.respond($0) }
    _ = try await client(server, cache).pull(reference)
    let hub = try client(server, cache, environment: ["HF_ENDPOINT": closed])
    try expectWhole(try await hub.pull(reference))
  }

  @Test(arguments: ["../x", "/etc/passwd", "a/../../b", "a//b", "a\\u0000b", "."])
  func `refuses a path that leads out of its folder`(_ path: String) async throws {
    let id = repository.id
    let info = """
      {"id":"\(id)","sha":"\(repository.commit)","siblings":[{"rfilename":"\(path)","size":0,\
      "blobId":"\(gitBlob([]))"}]}
      """
    let server = try await StubServer { _ in .json(info) }
    let hub = try client(server, cache)
    let failure = await #expect(throws: HubFailure.self) { try await hub.pull(reference) }
    #expect(failure?.kind == .damaged)
  }

  @Test(arguments: [
    (404, "RepoNotFound", HubFailure.Kind.repositoryNotFound),
    (404, "RevisionNotFound", .revisionNotFound), (403, "GatedRepo", .gated),
    (401, "", .notAuthenticated), (418, "", .refused(status: 418)),
  ])
  func `says why it is refused`(_ status: Int, _ code: String, _ kind: HubFailure.Kind) async throws
  {
    let server = try await StubServer { _ in
      var reply = StubReply.json("{\"error\":\"a\\u001bb\"}", status: status)
      reply.headers.append(("X-Error-Code", code))
      return reply
    }
    let hub = try client(server, cache)
    let failure = try #require(
      await #expect(throws: HubFailure.self) { try await hub.pull(reference) })
    #expect(failure.kind == kind)
    #expect(failure.description.hasPrefix("lab/sst2: "))
    #expect(!failure.description.contains("\u{1B}"))
  }

  @Test func `shows its token to its hub alone`() async throws {
    let store = try await StubServer { request in
      let name = String(request.path.dropFirst())
      return repository.served(repository.files[name] ?? [], name, range: nil)
    }
    let elsewhere = store.endpoint
    let server = try await StubServer { request in
      guard request.path.hasSuffix(large) else { return repository.respond(request) }
      return StubReply(status: 302, headers: [("Location", "\(elsewhere)/\(large)")])
    }
    let hub = try client(server, cache, environment: ["HF_TOKEN": " secret\n"])
    try expectWhole(try await hub.pull(reference))
    #expect(
      server.requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer secret" })
    #expect(store.requests.count == 1)
    #expect(store.requests.allSatisfy { $0.headers.first(name: "authorization") == nil })
  }
}

extension StubReply {
  fileprivate func cut(at count: Int) -> StubReply {
    var reply = self
    reply.cut = min(count, body.count)
    if count >= body.count { reply.cut = nil }
    return reply
  }
}
