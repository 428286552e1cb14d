/// The name of a repository on a hub: `owner/name`, or `name` alone for the oldest ones.
internal import Files

/// `owner/name`, checked by the rule that every client of such hubs applies.
public struct RepositoryIdentifier: Hashable, Sendable, CustomStringConvertible {
  /// A user or an organization; nil for the few repositories that have none.
  public let owner: String?
  public let name: String

  /// Parses `owner/name` or `name`.
  ///
  /// - Throws: ``FileFailure`` saying what no hub would take.
  public init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2 else {
      throw FileFailure(
        text, "is no id of a repository: it has \(parts.count - 1) slashes",
        hint: "an id is owner/name")
    }
    try self.init(owner: parts.count == 2 ? parts[0] : nil, name: parts[parts.count - 1])
  }

  /// Makes an id of its parts, each of which is checked.
  public init(owner: String?, name: String) throws {
    let text = owner.map { "\($0)/\(name)" } ?? name
    if let owner, let problem = Self.problem(ofPart: owner) {
      throw FileFailure(text, "the owner \(problem)", hint: "an id is owner/name")
    }
    if let problem = Self.problem(ofPart: name) {
      throw FileFailure(text, "the name \(problem)", hint: "an id is owner/name")
    }
    self.owner = owner
    self.name = name
  }

  public var description: String { owner.map { "\($0)/\(name)" } ?? name }

  /// What is wrong with an owner or a name; nil when nothing is.
  public static func problem(ofPart part: String) -> String? {
    guard !part.isEmpty else { return "is empty" }
    guard part.utf8.count <= 96 else { return "is longer than 96 characters" }
    if let odd = part.unicodeScalars.first(where: { !isAllowed($0) }) {
      return "holds \(escaped(String(odd)).isEmpty ? "?" : "\"\(escaped(String(odd)))\""); "
        + "letters, digits, and - _ . are allowed"
    }
    if part.contains("--") { return "holds two dashes in a row" }
    if part.contains("..") { return "holds two dots in a row" }
    if part.hasSuffix(".git") { return "ends in .git" }
    for end in [part.first, part.last] where end == "-" || end == "." {
      return "begins or ends in \(end == "-" ? "a dash" : "a dot")"
    }
    return nil
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
    default: false
    }
  }
}
