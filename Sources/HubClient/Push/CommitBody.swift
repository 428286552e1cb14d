/// The body of a commit: a line of JSON for each change, small files inside as base64.
internal import AsyncHTTPClient
internal import Files
internal import NIOCore

/// Streamed from the disk, so that memory stays the same however large the files are.
struct CommitBody: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  fileprivate enum Part: Sendable {
    case text(String)
    case contents(UploadFile)
  }

  private let parts: [Part]
  /// Known before it is sent, as servers want it.
  let length: Int

  init(
    summary: String, description: String, parent: String?, regular: [UploadFile],
    large: [UploadFile]
  ) {
    var header: JSON.Object = ["summary": .string(summary), "description": .string(description)]
    header["parentCommit"] = parent.map { .string($0) }
    var parts: [Part] = [.text(Self.line("header", .object(header)))]
    for file in regular {
      let path = JSON.string(file.path).text(.minified)
      parts += [
        .text("{\"key\":\"file\",\"value\":{\"content\":\""), .contents(file),
        .text("\",\"path\":\(path),\"encoding\":\"base64\"}}\n"),
      ]
    }
    for file in large {
      let value: JSON = [
        "path": .string(file.path), "algo": "sha256", "oid": .string(file.sha256),
        "size": .integer(file.size),
      ]
      parts.append(.text(Self.line("lfsFile", value)))
    }
    self.parts = parts
    length = parts.reduce(0) { sum, part in
      switch part {
      case .text(let text): sum + text.utf8.count
      case .contents(let file): sum + base64Length(file.size)
      }
    }
  }

  private static func line(_ key: String, _ value: JSON) -> String {
    JSON.object(["key": .string(key), "value": value]).text(.minified) + "\n"
  }

  var body: HTTPClientRequest.Body { .stream(self, length: .known(Int64(length))) }

  func makeAsyncIterator() -> Iterator { Iterator(parts: parts[...]) }

  struct Iterator: AsyncIteratorProtocol {
    fileprivate var parts: ArraySlice<Part>
    private var pieces: FilePieces.Iterator?

    fileprivate init(parts: ArraySlice<Part>) { self.parts = parts }

    mutating func next() async throws -> ByteBuffer? {
      while true {
        if let piece = try await pieces?.next() {
          return piece.withUnsafeReadableBytes { ByteBuffer(bytes: base64($0)) }
        }
        pieces = nil
        switch parts.popFirst() {
        case .text(let text)?: return ByteBuffer(string: text)
        case .contents(let file)?:
          pieces = FilePieces(path: file.source, range: 0..<file.size).makeAsyncIterator()
        case nil: return nil
        }
      }
    }
  }
}
