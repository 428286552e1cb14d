/// The Python library's configurations and their hashes.
import Files
import Testing

@testable import Adapters

/// A configuration that `Scripts/make-goldens.py` wrote: a method string, what it means, its hash.
private struct Golden: Sendable, CustomTestStringConvertible {
  let text: String
  let configuration: JSON.Object
  let hash: String

  var testDescription: String { text }

  /// Methods that this version refuses.
  static let unsupported: Set = ["dora", "dvora", "mtl_lora", "vera"]

  static let all: [Golden] = (try? read()) ?? []
  /// All others but one: the library does not write what makes a DiReFT other than a NoReFT, and so
  /// reads back another; here it is written.
  static let supported = all.filter { !unsupported.contains($0.text) && $0.text != "direft" }

  static func read() throws -> [Golden] {
    let path = Goldens.folder + "/configurations.json"
    return try Field(JSON(contentsOf: path), file: path).required("methods").object().map {
      guard case .object(let configuration) = try $0.value.required("config").json else {
        throw $0.value.failure("expected an object")
      }
      // A Python class that has no method string of its own there.
      let text = $0.key == "AdapterPlusConfig()" ? "adapter_plus" : $0.key
      return Golden(
        text: text, configuration: configuration, hash: try $0.value.required("hash").string())
    }
  }
}

@Suite struct `A method's configuration` {
  @Test func `has goldens to be compared with`() {
    #expect(Golden.all.count > 40)
    #expect(Golden.supported.count > 20)
  }

  @Test(arguments: Golden.supported)
  private func `is the Python library's dictionary`(_ golden: Golden) throws {
    let found = methodConfiguration(try parseMethods(golden.text))
    #expect(
      JSON.object(found).text(.indentedSorted)
        == JSON.object(golden.configuration).text(.indentedSorted))
  }

  @Test(arguments: Golden.all)
  private func `has the Python library's hash`(_ golden: Golden) {
    #expect(configurationHash(golden.configuration) == golden.hash)
  }

  @Test(arguments: Golden.supported)
  private func `is described by a string that makes it again`(_ golden: Golden) throws {
    let methods = try parseMethods(golden.text)
    let again = try parseMethods(describe(methods))
    #expect(methodConfiguration(again) == methodConfiguration(methods))
    #expect(configurationHash(methodConfiguration(again)) == golden.hash)
  }

  @Test(arguments: Array(Golden.unsupported))
  func `of a method that comes later is refused`(_ text: String) {
    #expect(throws: FileFailure.self) { try parseMethods(text) }
  }

  @Test(
    arguments: [
      ("", "expected a method's name, found the end"), ("[", "expected a method's name, found ["),
      ("seq_bn[", "expected a setting or ], found the end"), ("seq_bn[x=1]", "has no setting x"),
      ("seq_bn\nbn", "unexpected \\u{a}bn"), (String(repeating: "a", count: 9_999), "aaa…"),
      ("lora[r=\(String(repeating: "[", count: 9_999))]", "nested too deeply"),
    ])
  func `that cannot be read is refused in one short line`(_ text: String, _ problem: String) throws
  {
    let failure = try #require(throws: FileFailure.self) { try parseMethods(text) }
    #expect(failure.problem.contains(problem), "\(failure)")
    #expect(!failure.description.contains { $0.isNewline })
    #expect(failure.description.utf8.count < 800)
  }

  @Test func `is hashed by the standard's SHA-1`() {
    let digests: [(String, String)] = [
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ), (String(repeating: "a", count: 1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ]
    for (message, digest) in digests {
      let found = sha1(Array(message.utf8)).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      #expect(found.joined() == digest)
    }
  }
}
