/// `adapterhub login`: who one is on a hub.
import ArgumentParser
import Files
import HubClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

struct Login: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep a hub's token for push and for private repositories.",
    discussion: """
      Shows an address and a code: open the one in a browser, on any machine, and enter the other. \
      The token that the hub then gives is kept in HF_HOME/token, where the Python libraries look \
      for it too, for nobody else to read. A token that is there already comes with --token or on \
      standard input. The hub is HF_ENDPOINT.

      Examples:
        adapterhub login
        HF_ENDPOINT=http://hub.local:8080 adapterhub login --token ahk_…
        adapterhub login < token
        adapterhub login --whoami
        adapterhub login --logout
      """)

  @Option(help: "The token; better on standard input, as commands are kept by shells.")
  var token: String?

  @Flag(help: "Only say who one is.")
  var whoami = false

  @Flag(help: "Forget the token that is kept.")
  var logout = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard [token != nil, whoami, logout].filter(\.self).count <= 1 else {
      throw ValidationError("Give one of --token, --whoami and --logout.")
    }
  }

  func run() async throws {
    var settings = try ClientSettings()
    if logout {
      let wasThere = try settings.removeToken()
      return try printLines([wasThere ? "logged out" : "there was no token"])
    }
    if whoami {
      guard settings.token != nil else {
        throw HubFailure(
          .notAuthenticated, "\(settings.endpoint)", "nobody is logged in",
          hint: "adapterhub login")
      }
      return try show(try await HubClient(settings).account(), "", settings)
    }
    let token = try await newToken(settings)
    settings.token = token
    let account = try await HubClient(settings).account()
    try settings.store(token: token)
    try show(account, "logged in as ", settings)
  }

  /// The token that was given, or else one that the user lets the hub make.
  private func newToken(_ settings: ClientSettings) async throws -> String {
    if let token {
      guard let token = try ClientSettings.checkedToken(token, from: "the token") else {
        throw FileFailure("the token", "is empty")
      }
      return token
    }
    let isTerminal = isatty(STDIN_FILENO) == 1
    if !isTerminal, let text = readLine(),
      let token = try ClientSettings.checkedToken(text, from: "the token")
    {
      return token
    }
    let hub = HubClient(settings)
    let code: DeviceCode
    do {
      code = try await hub.deviceCode()
    } catch let failure as HubFailure
      where isTerminal && failure.kind != .unreachable && failure.kind != .offline
    {
      // A hub that does not know this way.
      guard
        let token = try ClientSettings.checkedToken(askForToken(settings), from: "the token")
      else { throw FileFailure("the token", "is empty") }
      return token
    }
    writeError(
      """
      Open this address in a browser:
          \(escaped(code.completeAddress, limit: 500))
      and check that it shows the code:
          \(escaped(code.userCode, limit: 40))
      Waiting …

      """)
    return try await hub.token(for: code)
  }

  private func show(_ account: Account, _ prefix: String, _ settings: ClientSettings) throws {
    if json {
      return try printLines([
        JSON.object([
          "name": .string(account.name), "endpoint": .string("\(settings.endpoint)"),
          "role": account.role.map { .string($0) } ?? .null,
          "organizations": .array(account.organizations.map { .string($0) }),
        ]).text(.compact)
      ])
    }
    let role = account.role.map { ", may \($0)" } ?? ""
    let organizations =
      account.organizations.isEmpty ? "" : "; of \(account.organizations.joined(separator: ", "))"
    try printLines([
      prefix + escaped("\(account.name) on \(settings.endpoint)\(role)\(organizations)", limit: 500)
    ])
  }

  /// Reads a line without showing it.
  private func askForToken(_ settings: ClientSettings) throws -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    var before = termios()
    if isTerminal {
      writeError("token for \(settings.endpoint) (it is not shown): ")
      tcgetattr(STDIN_FILENO, &before)
      var silent = before
      silent.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    }
    defer {
      if isTerminal {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        writeError("\n")
      }
    }
    return readLine() ?? ""
  }
}
