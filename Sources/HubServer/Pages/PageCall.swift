/// What pages need of a call: where it goes, who looks at it, and whether a form is genuine.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

extension Call {
  /// The address without the host: path and query.
  var target: String { request.head.path ?? "/" }

  var path: String { String(target.prefix { $0 != "?" }) }

  /// Whether the browser came over TLS.
  var isSecure: Bool { baseURL.hasPrefix("https:") }

  /// `light` or `dark`, where the reader chose one.
  var theme: String? {
    request.cookie(.theme, isSecure: false).flatMap { ["light", "dark"].contains($0) ? $0 : nil }
  }

  // MARK: - Forms

  /// What a form must carry to be taken as one that was shown to this reader.
  var formToken: String {
    if let session = caller.sessionID { return hub.signer.code(["form", "session \(session)"]) }
    return hub.signer.code(["form", "visitor \(visitor)"])
  }

  /// Sets the visitor's cookie where a page is shown to somebody who has none.
  var newVisitorCookie: String? {
    guard caller.sessionID == nil, request.cookie(.visitor, isSecure: isSecure) == nil else {
      return nil
    }
    return Cookie.visitor.header(visitor, seconds: 86_400 * 30, isSecure: isSecure)
  }

  /// Refuses what was not sent from a page of this hub that was shown to this reader.
  ///
  /// - Parameter token: the form's `csrf`, or the header's.
  /// - Throws: `Problem` for one that is another's.
  func checkFormToken(_ token: String?) throws {
    let site = request.headers[.fetchSite]
    guard site == nil || site == "same-origin", let token, isEqual(token, formToken) else {
      throw Problem.forbidden(
        "This form is out of date or came from another site: go back, reload the page and try again"
      )
    }
  }

  /// The fields of a form that was sent from one of our pages.
  func checkedForm() async throws -> Query {
    let fields = try await form()
    try checkFormToken(fields["csrf"])
    return fields
  }

  /// Where to go after a form: a path of this hub, never another site.
  static func safeNext(_ path: String?) -> String {
    guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), !path.contains("\\"),
      path.utf8.allSatisfy({ (33...126).contains($0) }), path.utf8.count <= 2000
    else { return "/" }
    return path
  }

  /// A page that only those may see who are signed in leads there first.
  static func login(next: String) -> Response {
    .seeOther("/login?next=\(percentEncoded(next))")
  }
}

/// Compares in the same time wherever the difference is.
func isEqual(_ a: String, _ b: String) -> Bool {
  guard a.utf8.count == b.utf8.count else { return false }
  return zip(a.utf8, b.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
