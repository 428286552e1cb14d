/// Which hub, as whom, and where files go: what the environment says.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The variables are those of the Python client, so that both share one set-up and one cache.
public struct ClientSettings: Sendable {
  /// `HF_ENDPOINT`.
  public var endpoint: WebAddress
  /// `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, or the contents of ``tokenPath``.
  public var token: String?
  /// `HF_HUB_CACHE`, or `hub` in `HF_HOME`.
  public var cacheFolder: String
  /// `HF_TOKEN_PATH`, or `token` in `HF_HOME`.
  public var tokenPath: String
  /// `HF_HUB_OFFLINE`: nothing is asked of the network.
  public var isOffline: Bool
  /// The pause after the first failed try; it doubles.
  public var retryPause: Duration = .seconds(1)
  public var retryLimit = 5

  public static let publicEndpoint = "https://huggingface.co"

  /// Reads the environment of the process.
  public init() throws {
    try self.init { name in getenv(name).map { String(cString: $0) } }
  }

  /// Reads an environment; an empty variable counts as none.
  ///
  /// - Throws: ``FileFailure`` for an endpoint that is no address, or a token that cannot be sent.
  public init(environment: (String) -> String?) throws {
    func value(_ names: String...) -> String? {
      names.compactMap { environment($0) }.first { !$0.isEmpty }
    }
    func isOn(_ name: String) -> Bool {
      ["1", "on", "yes", "true"].contains(value(name)?.lowercased())
    }
    let user = value("HOME") ?? "/"
    let expand = { (path: String) in path.hasPrefix("~/") ? user + path.dropFirst() : path }
    let home = expand(
      value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "\(user)/.cache") + "/huggingface")
    endpoint = try WebAddress(value("HF_ENDPOINT") ?? Self.publicEndpoint).trimmed
    cacheFolder = expand(value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? "\(home)/hub")
    tokenPath = expand(value("HF_TOKEN_PATH") ?? "\(home)/token")
    isOffline = isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE")
    if let text = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") {
      token = try Self.checkedToken(text, from: "HF_TOKEN")
    } else if fileExists(tokenPath) {
      let text = String(decoding: try readFile(tokenPath, limit: 1 << 16), as: UTF8.self)
      token = try Self.checkedToken(text, from: tokenPath)
    }
  }

  /// A token without white space around it; nil when nothing is left.
  ///
  /// - Throws: ``FileFailure`` that does not show it.
  public static func checkedToken(_ text: String, from place: String) throws -> String? {
    let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
    let token = String(
      String.UnicodeScalarView(scalars.reversed().drop { $0.properties.isWhitespace }.reversed()))
    guard token.unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) }) else {
      throw FileFailure(
        place, "the token holds a space or another character that no token has",
        hint: "copy it again, without anything around it")
    }
    return token.isEmpty ? nil : token
  }
}
