/// An address of the web, as far as a client of a hub needs it taken apart.
internal import Files

/// `https://host:port/path?query`, never with a user or a password.
public struct WebAddress: Sendable, Hashable, CustomStringConvertible {
  /// `http` or `https`.
  let scheme: String
  let host: String
  let port: Int
  /// Path and query, percent-encoded, beginning with a slash; empty for the bare endpoint.
  let path: String

  /// Parses an absolute address.
  ///
  /// - Throws: ``FileFailure`` for what is none.
  public init(_ text: String) throws {
    guard let address = Self(parsing: text) else {
      throw FileFailure(
        text, "is no address of the web", hint: "it looks like https://hub.example.org")
    }
    self = address
  }

  private init?(parsing text: String) {
    guard let colon = text.firstRange(of: "://") else { return nil }
    scheme = text[..<colon.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    let rest = text[colon.upperBound...].prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@"), text.unicodeScalars.allSatisfy({ $0.value > 0x20 }) else {
      return nil
    }
    let standard = scheme == "https" ? 443 : 80
    // The port is behind the last colon, but an IPv6 address in brackets has colons of its own.
    if let sign = authority.lastIndex(of: ":"),
      !authority[authority.index(after: sign)...].contains("]")
    {
      let digits = authority[authority.index(after: sign)...]
      guard let number = digits.isEmpty ? standard : Int(digits), (1...65_535).contains(number)
      else { return nil }
      port = number
      host = authority[..<sign].lowercased()
    } else {
      port = standard
      host = authority.lowercased()
    }
    guard !host.isEmpty else { return nil }
    path = String(rest[authority.endIndex...])
  }

  private init(scheme: String, host: String, port: Int, path: String) {
    (self.scheme, self.host, self.port, self.path) = (scheme, host, port, path)
  }

  /// Scheme, host and port: who gets to see a token that is sent here.
  public var origin: String {
    let isStandard = port == (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host)" + (isStandard ? "" : ":\(port)")
  }

  public var description: String { origin + path }

  /// Without slashes at its end, as an endpoint is written.
  var trimmed: WebAddress {
    var path = path[...]
    while path.last == "/" { path.removeLast() }
    return WebAddress(scheme: scheme, host: host, port: port, path: String(path))
  }

  /// A path below this address, each part of which is encoded already.
  func appending(_ path: String) -> WebAddress {
    WebAddress(scheme: scheme, host: host, port: port, path: self.path + path)
  }

  /// Where a `Location` or a link leads from here.
  func following(_ location: String) -> WebAddress? {
    if location.hasPrefix("//") { return WebAddress(parsing: "\(scheme):\(location)") }
    if location.hasPrefix("/") {
      return WebAddress(scheme: scheme, host: host, port: port, path: location)
    }
    return WebAddress(parsing: location)
  }
}

/// A text as one part of a path, or as a value of a query: all but letters, digits and `-._~` is
/// encoded.
package func percentEncoded(_ text: some StringProtocol, keepingSlashes: Bool = false) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95, 126: bytes.append(byte)
    case 47 where keepingSlashes: bytes.append(byte)
    default: bytes += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// A path of a file with its slashes kept.
func percentEncodedPath(_ path: String) -> String { percentEncoded(path, keepingSlashes: true) }
