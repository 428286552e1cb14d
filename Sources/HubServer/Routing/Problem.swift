/// Why a request is not done, as clients understand it.
internal import Files
internal import HTTPTypes

/// A refusal: status, the code and message headers that the field's clients read, and a body.
struct Problem: Error, Sendable {
  var status: HTTPResponse.Status
  /// What `X-Error-Code` says; clients choose their exception by it.
  var code: String?
  var message: String
  var headers: HTTPFields = [:]
  /// Instead of `{"error": message}`.
  var body: JSON?

  init(
    _ status: HTTPResponse.Status, _ message: String, code: String? = nil,
    headers: HTTPFields = [:], body: JSON? = nil
  ) {
    self.status = status
    self.message = message
    self.code = code
    self.headers = headers
    self.body = body
  }

  static func badRequest(_ message: String) -> Problem { Problem(.badRequest, message) }

  static func unprocessable(_ message: String) -> Problem {
    Problem(.unprocessableContent, message)
  }

  static func forbidden(_ message: String) -> Problem { Problem(.forbidden, message) }

  static func conflict(_ message: String, body: JSON? = nil) -> Problem {
    Problem(.conflict, message, body: body)
  }

  static func notFound(_ message: String) -> Problem { Problem(.notFound, message) }

  /// A repository that is not there, or that the caller may not know of: both look the same.
  static func noRepository(_ name: String, for caller: Caller) -> Problem {
    if caller.account == nil {
      return Problem(
        .unauthorized, "Repository \(name) not found, or it is private: sign in to see it",
        code: "RepoNotFound", headers: [.wwwAuthenticate: "Bearer realm=\"adapterhub\""])
    }
    return Problem(.notFound, "Repository \(name) not found", code: "RepoNotFound")
  }

  static func noRevision(_ revision: String) -> Problem {
    Problem(.notFound, "Invalid rev id: \(revision)", code: "RevisionNotFound")
  }

  static func noFile(_ path: String, commit: String) -> Problem {
    Problem(
      .notFound, "Entry \(path) not found in this revision", code: "EntryNotFound",
      headers: [.repositoryCommit: commit])
  }

  static func tooLarge(_ message: String) -> Problem { Problem(.contentTooLarge, message) }
}

extension HTTPResponse.Status {
  static let noRoom = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

extension HTTPField.Name {
  static let errorCode = Self("X-Error-Code").orAccept
  static let errorMessage = Self("X-Error-Message").orAccept
  static let repositoryCommit = Self("X-Repo-Commit").orAccept
  static let linkedEntityTag = Self("X-Linked-Etag").orAccept
  static let linkedSize = Self("X-Linked-Size").orAccept
  static let requestID = Self("X-Request-Id").orAccept
  static let amazonTrace = Self("X-Amzn-Trace-Id").orAccept
  static let link = Self("Link").orAccept
  static let downloadCounter = Self("X-HF-Download-Counter").orAccept
  static let forwardedFor = Self("X-Forwarded-For").orAccept
  static let forwardedProto = Self("X-Forwarded-Proto").orAccept
  static let forwardedHost = Self("X-Forwarded-Host").orAccept
  static let rateLimit = Self("RateLimit").orAccept
  static let rateLimitPolicy = Self("RateLimit-Policy").orAccept
  static let warningForPeople = Self("X-HF-Warning").orAccept
  static let contentTypeOptions = Self("X-Content-Type-Options").orAccept
}

extension Optional where Wrapped == HTTPField.Name {
  /// The names above are all valid; the type cannot know.
  var orAccept: HTTPField.Name { self ?? .accept }
}
