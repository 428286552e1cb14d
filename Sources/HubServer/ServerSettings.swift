/// How a hub is set up.

/// What can be chosen about a hub; the defaults suit a team on one machine.
public struct ServerSettings: Sendable {
  /// The folder that holds everything: the database, the blobs, the socket.
  public var dataFolder: String
  /// Only this machine, unless said otherwise.
  public var host = "127.0.0.1"
  /// 0 takes any port that is free.
  public var port = 8080
  /// Where the port that was taken is written to.
  public var portFile: String?
  /// What addresses in answers begin with; by default what the request was sent to.
  public var publicURL: String?
  /// Addresses of proxies whose `X-Forwarded-…` headers are believed: `10.0.0.0/8`.
  public var trustedProxies: [String] = []
  public var limits = Limits()
  public var rates = Rates()
  /// Who may make an account of their own.
  public var signUp = SignUp.closed
  /// How long requests that are being answered may take when the hub is told to end.
  public var drainSeconds = 30
  /// How many connections there may be at once; more wait until one ends.
  public var connections = 4096
  /// How long a connection may be silent.
  public var idleSeconds = 60
  /// At which size a large upload is sent in parts.
  public var partBytes = 1 << 30
  /// Whether the text of a request's log line is JSON.
  public var logsJSON = true
  public var logLevel = "info"

  public init(dataFolder: String) { self.dataFolder = dataFolder }
}

/// Who may make an account in the browser; administrators always can make them for others.
public enum SignUp: String, Sendable, CaseIterable {
  /// Everybody who can reach the hub.
  case open
  /// Who was sent a link.
  case invited
  case closed
}

/// How many requests a caller may make in a window of time.
public struct Rates: Sendable, Equatable {
  public var isLimited = true
  public var windowSeconds = 300
  /// For calls of the interface, by caller.
  public var calls = 3000
  /// For files, by caller.
  public var files = 20_000
  /// For attempts to sign in, by address and by account.
  public var signIns = 30
  /// What callers without a token have of these.
  public var anonymousShare = 0.5

  public init() {}
}
