import Files
import Foundation
import Testing

@testable import HubServer

/// Feeds a text in pieces of a size, and gathers what comes out: contents joined, lines as JSON.
private func read(_ text: String, pieces: Int) throws -> (contents: [[UInt8]], lines: [JSON]) {
  var reader = CommitLines()
  var (contents, lines): ([[UInt8]], [JSON]) = ([], [])
  var content: [UInt8] = []
  func take(_ event: CommitLines.Event) {
    switch event {
    case .content(let bytes): content += bytes
    case .line(let json, let hadContent):
      lines.append(json)
      if hadContent { contents.append(content) }
      content = []
    }
  }
  let bytes = Array(text.utf8)
  for start in stride(from: 0, to: bytes.count, by: pieces) {
    try bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes {
      try reader.take($0, take)
    }
  }
  try reader.finish(take)
  return (contents, lines)
}

@Suite struct `The lines of a commit` {
  private static let data = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })

  @Test(arguments: [1, 2, 3, 7, 64, 100_000])
  func `come apart alike in pieces of any size`(_ pieces: Int) throws {
    let base64 = Self.data.base64EncodedString()
    let escaped = base64.replacingOccurrences(of: "/", with: "\\/")
    let text = """
      {"key": "header", "value": {"summary": "a \\"title\\" with \\"content\\": \\"x\\"", "description": ""}}
      {"key": "file", "value": {"content": "\(base64)", "path": "a", "encoding": "base64"}}

      {"value":{"path":"b","content":"\(escaped)"},"key":"file"}
      {"key": "file", "value": {"path": "empty", "content": ""}}
      {"key": "deletedFile", "value": {"path": "content"}}
      """
    let (contents, lines) = try read(text, pieces: pieces)
    #expect(lines.count == 5)
    #expect(contents == [[UInt8](Self.data), [UInt8](Self.data), []])
    #expect(lines[1]["value"]?["content"] == "")
    #expect(lines[2]["value"]?["path"] == "b")
    #expect(lines[0]["value"]?["summary"] == "a \"title\" with \"content\": \"x\"")
  }

  @Test(arguments: [
    #"{"key": "file", "value": {"content": "not base64!"}}"#,
    #"{"key": "file", "value": {"content": "QQ==QQ=="}}"#,
    #"{"key": "file", "value": {"content": "QUJ"#,
    #"{"key": "file", "value": {"content": "QUI"}}"#,
    #"{"key": "file", "value": {"content": "QUJD\u0041"}}"#,
    #"{"key": "file", "value": {"content": "QUJD", "content": "QUJD"}}"#,
    #"{"key": "file", "value": "#, #"[1, 2"#, "\u{FEFF}{}", #"{"a": 1} {"b": 2}"#, "nonsense",
  ])
  func `are refused where they are broken`(_ text: String) {
    #expect(throws: Problem.self) { try read(text, pieces: 5) }
  }

  @Test func `may not be endless`() {
    let text = #"{"key": "header", "value": {"summary": ""# + String(repeating: "x", count: 2 << 20)
    #expect(throws: Problem.self) { try read(text, pieces: 65_536) }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: Problem.self) { try read(deep, pieces: 65_536) }
  }

  @Test(arguments: 0..<10) func `carry base64 of every length`(_ count: Int) throws {
    let data = Data((0..<UInt8(count)).map { $0 &+ 250 })
    let text = data.base64EncodedString()
    var decoder = Base64Decoder()
    var output: [UInt8] = []
    for byte in text.utf8 {
      try withUnsafeBytes(of: byte) { try decoder.decode($0, into: &output) }
    }
    try decoder.finish(into: &output)
    #expect(output == [UInt8](data))
  }
}
