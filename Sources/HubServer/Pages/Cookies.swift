/// What browsers send back: the session, the visitor that a form was shown to, the theme.
internal import HTTPTypes
internal import Hummingbird

/// The cookies of a hub.
enum Cookie: String {
  case session = "adapterhub_session"
  /// Ties the forms for people who are not signed in to the browser that they were shown in.
  case visitor = "adapterhub_visitor"
  case theme = "adapterhub_theme"
  /// What a form that was done tells on the next page.
  case flash = "adapterhub_flash"

  /// Over TLS the browser is told to take it from this host over TLS alone.
  func name(isSecure: Bool) -> String { isSecure ? "__Host-\(rawValue)" : rawValue }

  /// The header that sets the cookie; nothing as its value takes it away.
  func header(_ value: String?, seconds: Int, isSecure: Bool) -> String {
    "\(name(isSecure: isSecure))=\(value ?? ""); Path=/; Max-Age=\(value == nil ? 0 : seconds)"
      + "\(self == .theme ? "" : "; HttpOnly"); SameSite=Lax\(isSecure ? "; Secure" : "")"
  }
}

extension Request {
  /// The value of a cookie; nil where the browser sent none.
  func cookie(_ cookie: Cookie, isSecure: Bool) -> String? {
    let name = cookie.name(isSecure: isSecure)
    for header in headers[values: .cookie] {
      for pair in header.split(separator: ";") {
        let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        if parts.count == 2, parts[0] == name, parts[1].utf8.count <= 4096 {
          return String(parts[1])
        }
      }
    }
    return nil
  }
}
