/// A repository at a revision: `owner/name@revision`.
internal import Files

/// What a user names to have it pulled.
public struct AdapterReference: Hashable, Sendable, CustomStringConvertible {
  public let repository: RepositoryIdentifier
  /// A branch, a tag or a commit.
  public let revision: String

  public static let defaultRevision = "main"

  public init(_ repository: RepositoryIdentifier, revision: String = Self.defaultRevision) {
    self.repository = repository
    self.revision = revision
  }

  /// Parses `owner/name`, `owner/name@revision`; without a revision it is `main`.
  ///
  /// - Throws: ``FileFailure`` saying what no hub would take.
  public init(_ text: String) throws {
    guard let sign = text.firstIndex(of: "@") else {
      self.init(try RepositoryIdentifier(text))
      return
    }
    let revision = String(text[text.index(after: sign)...])
    if let problem = Self.problem(ofRevision: revision) {
      throw FileFailure(
        text, "the revision \(problem)", hint: "write owner/name@branch, @tag or @commit")
    }
    self.init(try RepositoryIdentifier(String(text[..<sign])), revision: revision)
  }

  public var description: String {
    revision == Self.defaultRevision ? "\(repository)" : "\(repository)@\(revision)"
  }

  /// What is wrong with the name of a branch, a tag or a commit; nil when nothing is.
  ///
  /// The rules of `git check-ref-format`, which are also what keeps a revision from leaving the
  /// folder of the cache that it names a file in.
  public static func problem(ofRevision revision: String) -> String? {
    guard !revision.isEmpty else { return "is empty" }
    guard revision.utf8.count <= 244 else { return "is longer than 244 bytes" }
    for scalar in revision.unicodeScalars {
      let isOdd = " ~^:?*[\\".unicodeScalars.contains(scalar)
      if isOdd || scalar.value < 0x20 || scalar.value == 0x7F {
        return "holds \"\(escaped(String(scalar)))\""
      }
    }
    if revision.contains("..") { return "holds two dots in a row" }
    if revision.contains("@{") { return "holds @{" }
    let parts = revision.split(separator: "/", omittingEmptySubsequences: false)
    for part in parts {
      if part.isEmpty { return "begins or ends in a slash, or has two in a row" }
      if part.hasPrefix(".") || part.hasSuffix(".") {
        return "has a part that begins or ends in a dot"
      }
      if part.hasSuffix(".lock") { return "has a part that ends in .lock" }
    }
    return revision == "@" ? "is @" : nil
  }

  /// Whether a text is the full name of a commit: 40 hexadecimal digits.
  public static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  /// Whether the revision is a commit, which never changes its meaning.
  public var isPinned: Bool { Self.isCommit(revision) }
}
