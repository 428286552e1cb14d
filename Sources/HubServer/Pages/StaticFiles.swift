/// Style, script and icon: part of the program, kept by browsers for as long as they like.
internal import Files
internal import HTTPTypes
internal import Hummingbird

let staticEndpoints = [
  Endpoint(page: "/static/{version}/{name}", .anyone, "A file that pages need", staticFile),
  Endpoint(page: "/favicon.ico", .anyone, "The hub's icon") { call in
    try file("favicon.svg", call)
  },
  Endpoint(page: "/robots.txt", .anyone, "What search engines may read") { _ in
    .text("User-agent: *\nDisallow: /api/\nDisallow: /*/resolve/\nDisallow: /login\n")
  },
]

private func staticFile(_ call: Call) async throws -> Response {
  try file(call.value("name"), call)
}

private func file(_ name: String, _ call: Call) throws -> Response {
  guard let text = call.hub.templates.files[name] else {
    throw Problem.notFound("There is no file \(quoted(name))")
  }
  let type =
    switch name.split(separator: ".").last {
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "text/plain; charset=utf-8"
    }
  // An address with another version is of a page from before an upgrade.
  let isCurrent = call.values["version"] == call.hub.templates.version
  return .text(
    text, type: type,
    headers: [
      .cacheControl: isCurrent ? "public, max-age=31536000, immutable" : "no-cache",
      .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
    ])
}
