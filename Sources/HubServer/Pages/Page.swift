/// A page: what stands in it, and how it is sent.
internal import Crypto
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import NIOCore

/// A template with its values, and what every page has around it.
struct Page {
  /// Of the browser's tab, and of previews of a link.
  var title: String
  /// A sentence for previews of a link.
  var description =
    "Adapters for pre-trained transformers: trained, shared, explored, pulled by name."
  /// The template that fills the layout's `content`.
  var template: String
  var values: [String: Any]
  /// Which entry of the navigation this belongs to: `explore`, `tasks`, `languages`, `base`.
  var place = ""
  /// Whether search engines may keep it.
  var isIndexed = true
  var status = HTTPResponse.Status.ok
  var headers: HTTPFields = [:]

  init(_ title: String, _ template: String, _ values: [String: Any] = [:]) {
    self.title = title
    self.template = template
    self.values = values
  }

  /// Scripts, styles and pictures come from the hub alone; nothing may frame a page.
  static let policy =
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    + "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

  /// The page as an answer to a call.
  func response(_ call: Call) -> Response {
    var all = values
    let account = call.caller.account
    var around: [String: Any] = [
      "title": title, "description": description, "url": call.baseURL + call.path,
      "path": call.target, "next": percentEncoded(call.target),
      "version": call.hub.templates.version,
      "isIndexed": isIndexed, place: true,
    ]
    around["theme"] = call.theme
    all["page"] = around
    all["csrf"] = call.formToken
    let message = call.flash
    all["flash"] = message
    if let account {
      all["user"] =
        [
          "name": account.name, "initial": String(account.name.prefix(1)).uppercased(),
          "isAdministrator": account.isAdministrator,
        ] as [String: Any]
    }
    let html = call.hub.templates.render(template, all)

    var headers = headers
    headers[.contentType] = "text/html; charset=utf-8"
    headers[.contentSecurityPolicy] = Self.policy
    if headers[.cacheControl] == nil { headers[.cacheControl] = "private, no-cache" }
    headers[.vary] = "Cookie"
    headers[.referrerPolicy] = "same-origin"
    headers[.frameOptions] = "DENY"
    headers[.permissionsPolicy] = "camera=(), geolocation=(), microphone=()"
    headers[.openerPolicy] = "same-origin"
    if let cookie = call.newVisitorCookie { headers.append(.init(name: .setCookie, value: cookie)) }
    if message != nil {
      let cookie = Cookie.flash.header(nil, seconds: 0, isSecure: call.isSecure)
      headers.append(.init(name: .setCookie, value: cookie))
    }
    if status == .ok {
      let hash = hexadecimal(SHA256.hash(data: Data(html.utf8))).prefix(32)
      let tag = "W/\"\(hash)\""
      headers[.eTag] = tag
      if call.request.headers[.ifNoneMatch] == tag {
        return Response(status: .notModified, headers: headers)
      }
    }
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }
}

extension Response {
  /// Leads a browser on after a form was done.
  static func seeOther(_ path: String, headers: HTTPFields = [:]) -> Response {
    var headers = headers
    headers[.location] = path
    headers[.cacheControl] = "no-store"
    return Response(status: .seeOther, headers: headers)
  }
}

extension HTTPField.Name {
  static let referrerPolicy = Self("Referrer-Policy").orAccept
  static let frameOptions = Self("X-Frame-Options").orAccept
  static let permissionsPolicy = Self("Permissions-Policy").orAccept
  static let openerPolicy = Self("Cross-Origin-Opener-Policy").orAccept
  static let formToken = Self("X-CSRF-Token").orAccept
  static let fetchSite = Self("Sec-Fetch-Site").orAccept
}
