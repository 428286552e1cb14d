import Files
import HubClient
import Testing

@Suite struct `An id of a repository` {
  @Test(arguments: ["lab/sst2", "bert-base-uncased", "a.b/c_d-e.f", "A/1"])
  func `is read and written the same`(_ text: String) throws {
    #expect(try RepositoryIdentifier(text).description == text)
  }

  @Test(arguments: [
    "", "/", "a/", "/b", "a/b/c", "a b/c", "a/é", "a/b--c", "a/b..c", "a/b.git", "-a/b", "a/b.",
    "a/\u{1B}[31m", "a/../b", ".", "..", "a/\(String(repeating: "x", count: 97))",
  ])
  func `is refused with its cure`(_ text: String) {
    #expect(throws: FileFailure.self) { try RepositoryIdentifier(text) }
  }

  @Test func `may name a revision`() throws {
    #expect(try AdapterReference("lab/sst2").revision == "main")
    let tagged = try AdapterReference("lab/sst2@refs/pr/1")
    #expect(tagged.revision == "refs/pr/1")
    #expect(tagged.description == "lab/sst2@refs/pr/1")
    #expect(try AdapterReference("x@" + String(repeating: "a1", count: 20)).isPinned)
    for text in ["a/b@", "a/b@../x", "a/b@x y", "a/b@/x", "a/b@x.lock", "a/b@x@{1}"] {
      #expect(throws: FileFailure.self, "\(text)") { try AdapterReference(text) }
    }
  }
}
