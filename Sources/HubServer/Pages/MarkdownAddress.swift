/// Where a link or a picture of a card may lead.
internal import HubClient

/// An address that is safe to be followed: of the web, of mail, or within the hub.
struct MarkdownAddress {
  let text: String
  /// Whether it leaves the hub.
  let isElsewhere: Bool

  /// Nil for an address that could run something, or that is none.
  ///
  /// - Parameters:
  ///   - source: what the text says, its entities undone.
  ///   - isPicture: whether it is to be loaded by the page itself.
  ///   - place: what a relative address begins at; without it there are none.
  init?(_ source: String, isPicture: Bool, at place: MarkdownPlace?) {
    // Browsers leave out what is neither seen nor printed before they look for the scheme.
    let clean = String(
      String.UnicodeScalarView(
        source.unicodeScalars.filter { $0.value > 32 && $0.value != 127 && !isInvisible($0) }))
    guard !clean.isEmpty, clean.utf8.count <= 2000, !clean.contains("\\") else { return nil }
    let beginning = clean.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let colon = beginning.firstIndex(of: ":") {
      let scheme = beginning[..<colon].lowercased()
      guard ["http", "https", "mailto"].contains(scheme), !isPicture || scheme != "mailto" else {
        return nil
      }
      text = clean
      isElsewhere = true
      return
    }
    isElsewhere = false
    if clean.hasPrefix("#") {
      guard !isPicture else { return nil }
      text = "#user-content-" + Self.headingName(String(clean.dropFirst()))
    } else if clean.hasPrefix("/") {
      // Two slashes begin another host.
      guard !clean.hasPrefix("//"), !isPicture else { return nil }
      text = clean
    } else {
      guard let place, let path = Self.path(clean, from: place.folder) else { return nil }
      if isPicture {
        let name = path.prefix { $0 != "?" && $0 != "#" }.lowercased()
        guard [".png", ".jpg", ".jpeg", ".gif", ".webp"].contains(where: name.hasSuffix) else {
          return nil
        }
      }
      let kind = isPicture ? "resolve" : "blob"
      text = "/\(place.repository)/\(kind)/\(percentEncoded(place.revision))/\(path)"
    }
  }

  /// The tag that begins a link to it.
  var openingTag: String {
    "<a href=\"\(escaped(html: text))\""
      + (isElsewhere ? " rel=\"nofollow noopener noreferrer\">" : ">")
  }

  /// A relative path put onto a folder; nil where it leaves the repository.
  private static func path(_ relative: String, from folder: String) -> String? {
    var parts = folder.split(separator: "/").map(String.init)
    let mark = relative.firstIndex { $0 == "?" || $0 == "#" } ?? relative.endIndex
    for part in relative[..<mark].split(separator: "/") {
      switch part {
      case ".": continue
      case "..":
        guard !parts.isEmpty else { return nil }
        parts.removeLast()
      default: parts.append(String(part))
      }
    }
    return parts.joined(separator: "/") + relative[mark...]
  }

  /// What a heading is called in addresses: small letters, digits and hyphens.
  static func headingName(_ text: String) -> String {
    var name = ""
    for scalar in text.lowercased().unicodeScalars {
      if scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_" {
        name.unicodeScalars.append(scalar)
      } else if scalar == " " || scalar == "-" {
        name += "-"
      }
    }
    return String(name.prefix(100))
  }

  /// The character that an entity stands for; nil for a name that is not one of the few that matter.
  static func character(of entity: String) -> String? {
    let body = entity.dropFirst().dropLast()
    if body.hasPrefix("#") {
      let isHexadecimal = body.dropFirst().first.map { $0 == "x" || $0 == "X" } ?? false
      let value = UInt32(body.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
      guard let value, value > 0, let scalar = Unicode.Scalar(value) else { return "\u{FFFD}" }
      return String(scalar)
    }
    return named[String(body)]
  }

  private static let named: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "colon": ":", "Tab": "\t",
    "NewLine": "\n", "sol": "/", "bsol": "\\", "nbsp": "\u{A0}", "num": "#", "quest": "?",
    "lpar": "(", "rpar": ")", "equals": "=", "commat": "@", "period": ".",
    "ZeroWidthSpace": "\u{200B}",
  ]
}
