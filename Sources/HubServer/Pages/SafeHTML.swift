/// Text that is HTML already, and how all other text comes to be.
internal import Files
internal import Mustache

/// HTML that was made by our own code from parts that were escaped: it is put into pages as it is.
///
/// Templates say `{{name}}` for everything and never ask for text without escaping; only a value of
/// this type passes as HTML.
struct SafeHTML: Sendable, MustacheCustomRenderable {
  let html: String

  /// - Parameter html: what was built with ``escaped(html:)`` around everything that came from elsewhere.
  init(_ html: String) { self.html = html }

  var renderText: String { Self.mark + html }
  var isNull: Bool { html.isEmpty }

  /// Begins text that need not be escaped; nobody outside of the process can know it.
  fileprivate static let mark =
    "\u{F8FF}" + String(UInt64.random(in: 0 ... .max), radix: 36)
    + String(UInt64.random(in: 0 ... .max), radix: 36) + "\u{F8FF}"
}

/// Escapes what templates put in, except ``SafeHTML``.
struct PageText: MustacheContentType {
  static let name = "PAGE"

  func escapeText(_ text: String) -> String {
    if text.utf8.starts(with: SafeHTML.mark.utf8) {
      return String(text.utf8.dropFirst(SafeHTML.mark.utf8.count)) ?? ""
    }
    return escaped(html: text)
  }
}

/// Escapes text for HTML, for attributes in quotes too.
///
/// Byte by byte: a quote that carries a combining accent is still the end of an attribute to a
/// browser, while it is no `"` to a comparison of characters.
func escaped(html text: String) -> String {
  guard
    text.utf8.contains(where: {
      $0 == 34 || $0 == 38 || $0 == 39 || $0 == 60 || $0 == 62 || $0 == 0
    })
  else { return text }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.utf8.count + 32)
  for byte in text.utf8 {
    switch byte {
    case 34: bytes += "&quot;".utf8
    case 38: bytes += "&amp;".utf8
    case 39: bytes += "&#39;".utf8
    case 60: bytes += "&lt;".utf8
    case 62: bytes += "&gt;".utf8
    case 0: bytes += "\u{FFFD}".utf8
    default: bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
