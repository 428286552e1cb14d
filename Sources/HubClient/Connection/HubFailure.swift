/// What went wrong between this client and a hub, with the likely cure.

/// It reads as one line: `lab/sst2: there is no such repository … (check the spelling …)`.
public struct HubFailure: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    case repositoryNotFound, revisionNotFound, fileNotFound, gated, disabled
    /// No token, or one that the hub does not know.
    case notAuthenticated
    /// A token that may not do this.
    case notAllowed
    /// The thing exists already.
    case conflict
    /// The branch has moved on since the parent that was named.
    case staleParent
    case invalidContent, tooLarge, tooManyRequests
    /// No answer at all.
    case unreachable
    /// The network is switched off, and the cache does not have it.
    case offline
    /// What came is not what was announced.
    case damaged
    /// Any other answer.
    case refused(status: Int)
  }

  public let kind: Kind
  /// The repository, file or address that it is about.
  public let subject: String
  public let problem: String
  public let hint: String?

  public init(_ kind: Kind, _ subject: String, _ problem: String, hint: String? = nil) {
    self.kind = kind
    self.subject = subject
    self.problem = problem
    self.hint = hint
  }

  public var description: String {
    "\(oneLine(subject)): \(oneLine(problem))" + (hint.map { " (\($0))" } ?? "")
  }
}

extension HubFailure {
  /// Reads the meaning of a refusal from its status and the hub's own words.
  init(
    status: Int, code: String?, message: String?, subject: String, hasToken: Bool,
    requestID: String?
  ) {
    let words = message.map { ": \($0)" } ?? ""
    let login = "log in: adapterhub login"
    let (kind, problem, hint): (Kind, String, String?) =
      switch (code, status) {
      case _ where message?.hasPrefix("Access to this resource is disabled") == true:
        (.disabled, "the hub has disabled it", nil)
      case ("GatedRepo", _):
        (
          .gated, "its owner lets in only who has asked\(words)",
          hasToken ? "ask for access on its page" : "\(login), and ask for access on its page"
        )
      case ("RevisionNotFound", _):
        (
          .revisionNotFound, "there is no such branch, tag or commit",
          "after @ comes a revision; main is the usual one"
        )
      case ("EntryNotFound", _): (.fileNotFound, "there is no such file in it", nil)
      case ("RepoNotFound", _):
        (
          .repositoryNotFound, "there is no such repository, or it is private",
          hasToken ? "check the spelling, and who may see it" : "check the spelling, or \(login)"
        )
      case (_, 401):
        (
          .notAuthenticated,
          hasToken ? "the hub does not know this token" : "the hub wants to know who asks",
          hasToken ? "\(login) with a new token" : login
        )
      case (_, 403): (.notAllowed, "this token may not do that\(words)", "use one that may write")
      case (_, 404): (.repositoryNotFound, "there is no such thing\(words)", "check the spelling")
      case (_, 409): (.conflict, "it exists already\(words)", nil)
      case (_, 412):
        (.staleParent, "somebody else was faster: the branch has moved on", "pull, then try again")
      case (_, 413), (_, 507): (.tooLarge, "the hub has no room for it\(words)", nil)
      case (_, 429): (.tooManyRequests, "the hub asks for patience\(words)", "try again later")
      case (_, 400), (_, 422): (.invalidContent, "the hub does not take it\(words)", nil)
      case (_, 500...):
        (.refused(status: status), "the hub has failed with \(status)\(words)", "try again later")
      default: (.refused(status: status), "the hub answered with \(status)\(words)", nil)
      }
    let trace = status >= 500 ? requestID.map { "request \($0)" } : nil
    let cure = [hint, trace].compactMap(\.self).joined(separator: "; ")
    self.init(kind, subject, problem, hint: cure.isEmpty ? nil : cure)
  }
}

/// A text from a stranger that stays one line of a terminal.
private func oneLine(_ text: String) -> String {
  let shown = text.unicodeScalars.prefix(600).map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: " "
    default: String(scalar)
    }
  }
  return shown.joined()
}
