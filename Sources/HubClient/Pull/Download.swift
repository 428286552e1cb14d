/// One file from a hub into the cache.
internal import AsyncHTTPClient
internal import Files
internal import NIOCore
internal import NIOHTTP1

/// What moves a file: several processes may want the same one, transfers break off, servers err.
///
/// A name in the cache appears only over bytes whose length and sum were checked.
struct Download: Sendable {
  let transport: Transport
  let repository: CachedRepository
  let commit: String
  let file: RepositoryFile
  let received: @Sendable (Int) -> Void

  /// Brings the file into the snapshot, over the network only where its bytes are not there.
  ///
  /// - Returns: how many bytes came over the network.
  func run() async throws -> Int {
    if try await isPresent() { return 0 }
    let lock = try await FileLock.acquire(repository.lock(file.etag))
    defer { withExtendedLifetime(lock) {} }
    // Whoever held the lock before may have brought it.
    if try await isPresent() { return 0 }
    let blob = repository.blob(file.etag)
    // Without locks nobody else may have the same temporary file, so that nothing can be resumed.
    let temporary = lock.isReal ? "\(blob).incomplete" : "\(blob).\(uniqueSuffix()).incomplete"
    var partial = try await open(temporary)
    let found = partial.count
    do {
      try await complete(partial, blob)
    } catch let failure as HubFailure where failure.kind == .damaged && found > 0 {
      // What was found may have been what was wrong.
      received(-found)
      partial.remove()
      partial = try await open(temporary)
      try await complete(partial, blob)
      return file.size
    } catch {
      if !lock.isReal { partial.remove() }
      throw error
    }
    return file.size - found
  }

  private func isPresent() async throws -> Bool {
    guard try await onDisk({ try linkIfPresent() }) else { return false }
    received(file.size)
    return true
  }

  private func open(_ path: String) async throws -> PartialFile {
    try await onDisk {
      try makeFolder(parent(of: path))
      return try PartialFile(path, for: file)
    }
  }

  private func linkIfPresent() throws -> Bool {
    if repository.has(file, in: commit) { return true }
    guard sizeOfFile(repository.blob(file.etag)) == file.size else { return false }
    try repository.link(file, in: commit)
    return true
  }

  private func complete(_ partial: PartialFile, _ blob: String) async throws {
    do {
      try await transfer(partial)
    } catch let failure as HubFailure where failure.kind == .damaged {
      partial.remove()
      throw failure
    }
    try await onDisk {
      try partial.publish(as: blob)
      try repository.link(file, in: commit)
    }
  }

  /// Receives until everything is there; a transfer that broke off goes on where it was.
  private func transfer(_ partial: PartialFile) async throws {
    received(partial.count)
    var failures = 0
    while partial.count < file.size {
      let start = partial.count
      do {
        try await receive(partial, from: start)
        failures = partial.count > start ? 0 : failures + 1
        if failures > 0 { throw Interrupted() }
      } catch let failure as HubFailure {
        throw failure
      } catch let failure as FileFailure {
        throw failure
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        try Task.checkCancellation()
        failures = partial.count > start ? 1 : max(1, failures)
        guard failures < max(1, transport.settings.retryLimit) else {
          throw HubFailure(
            .unreachable, "\(repository.id)/\(file.path)",
            "the transfer breaks off again and again: \(words(error))",
            hint: "what has come is kept; pull again to go on")
        }
        failures += error is Interrupted ? 0 : 1
        try await transport.pause(after: failures, [:])
      }
    }
  }

  /// An answer without anything in it.
  private struct Interrupted: Error, CustomStringConvertible {
    var description: String { "nothing comes" }
  }

  private func receive(_ partial: PartialFile, from start: Int) async throws {
    var request = HubRequest(
      .GET,
      transport.settings.endpoint.appending(
        "/\(repository.id)/resolve/\(commit)/\(percentEncodedPath(file.path))"),
      about: "\(repository.id)/\(file.path)")
    request.headers.add(name: "x-hf-download-counter", value: "1")
    if start > 0 {
      request.headers.add(name: "range", value: "bytes=\(start)-")
      request.headers.add(name: "if-range", value: "\"\(file.etag)\"")
      request.expected = [416]
    }
    let response = try await transport.send(request)
    if start > 0, try await !isContinued(response, from: start) {
      received(-start)
      try await onDisk { try partial.restart() }
      if response.status == .rangeNotSatisfiable { return }
    }
    try await store(response.body, in: partial)
  }

  /// Whether an answer goes on where the file ends; a server may also begin anew.
  private func isContinued(_ response: HTTPClientResponse, from start: Int) async throws -> Bool {
    guard response.status == .partialContent else { return false }
    // `bytes 100-199/200`.
    let range = response.headers.first(name: "content-range") ?? ""
    let numbers = range.split { !$0.isNumber }.compactMap { Int($0) }
    guard range.hasPrefix("bytes "), numbers.count == 3, numbers[0] == start,
      numbers[2] == file.size
    else {
      throw HubFailure(
        .damaged, "\(repository.id)/\(file.path)",
        "asked for what follows byte \(start), the hub sent \(range.isEmpty ? "?" : range)")
    }
    return true
  }

  /// Writes what comes in pieces of a megabyte, also what came before a break.
  private func store(_ body: HTTPClientResponse.Body, in partial: PartialFile) async throws {
    var pieces: [ByteBuffer] = []
    var count = 0
    func flush() async throws {
      let ready = pieces
      let bytes = count
      guard bytes > 0 else { return }
      (pieces, count) = ([], 0)
      try await onDisk { try partial.append(ready) }
      received(bytes)
    }
    do {
      for try await piece in body {
        pieces.append(piece)
        count += piece.readableBytes
        if count >= 1 << 20 { try await flush() }
      }
    } catch {
      try await flush()
      throw error
    }
    try await flush()
  }
}
