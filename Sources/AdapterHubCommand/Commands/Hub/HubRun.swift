/// `adapterhub hub --data DIR`: run the registry.
import ArgumentParser
import Files
import HubServer

struct HubRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the registry until SIGTERM; what `adapterhub hub` does by itself.",
    discussion: """
      Every option can be given in the environment, as ADAPTERHUB_ and its name in capitals \
      (ADAPTERHUB_PUBLIC_URL), or in a YAML file named by --config (public-url: …). The command \
      line comes first, then the environment, then the file.

      Examples:
        adapterhub hub --data /srv/hub
        adapterhub hub --data /srv/hub --port 0 --port-file port
        adapterhub hub --data /srv/hub --public-url https://hub.example.org \\
          --trusted-proxy 127.0.0.1
      """)

  @Option(help: "The folder that holds everything; made where it is not there.")
  var data: String?
  @Option(help: ArgumentHelp("A YAML file of options.", valueName: "file"))
  var config: String?
  @Option(help: "The address to listen on; 127.0.0.1 by default, 0.0.0.0 for all.")
  var host: String?
  @Option(help: "The port; 8080 by default, 0 for any that is free.")
  var port: Int?
  @Option(help: ArgumentHelp("Where to write the port that was taken.", valueName: "file"))
  var portFile: String?
  @Option(help: ArgumentHelp("What the hub's addresses begin with, for clients.", valueName: "url"))
  var publicUrl: String?
  @Option(
    name: .customLong("trusted-proxy"),
    help: ArgumentHelp(
      "A proxy whose X-Forwarded headers are believed: an address, or 10.0.0.0/8. May be repeated.",
      valueName: "address"))
  var trustedProxies: [String] = []
  @Option(help: "Up to which size files come within a commit: 256MB. Larger ones come by LFS.")
  var regularLimit: String?
  @Option(help: "The largest file: 50GB.")
  var fileLimit: String?
  @Option(help: "What each owner may store, unless `hub quota` says otherwise: no limit.")
  var quota: String?
  @Option(help: "Requests per caller in five minutes; 0 for no limit. 3000, and 20000 for files.")
  var rateLimit: Int?
  @Option(help: "Who may make an account in the browser: open, invited or closed, the default.")
  var signUp: String?
  @Option(help: "Seconds that open requests have to end after SIGTERM: 30.")
  var drainSeconds: Int?
  @Option(help: "The size of the parts that large uploads are sent in: 1GB.")
  var partSize: String?
  @Option(help: "debug, info, warning or error; requests are logged at info.")
  var logLevel: String?
  @Option(help: "json or text.")
  var logFormat: String?

  func run() async throws {
    let hub = try Hub(try settings(), inspect: inspectUpload)
    try await hub.run()
  }

  /// The command line, then the environment, then the file, then the defaults.
  private func settings() throws -> ServerSettings {
    let file = try HubConfiguration(path: config ?? environment("ADAPTERHUB_CONFIG"))
    func text(_ option: String?, _ name: String) throws -> String? {
      try option ?? environment(HubConfiguration.variable(name)) ?? file.text(name)
    }
    func number(_ option: Int?, _ name: String) throws -> Int? {
      if let option { return option }
      guard let text = try text(nil, name) else { return nil }
      guard let number = Int(text) else {
        throw ValidationError("\(name) must be a whole number, found \(escaped(text, limit: 80)).")
      }
      return number
    }
    guard let folder = try text(data, "data"), !folder.isEmpty else {
      throw ValidationError("Where is the hub's data? Give a folder with --data.")
    }
    var settings = ServerSettings(dataFolder: folder)
    settings.host = try text(host, "host") ?? settings.host
    settings.port = try number(port, "port") ?? settings.port
    guard (0...65_535).contains(settings.port) else {
      throw ValidationError("--port is between 0 and 65535.")
    }
    settings.portFile = try text(portFile, "port-file")
    if var url = try text(publicUrl, "public-url") {
      while url.hasSuffix("/") { url.removeLast() }
      let isPlain = url.utf8.allSatisfy {
        (0x21...0x7E).contains($0) && !"<>\"\\".utf8.contains($0)
      }
      guard url.hasPrefix("http://") || url.hasPrefix("https://"), isPlain, !url.contains("?")
      else {
        throw ValidationError("--public-url is an address: https://hub.example.org.")
      }
      settings.publicURL = url
    }
    settings.trustedProxies =
      trustedProxies.isEmpty
      ? try text(nil, "trusted-proxy")?.split(separator: ",").map(String.init) ?? []
      : trustedProxies
    if let size = try text(regularLimit, "regular-limit") {
      settings.limits.regularBytes = try byteCount(size, "--regular-limit")
    }
    if let size = try text(fileLimit, "file-limit") {
      settings.limits.fileBytes = try byteCount(size, "--file-limit")
    }
    if let size = try text(quota, "quota") {
      settings.limits.quotaBytes = try byteCount(size, "--quota")
    }
    if let size = try text(partSize, "part-size") {
      settings.partBytes = max(1, try byteCount(size, "--part-size"))
    }
    if let rate = try number(rateLimit, "rate-limit") {
      guard (0...1_000_000_000).contains(rate) else {
        throw ValidationError("--rate-limit is between 0, for no limit, and 1000000000.")
      }
      settings.rates.isLimited = rate > 0
      settings.rates.files = rate * settings.rates.files / settings.rates.calls
      settings.rates.calls = rate
    }
    if let policy = try text(signUp, "sign-up") {
      guard let signUp = SignUp(rawValue: policy) else {
        throw ValidationError("--sign-up is open, invited or closed.")
      }
      settings.signUp = signUp
    }
    if let seconds = try number(drainSeconds, "drain-seconds") {
      settings.drainSeconds = max(0, seconds)
    }
    if let level = try text(logLevel, "log-level") {
      guard ["debug", "info", "warning", "error"].contains(level) else {
        throw ValidationError("--log-level is debug, info, warning or error.")
      }
      settings.logLevel = level
    }
    if let format = try text(logFormat, "log-format") {
      guard ["json", "text"].contains(format) else {
        throw ValidationError("--log-format is json or text.")
      }
      settings.logsJSON = format == "json"
    }
    return settings
  }
}

/// A size as people write it: `64MB`, `1.5GB`, `1048576`.
func byteCount(_ text: String, _ option: String) throws -> Int {
  let units: [(String, Double)] = [
    ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9),
    ("T", 1e12), ("B", 1), ("", 1),
  ]
  let upper = text.uppercased().filter { $0 != " " && $0 != "_" }
  for (unit, factor) in units where upper.hasSuffix(unit) {
    if let value = Double(upper.dropLast(unit.count)), value >= 0, value * factor < 9e18 {
      return Int(value * factor)
    }
  }
  throw ValidationError("\(option) is a size like 64MB, found \(escaped(text, limit: 80)).")
}
