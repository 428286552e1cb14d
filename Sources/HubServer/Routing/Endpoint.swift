/// One thing that can be asked of the hub.
internal import Files
internal import HTTPTypes
internal import Hummingbird

/// A method and a path, who may use it, what it does, and how it is described.
struct Endpoint: Sendable {
  /// What a caller must be allowed for an endpoint to run at all.
  enum Access: String, Sendable, CaseIterable {
    /// Everybody, known or not.
    case anyone
    case signedIn
    /// May know that the repository exists and see its metadata.
    case seeRepository
    /// May read the repository's files: gated ones ask for more.
    case readFiles
    case writeRepository
    case administerRepository
    /// An administrator, with a token for reading or writing.
    case inspectHub
    case administerHub
  }

  enum Body: Sendable {
    case none
    case json([String: JSON])
    case form([String: JSON])
    case lines
    case bytes
  }

  /// Who an endpoint is for, which decides how requests prove themselves and what refusals look like.
  enum Kind: Sendable {
    /// Programs: tokens, JSON.
    case program
    /// Readers in a browser: a session, HTML.
    case page
    /// What a page's form is sent to.
    case form
  }

  let kind: Kind
  let method: HTTPRequest.Method
  let pattern: PathPattern
  let access: Access
  let summary: String
  let query: [(name: String, type: String, text: String)]
  let body: Body
  /// What kind of answer there is: for people, and for the description.
  let answer: String
  let handle: @Sendable (Call) async throws -> Response

  init(
    _ method: HTTPRequest.Method, _ pattern: String, _ access: Access, _ summary: String,
    query: [(name: String, type: String, text: String)] = [], body: Body = .none,
    answer: String = "application/json",
    _ handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    kind = .program
    self.method = method
    self.pattern = PathPattern(pattern)
    self.access = access
    self.summary = summary
    self.query = query
    self.body = body
    self.answer = answer
    self.handle = handle
  }

  /// A page for browsers.
  init(
    page pattern: String, _ access: Access, _ summary: String,
    _ handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    self.init(kind: .page, .get, pattern, access, summary, handle)
  }

  /// What a form of a page is sent to; only one that was sent from that page gets here.
  init(
    form pattern: String, _ access: Access, _ summary: String,
    _ handle: @escaping @Sendable (Call, Query) async throws -> Response
  ) {
    self.init(kind: .form, .post, pattern, access, summary) { call in
      try await handle(call, call.checkedForm())
    }
  }

  /// What a form with files is sent to: the function must check that it comes from its page.
  init(
    files pattern: String, _ access: Access, _ summary: String,
    _ handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    self.init(kind: .form, .post, pattern, access, summary, handle)
  }

  private init(
    kind: Kind, _ method: HTTPRequest.Method, _ pattern: String, _ access: Access,
    _ summary: String, _ handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    self.kind = kind
    self.method = method
    self.pattern = PathPattern(pattern)
    self.access = access
    self.summary = summary
    query = []
    body = .none
    answer = "text/html"
    self.handle = handle
  }
}
