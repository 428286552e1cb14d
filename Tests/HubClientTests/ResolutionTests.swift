import Files
import HubClient
import Testing

/// A hub with the one repository, which also knows it by what it does.
private func respond(_ candidates: String) -> @Sendable (StubRequest) -> StubReply {
  { request in
    request.path.hasPrefix("/api/resolve-adapter?")
      ? .json("{\"candidates\":[\(candidates)]}") : StubRepository.standard.respond(request)
  }
}

private let here = #"{"id":"lab/sst2","model":"bert","methods":["lora"],"elsewhere":false}"#
private let away = """
  {"id":"far/sst2","elsewhere":true,"default":"2","files":[
    {"version":"1","url":"https://a.test/1.zip","sha256":null},
    {"version":"2","url":"https://a.test/2.zip","sha256":"abc"}]}
  """

@Suite struct `An identifier` {
  private let cache: TemporaryFolder
  init() throws { cache = try TemporaryFolder() }

  @Test(arguments: ["sentiment/sst-2@lab", "sst-2@lab", "@lab/sst2", "sentiment/sst-2"])
  func `leads to the one adapter that is here`(_ text: String) async throws {
    let server = try await StubServer(respond("\(away),\(here)"))
    let pulled = try await client(server, cache).pull(resolving: text)
    #expect("\(pulled.repository)" == "lab/sst2")
  }

  @Test func `is an id first`() async throws {
    let server = try await StubServer { request in
      request.path.hasPrefix("/api/resolve")
        ? StubReply(status: 500, headers: [])
        : StubRepository.standard.respond(request)
    }
    #expect(try await client(server, cache).pull(resolving: "lab/sst2").fileCount == 4)
  }

  @Test func `says where an adapter is that is elsewhere`() async throws {
    let server = try await StubServer(respond(away))
    let failure = try await #require(throws: HubFailure.self) {
      try await client(server, cache).pull(resolving: "sst-2@far")
    }
    #expect(failure.kind == .fileNotFound)
    #expect(failure.problem.contains("https://a.test/2.zip, SHA-256 abc"))
  }

  @Test func `lists what it may mean`() async throws {
    let other = here.replacing("lab/sst2", with: "lab/other")
    let server = try await StubServer(respond("\(here),\(other),\(away)"))
    let failure = try await #require(throws: HubFailure.self) {
      try await client(server, cache).pull(resolving: "sentiment/sst-2")
    }
    #expect(failure.problem == "may be lab/sst2 (on bert), lab/other (on bert)")
  }

  @Test func `of nothing is told in the words that fit it`() async throws {
    let server = try await StubServer(respond(""))
    let hub = try client(server, cache)
    let id = try await #require(throws: HubFailure.self) {
      try await hub.pull(resolving: "nobody/nothing")
    }
    #expect(id.problem.contains("no such repository"))
    let identifier = try await #require(throws: HubFailure.self) {
      try await hub.pull(resolving: "nothing@nobody")
    }
    #expect(identifier.problem.contains("no adapter on"))
  }

  @Test func `is not known to a hub of another kind`() async throws {
    let server = try await StubServer { StubRepository.standard.respond($0) }
    let failure = try await #require(throws: HubFailure.self) {
      try await client(server, cache).resolve("sst-2@lab")
    }
    #expect(failure.problem.contains("does not know adapters by what they do"))
    #expect(failure.hint?.contains("owner/name") ?? false)
  }
}
