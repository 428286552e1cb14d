/// Git LFS: large files go to addresses of their own before a commit names them.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import NIOCore

let largeFileEndpoints = [
  Endpoint(
    .post, "/{repo}.git/info/lfs/objects/batch", .seeRepository, "Where to send or get large files",
    body: .json(["operation": "string", "transfers": "array", "objects": "array"]),
    answer: lfsType, batch),
  Endpoint(
    .post, "/{repo}.git/info/lfs/verify", .writeRepository, "Whether a large file has come",
    body: .json(["oid": "string", "size": "integer"]), answer: lfsType, verify),
  // These are signed instead of authorised: clients send no token with them.
  Endpoint(
    .put, "/api/lfs/{repository}/{digest}/{size}", .anyone, "Send a large file",
    query: signature, body: .bytes, answer: "text/plain", upload),
  Endpoint(
    .put, "/api/lfs/{repository}/{digest}/{size}/{part}", .anyone, "Send a part of a large file",
    query: signature, body: .bytes, answer: "text/plain", uploadPart),
  Endpoint(
    .post, "/api/lfs/{repository}/{digest}/{size}/complete", .anyone, "Put the parts together",
    query: signature, body: .json(["oid": "string", "parts": "array"]), answer: lfsType, complete),
  Endpoint(
    .post, "/api/lfs/{repository}/{digest}/{size}/verify", .anyone, "Whether a large file has come",
    query: signature, body: .json(["oid": "string", "size": "integer"]), answer: lfsType,
    verifySigned),
  Endpoint(
    .get, "/api/lfs/{repository}/{digest}", .anyone, "Get a large file", query: signature,
    answer: "application/octet-stream", download),
]

private let lfsType = "application/vnd.git-lfs+json"
private let signature: [(name: String, type: String, text: String)] = [
  ("expires", "integer", "Until when the address is valid"),
  ("signature", "string", "That this hub made it"),
]

/// The digest and size of an object that a client names.
private func object(_ field: Field) throws -> (digest: String, byteCount: Int) {
  let digest = try field.required("oid").string()
  guard digest.utf8.count == 64, bytes(hexadecimal: digest) != nil else {
    throw Problem.unprocessable("\(quoted(digest)) is no SHA-256")
  }
  return (digest, try field.required("size").integer(in: 0...Int.max))
}

private func batch(_ call: Call) async throws -> Response {
  let json = try await call.json()
  let repository = try call.repository().repository
  let operation = try json.required("operation").string()
  if let algorithm = try json["hash_algo"]?.string(), algorithm != "sha256" {
    throw Problem.conflict("This hub names files by sha256, not by \(quoted(algorithm))")
  }
  guard ["upload", "download"].contains(operation) else {
    throw Problem.unprocessable("operation is upload or download")
  }
  if operation == "download" {
    try await call.checkGate()
  } else {
    guard call.caller.level(repository) >= .write else {
      guard call.caller.account != nil else { throw Problem.signIn }
      throw Problem.forbidden("\(call.caller.name) may not write to \(repository.fullName)")
    }
  }
  let transfers = try json["transfers"]?.array().map { try $0.string() } ?? ["basic"]
  let objects = try json.required("objects").array()
  guard objects.count <= 1000 else { throw Problem.tooLarge("Ask for 1000 objects at most") }
  // One way of sending for all objects of an answer.
  let sizes = try objects.map { try object($0).byteCount }
  let inParts =
    operation == "upload" && transfers.contains("multipart")
    && sizes.contains { $0 > call.hub.settings.partBytes }
  var answers: [JSON] = []
  for field in objects {
    let (digest, byteCount) = try object(field)
    answers.append(
      try await answer(
        call, repository, operation, digest: digest, byteCount: byteCount, inParts: inParts))
  }
  return .json(
    [
      "transfer": inParts ? "multipart" : "basic", "objects": .array(answers),
      "hash_algo": "sha256",
    ], type: lfsType)
}

private func answer(
  _ call: Call, _ repository: Repository, _ operation: String, digest: String, byteCount: Int,
  inParts: Bool
) async throws -> JSON {
  var answer = JSON.Object([
    ("oid", .string(digest)), ("size", .integer(byteCount)), ("authenticated", true),
  ])
  func fail(_ code: Int, _ message: String) -> JSON {
    answer["error"] = ["code": .integer(code), "message": .string(message)]
    return .object(answer)
  }
  let known = try await call.registry.byteCount(of: digest, in: repository)
  let path = "\(call.baseURL)/api/lfs/\(repository.id)/\(digest)"
  func signed(_ path: String, _ parts: [String], minutes: Int = 24 * 60) -> String {
    "\(path)?\(call.hub.signer.query([String(repository.id), digest] + parts, minutes: minutes))"
  }
  if operation == "download" {
    guard let known else { return fail(404, "The object is not in this repository") }
    answer["size"] = .integer(known)
    answer["actions"] = ["download": ["href": .string(signed(path, ["get"], minutes: 10))]]
    return .object(answer)
  }
  if operation == "upload", known == nil {
    try await call.registry.requireRoom(for: digest, byteCount: byteCount, in: repository)
  }
  guard byteCount <= call.hub.settings.limits.fileBytes else {
    return fail(422, "The limit is \(call.hub.settings.limits.fileBytes) bytes")
  }
  if let known {
    guard known == byteCount else { return fail(422, "The object has \(known) bytes") }
    return .object(answer)
  }
  let target = "\(path)/\(byteCount)"
  let verify: JSON = ["href": .string(signed("\(target)/verify", [String(byteCount), "verify"]))]
  guard inParts else {
    answer["actions"] = [
      "upload": ["href": .string(signed(target, [String(byteCount), "put"]))], "verify": verify,
    ]
    return .object(answer)
  }
  let partBytes = call.hub.settings.partBytes
  var header = JSON.Object([("chunk_size", .string(String(partBytes)))])
  for part in 1...max(1, (byteCount + partBytes - 1) / partBytes) {
    header[String(part)] = .string(
      signed("\(target)/\(part)", [String(byteCount), "part", String(part)]))
  }
  answer["actions"] = [
    "upload": [
      "href": .string(signed("\(target)/complete", [String(byteCount), "complete"])),
      "header": .object(header),
    ],
    "verify": verify,
  ]
  return .object(answer)
}

private func verify(_ call: Call) async throws -> Response {
  let (digest, byteCount) = try object(try await call.json())
  let known = try await call.registry.byteCount(of: digest, in: call.repository().repository)
  guard known == byteCount else {
    throw Problem.notFound("The object \(digest) of \(byteCount) bytes has not come")
  }
  return .json(["oid": .string(digest), "size": .integer(byteCount)], type: lfsType)
}

/// The same with a signature: git's client sends no token to an address it was given.
private func verifySigned(_ call: Call) async throws -> Response {
  let target = try await Target(call, ["verify"])
  let known = try await call.registry.byteCount(of: target.digest, in: target.repository)
  guard known == target.byteCount else {
    throw Problem.notFound("The object \(target.digest) of \(target.byteCount) bytes has not come")
  }
  return .json(
    ["oid": .string(target.digest), "size": .integer(target.byteCount)], type: lfsType)
}

// MARK: - Signed addresses

/// What a signed address is for.
private struct Target {
  let repository: Repository
  let digest: String
  let byteCount: Int

  init(_ call: Call, _ purpose: [String]) async throws {
    let id = try call.value("repository")
    digest = try call.value("digest")
    let size = call.values["size"]
    try call.hub.signer.check([id, digest] + (size.map { [$0] } ?? []) + purpose, call.query)
    guard let number = Int64(id),
      let repository = try await call.registry.repository(id: number)
    else { throw Problem.notFound("The repository is gone") }
    self.repository = repository
    byteCount = size.flatMap { Int($0) } ?? 0
  }
}

private func receive(_ call: Call, into file: IncomingFile, limit: Int) async throws -> Int {
  if let text = call.request.headers[.contentLength], let length = Int(text), length > limit {
    throw Problem.tooLarge("The body is \(length) bytes long, expected \(limit)")
  }
  var count = 0
  for try await buffer in call.request.body {
    count += buffer.readableBytes
    guard count <= limit else { throw Problem.tooLarge("The body is longer than \(limit) bytes") }
    call.hub.metrics.received(buffer.readableBytes)
    try await file.write(Array(buffer.readableBytesView))
  }
  return count
}

/// Keeps what has come if it is what was announced.
private func accept(_ call: Call, _ file: IncomingFile, _ target: Target) async throws {
  guard await file.byteCount == target.byteCount else {
    throw Problem.badRequest(
      "\(await file.byteCount) bytes came, \(target.byteCount) were announced")
  }
  let digest = await file.digest()
  guard digest == target.digest else {
    throw Problem.unprocessable(
      "The content's SHA-256 is \(digest), announced was \(target.digest)")
  }
  try await call.hub.keep(
    file, digest: digest, byteCount: target.byteCount, for: target.repository)
}

private func upload(_ call: Call) async throws -> Response {
  let target = try await Target(call, ["put"])
  let file = try call.hub.blobs.receive()
  _ = try await receive(call, into: file, limit: target.byteCount)
  try await accept(call, file, target)
  return .text("", headers: [.eTag: "\"\(target.digest)\""])
}

private func uploadPart(_ call: Call) async throws -> Response {
  guard let part = Int(try call.value("part")) else {
    throw Problem.notFound("There is no such part")
  }
  let target = try await Target(call, ["part", String(part)])
  let partBytes = call.hub.settings.partBytes
  let expected = min(partBytes, target.byteCount - (part - 1) * partBytes)
  guard expected > 0 else { throw Problem.notFound("There is no part \(part)") }
  let file = try call.hub.parts.receive(target.repository.id, target.digest)
  let count = try await receive(call, into: file, limit: expected)
  guard count == expected else {
    throw Problem.badRequest("\(count) bytes came, the part has \(expected)")
  }
  let tag = await file.digest()
  try await file.place(
    at: call.hub.parts.path(target.repository.id, target.digest, part: part))
  return .text("", headers: [.eTag: "\"\(tag)\""])
}

private func complete(_ call: Call) async throws -> Response {
  let target = try await Target(call, ["complete"])
  _ = try await call.json()
  // A client that lost the answer asks again.
  if try await call.registry.byteCount(of: target.digest, in: target.repository) == target.byteCount
  {
    return .json(["oid": .string(target.digest)], type: lfsType)
  }
  let file = try call.hub.blobs.receive()
  let partBytes = call.hub.settings.partBytes
  for part in 1...max(1, (target.byteCount + partBytes - 1) / partBytes) {
    let path = call.hub.parts.path(target.repository.id, target.digest, part: part)
    guard fileExists(path) else { throw Problem.unprocessable("Part \(part) has not come") }
    try await file.append(path)
  }
  try await accept(call, file, target)
  try call.hub.parts.remove(target.repository.id, target.digest)
  return .json(["oid": .string(target.digest)], type: lfsType)
}

private func download(_ call: Call) async throws -> Response {
  let target = try await Target(call, ["get"])
  guard
    let byteCount = try await call.registry.byteCount(of: target.digest, in: target.repository)
  else { throw Problem.notFound("The object is not in this repository") }
  var headers: HTTPFields = [
    .contentType: "application/octet-stream", .eTag: "\"\(target.digest)\"",
    .contentSecurityPolicy: "default-src 'none'; sandbox", .acceptRanges: "bytes",
  ]
  var range = 0..<byteCount
  var status = HTTPResponse.Status.ok
  if let text = call.request.headers[.range] {
    switch byteRange(text, of: byteCount) {
    case .whole: break
    case .part(let part):
      (range, status) = (part, .partialContent)
      headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(byteCount)"
    case .impossible:
      throw Problem(
        .rangeNotSatisfiable, "The file has \(byteCount) bytes",
        headers: [.contentRange: "bytes */\(byteCount)"])
    }
  }
  headers[.contentLength] = String(range.count)
  guard call.request.method != .head else { return Response(status: status, headers: headers) }
  return Response(
    status: status, headers: headers, body: try fileBody(call.hub, target.digest, range))
}
