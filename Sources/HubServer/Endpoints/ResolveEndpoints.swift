/// Files themselves: the path that every download takes.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import NIOCore

let resolveEndpoints = [
  Endpoint(
    .get, "/{repo}/resolve/{revision}/{path...}", .readFiles, "A file",
    query: [("download", "boolean", "Whether browsers save it instead of showing it")],
    answer: "application/octet-stream", { try await sendFile($0, asPointer: false) }),
  Endpoint(
    .get, "/{repo}/raw/{revision}/{path...}", .readFiles,
    "A file as git has it: large ones by name",
    answer: "text/plain", { try await sendFile($0, asPointer: true) }),
]

private func sendFile(_ call: Call, asPointer: Bool) async throws -> Response {
  let snapshot = try await call.snapshot(call.value("revision"))
  let path = call.values["path"] ?? ""
  guard let file = snapshot.file(path) else {
    throw Problem.noFile(path, commit: snapshot.commit)
  }
  var headers: HTTPFields = [
    .repositoryCommit: snapshot.commit, .acceptRanges: "bytes",
    // Private files must not stay with those who share a proxy.
    .cacheControl: try call.repository().repository.isPrivate ? "private, no-cache" : "no-cache",
    .contentSecurityPolicy: "default-src 'none'; sandbox",
  ]
  let fileName = path.split(separator: "/").last.map(String.init) ?? path
  headers[.contentDisposition] =
    (call.query.flag("download") ? "attachment" : "inline")
    + "; filename*=UTF-8''\(percentEncoded(fileName))"
  if asPointer, file.isLarge {
    headers[.eTag] = "\"\(file.name)\""
    headers[.contentType] = "text/plain; charset=utf-8"
    let text = GitObject.pointer(digest: file.digest, byteCount: file.byteCount)
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
  }
  let tag = "\"\(file.entityTag)\""
  headers[.eTag] = tag
  if file.isLarge {
    headers[.linkedEntityTag] = tag
    headers[.linkedSize] = String(file.byteCount)
  }
  headers[.contentType] = mediaType(fileName)

  if matches(call.request.headers[.ifNoneMatch], tag) {
    return Response(status: .notModified, headers: headers)
  }
  if let wanted = call.request.headers[.ifMatch], !matches(wanted, tag) {
    throw Problem(.preconditionFailed, "The file has another ETag now: \(tag)")
  }
  var range = 0..<file.byteCount
  var status = HTTPResponse.Status.ok
  let isSame = call.request.headers[.ifRange].map { $0 == tag } ?? true
  if isSame, let text = call.request.headers[.range] {
    switch byteRange(text, of: file.byteCount) {
    case .whole: break
    case .part(let part):
      range = part
      status = .partialContent
      headers[.contentRange] =
        "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.byteCount)"
    case .impossible:
      headers[.contentRange] = "bytes */\(file.byteCount)"
      throw Problem(
        .rangeNotSatisfiable, "The file has \(file.byteCount) bytes", headers: headers)
    }
  }
  headers[.contentLength] = String(range.count)
  guard call.request.method != .head else { return Response(status: status, headers: headers) }
  if status == .ok { countDownload(call, path, snapshot) }
  return Response(
    status: status, headers: headers,
    body: try fileBody(call.hub, file.digest, range))
}

/// A body that is read from the disk as the client takes it.
func fileBody(_ hub: HubCore, _ digest: String, _ range: Range<Int>) throws -> ResponseBody {
  guard !range.isEmpty else { return ResponseBody() }
  let file = try hub.blobs.open(digest)
  guard file.byteCount >= range.upperBound else {
    throw FileFailure(file.path, "is \(file.byteCount) bytes long, expected \(range.upperBound)")
  }
  return ResponseBody(contentLength: range.count) { writer in
    var offset = range.lowerBound
    var next = try await readPiece(file, offset, range.upperBound)
    while next.readableBytes > 0 {
      offset += next.readableBytes
      // The next piece is read while this one is sent.
      let start = offset
      async let following = readPiece(file, start, range.upperBound)
      try await writer.write(next)
      hub.metrics.sent(next.readableBytes)
      next = try await following
    }
    try await writer.finish(nil)
  }
}

/// Reads up to 512 kB of a file; an empty buffer at the end.
private func readPiece(_ file: ReadableFile, _ offset: Int, _ end: Int) async throws -> ByteBuffer {
  let wanted = min(512 << 10, end - offset)
  guard wanted > 0 else { return ByteBuffer() }
  return try await onDisk {
    var buffer = ByteBufferAllocator().buffer(capacity: wanted)
    try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
      var count = 0
      while count < wanted {
        let read = try file.read(
          at: offset + count, into: UnsafeMutableRawBufferPointer(rebasing: bytes[count..<wanted]))
        guard read > 0 else { throw FileFailure(file.path, "became shorter while it was read") }
        count += read
      }
      return count
    }
    return buffer
  }
}

enum ByteRange: Equatable {
  case whole
  case part(Range<Int>)
  case impossible
}

/// What a `Range` header asks for of a file; several ranges at once are answered with the whole.
func byteRange(_ text: String, of byteCount: Int) -> ByteRange {
  guard text.hasPrefix("bytes="), !text.contains(",") else { return .whole }
  let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
  guard parts.count == 2 else { return .whole }
  let bounds = parts.map { $0.allSatisfy(\.isNumber) ? Int($0) : nil }
  switch (bounds[0], bounds[1]) {
  case (let first?, let last?):
    guard first <= last else { return .whole }
    return first < byteCount ? .part(first..<min(last, byteCount - 1) + 1) : .impossible
  case (let first?, nil) where parts[1].isEmpty:
    return first < byteCount ? .part(first..<byteCount) : .impossible
  case (nil, let count?) where parts[0].isEmpty:
    return count > 0 && byteCount > 0 ? .part(max(0, byteCount - count)..<byteCount) : .impossible
  default: return .whole
  }
}

/// Whether a list of entity tags holds one.
private func matches(_ list: String?, _ tag: String) -> Bool {
  guard let list else { return false }
  return list.split(separator: ",").contains { item in
    var item = item.trimmingCharacters(in: .whitespaces)
    if item.hasPrefix("W/") { item.removeFirst(2) }
    return item == tag || item == "*"
  }
}

/// How a browser is to take a file: as a picture, as text, or as bytes; never as a page or a script.
private func mediaType(_ name: String) -> String {
  let pictures = [
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp",
  ]
  if let ending = name.split(separator: ".").last, let type = pictures[ending.lowercased()] {
    return type
  }
  return isText(name) ? "text/plain; charset=utf-8" : "application/octet-stream"
}

/// By the end of its name, which is enough: nothing is ever sent as what a browser would run.
private func isText(_ name: String) -> Bool {
  let endings = [
    "txt", "md", "json", "jsonl", "yaml", "yml", "csv", "tsv", "py", "swift", "sh", "gitattributes",
    "gitignore", "toml", "cfg", "ini", "xml", "html", "css", "js", "svg", "conll", "jinja", "log",
  ]
  return name.split(separator: ".").last.map { endings.contains($0.lowercased()) } ?? false
}

/// Counts a download by the one file that every library reads first.
private func countDownload(_ call: Call, _ path: String, _ snapshot: Snapshot) {
  let first = snapshot.file("adapter_config.json") == nil ? "config.json" : "adapter_config.json"
  guard path == first, let known = call.known else { return }
  call.hub.counters.download(of: known.repository)
}
