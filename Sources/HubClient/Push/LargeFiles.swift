/// Large files, which go to the hub's store before the commit that names them.
internal import AsyncHTTPClient
internal import Files
internal import NIOCore
internal import NIOHTTP1

extension HubClient {
  /// Sends what the store does not have yet.
  ///
  /// The protocol is git-lfs', with the hub's own form of several parts.
  func sendLargeFiles(
    _ files: [UploadFile], to repository: RepositoryIdentifier, revision: String,
    sent: @escaping @Sendable (Int) -> Void
  ) async throws {
    let type = "application/vnd.git-lfs+json"
    var request = HubRequest(
      .POST, settings.endpoint.appending("/\(repository).git/info/lfs/objects/batch"),
      about: "\(repository)"
    ).sending(
      [
        "operation": "upload", "transfers": ["basic", "multipart"], "hash_algo": "sha256",
        "ref": ["name": .string(revision)],
        "objects": .array(
          files.map { ["oid": .string($0.sha256), "size": .integer($0.size)] }),
      ], type: type)
    request.headers.replaceOrAdd(name: "accept", value: type)
    let answer = try await transport.json(request)
    try await decoding {
      for object in try answer.required("objects").array() {
        let sum = try object.required("oid").string()
        guard let file = files.first(where: { $0.sha256 == sum }) else { continue }
        if let error = object["error"] {
          throw HubFailure(
            .invalidContent, file.path,
            "the hub does not take it: \(try error["message"]?.string() ?? "?")")
        }
        guard let actions = object["actions"] else {
          sent(file.size)
          continue
        }
        try await send(file, as: actions, sent: sent)
      }
    }
  }

  private func send(
    _ file: UploadFile, as actions: Field, sent: @escaping @Sendable (Int) -> Void
  ) async throws {
    if let upload = actions["upload"] {
      let header = upload["header"]
      if let partSize = try header?["chunk_size"].map(wholeNumber) {
        try await sendParts(file, partSize, header, to: upload.required("href"), sent: sent)
      } else {
        _ = try await put(file, 0..<file.size, to: upload.required("href"), headers: header)
        sent(file.size)
      }
    }
    if let verify = actions["verify"] {
      // The hub's own address, with the token; the others sign themselves.
      let request = HubRequest(.POST, try address(verify.required("href")), about: file.path)
        .sending(["oid": .string(file.sha256), "size": .integer(file.size)])
      _ = try await transport.whole(request)
    }
  }

  private func sendParts(
    _ file: UploadFile, _ partSize: Int, _ header: Field?, to completion: Field,
    sent: @escaping @Sendable (Int) -> Void
  ) async throws {
    let count = (file.size + partSize - 1) / partSize
    var parts: [JSON] = []
    for number in 1...max(1, count) {
      guard let href = header?["\(number)"] else {
        throw completion.failure("there is no address for part \(number) of \(count)")
      }
      let start = (number - 1) * partSize
      let range = start..<min(start + partSize, file.size)
      let headers = try await put(file, range, to: href, headers: nil)
      guard let etag = headers.first(name: "etag") else {
        throw HubFailure(.damaged, file.path, "the store gave part \(number) no etag")
      }
      parts.append(["partNumber": .integer(number), "etag": .string(etag)])
      sent(range.count)
    }
    var request = HubRequest(.POST, try address(completion), about: file.path)
      .sending(["oid": .string(file.sha256), "parts": .array(parts)])
    request.sendsToken = false
    _ = try await transport.whole(request)
  }

  /// Sends a range of a file to an address that signs itself: a token has no business there.
  private func put(
    _ file: UploadFile, _ range: Range<Int>, to href: Field, headers: Field?
  ) async throws -> HTTPHeaders {
    var request = HubRequest(.PUT, try address(href), about: file.path)
    request.sendsToken = false
    for (name, value) in try headers?.object() ?? [] {
      request.headers.replaceOrAdd(name: name, value: try value.string())
    }
    let source = file.source
    request.body = {
      .stream(FilePieces(path: source, range: range), length: .known(Int64(range.count)))
    }
    let response = try await transport.send(request)
    _ = try? await response.body.collect(upTo: 1 << 16)
    return response.headers
  }

  private func address(_ field: Field) throws -> WebAddress {
    let text = try field.string()
    guard let address = settings.endpoint.following(text) else {
      throw field.failure("is no address of the web")
    }
    return address
  }

  /// The size of a part, which hubs write as a text.
  private func wholeNumber(_ field: Field) throws -> Int {
    if case .string(let text) = field.json, let number = Int(text), number > 0 { return number }
    return try field.integer(in: 1...Int.max)
  }
}
