/// What all forms have in common: fields, mistakes shown in place, and a word when it is done.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

extension Query {
  /// A field without white space around it.
  ///
  /// - Parameters:
  ///   - name: the field.
  ///   - limit: how many characters it may have.
  /// - Returns: the text; an empty one for a field that is not there.
  /// - Throws: `Problem` for one that is longer, or holds what nobody can see.
  func text(_ name: String, limit: Int = 200) throws -> String {
    let text = (self[name] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.unicodeScalars.count <= limit else {
      throw Problem.unprocessable("\(name) is longer than \(limit) characters")
    }
    guard
      text.unicodeScalars.allSatisfy({
        $0.properties.generalCategory != .control && !isInvisible($0)
      })
    else { throw Problem.unprocessable("\(name) holds a character that cannot be seen") }
    return text
  }

  /// An e-mail address; nil where the field is empty.
  func email() throws -> String? {
    let text = try text("email", limit: 254)
    guard !text.isEmpty else { return nil }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !text.contains(" ") else {
      throw Problem.unprocessable("\(quoted(text)) is no e-mail address")
    }
    return text
  }

  /// A password that somebody chose, entered twice.
  ///
  /// - Throws: `Problem` for one that is too easy to guess.
  func newPassword(for name: String) throws -> String {
    let password = self["new"] ?? ""
    guard password.count >= 10 else {
      throw Problem.unprocessable("Choose a password of at least 10 characters")
    }
    guard password.utf8.count <= 1024 else {
      throw Problem.unprocessable("Choose a password of at most 1024 bytes")
    }
    guard !password.lowercased().contains(name.lowercased()) || password.count >= name.count + 10
    else { throw Problem.unprocessable("The password must not be made of the name") }
    guard Set(password).count >= 4 else {
      throw Problem.unprocessable("Choose a password of more than a few different characters")
    }
    guard self["again"] == password else {
      throw Problem.unprocessable("The two passwords are not the same")
    }
    return password
  }
}

/// Does what a form asks; where that cannot be done, its page says why, with what was entered.
///
/// - Parameters:
///   - page: the form's page with a problem on it.
///   - body: what the form asks.
/// - Returns: the answer of either.
/// - Throws: what is no mistake of the one who filled in the form.
func orShownAgain(
  _ page: (Problem) async throws -> Response, _ body: () async throws -> Response
) async throws -> Response {
  do {
    return try await body()
  } catch let problem as Problem
    where [400, 404, 409, 410, 412, 413, 422, 507].contains(problem.status.code)
  {
    return try await page(problem)
  }
}

extension Call {
  /// Counts an attempt that somebody could repeat to guess something, by where it comes from.
  func countGuess(_ subject: String) throws {
    _ = try hub.rates.count(.signIn, caller: .anyone, address: "\(subject) \(address)")
  }

  /// Leads on after a form was done, where a sentence says so once.
  func done(_ message: String, next: String) -> Response {
    let sealed = "\(percentEncoded(message)).\(flashCode(message))"
    let cookie = Cookie.flash.header(sealed, seconds: 60, isSecure: isSecure)
    return .seeOther(next, headers: [.setCookie: cookie])
  }

  /// What the form before this page has to tell.
  var flash: String? {
    guard let cookie = request.cookie(.flash, isSecure: isSecure),
      let dot = cookie.lastIndex(of: "."),
      let message = percentDecoded(cookie[..<dot].utf8, plusIsSpace: false),
      isEqual(String(cookie[cookie.index(after: dot)...]), flashCode(message))
    else { return nil }
    return message
  }

  /// A message is for the one who did something, and nobody else can make one.
  private func flashCode(_ message: String) -> String {
    let reader = caller.sessionID.map { "session \($0)" } ?? "visitor \(visitor)"
    return String(hub.signer.code(["flash", reader, message]).prefix(32))
  }

  /// A page that shows something this once.
  ///
  /// - Parameters:
  ///   - title: what it is.
  ///   - text: what to do with it.
  ///   - secret: the thing itself.
  ///   - back: where its list is.
  /// - Returns: an answer that no browser keeps.
  func secretPage(_ title: String, _ text: String, secret: String, back: String) -> Response {
    var page = Page(
      title, "secret", ["title": title, "text": text, "secret": secret, "back": back])
    page.isIndexed = false
    page.headers[.cacheControl] = "no-store"
    return page.response(self)
  }
}

extension Page {
  /// A page of somebody's own, with what went wrong.
  init(
    _ title: String, _ template: String, _ values: [String: Any] = [:], problem: Problem?
  ) {
    self.init(title, template, values)
    isIndexed = false
    guard let problem else { return }
    self.values["problem"] = problem.message
    status = problem.status
  }
}

/// Options of a `select`, one of them chosen.
func options(_ all: [(value: String, label: String)], chosen: String) -> [[String: Any]] {
  all.map { ["value": $0.value, "label": $0.label, "isChosen": $0.value == chosen] }
}
