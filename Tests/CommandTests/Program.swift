/// The built program as a subprocess.
import Files
import Foundation
import Testing

/// One run of `adapterhub`.
struct Program {
  let status: Int32
  /// Whether a signal ended it, as a Swift trap does.
  let wasSignalled: Bool
  let output: String
  let errors: String
  /// The most memory it was seen to have, in bytes; 0 where there is no /proc.
  let peakMemory: Int

  /// The lines it wrote to standard error.
  var errorLines: [Substring] { errors.split(separator: "\n") }

  /// `ADAPTERHUB_PROGRAM`, or what lies beside the tests, or in the usual place.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["ADAPTERHUB_PROGRAM"] { return path }
    let places = CommandLine.arguments.compactMap { argument -> String? in
      guard argument.contains(".xctest") else { return nil }
      return argument.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }
        .joined(separator: "/")
    }
    let candidates = (places + ["\(Shared.package)/.build/debug"]).map { "\($0)/adapterhub" }
    return candidates.first { fileExists($0) } ?? "\(Shared.package)/.build/debug/adapterhub"
  }()

  /// Runs the program to its end.
  init(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) throws {
    // Files, not pipes: a full pipe would stop the program while nobody reads.
    let folder = try TemporaryFolder()
    func file(_ name: String, _ contents: String = "") throws -> FileHandle {
      let path = "\(folder.path)/\(name)"
      try contents.write(toFile: path, atomically: false, encoding: .utf8)
      return try #require(FileHandle(forUpdatingAtPath: path))
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = arguments
    // Nothing is asked of the network, unless a test has a hub of its own.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["HF_HUB_OFFLINE": "1"]) { $1 }.merging(environment) { $1 }
    process.standardInput = try file("in", input)
    process.standardOutput = try file("out")
    process.standardError = try file("err")
    try process.run()
    var peak = 0
    while process.isRunning {
      peak = max(peak, Self.peakMemory(of: process))
      usleep(2_000)
    }
    process.waitUntilExit()
    peakMemory = peak
    status = process.terminationStatus
    wasSignalled = process.terminationReason == .uncaughtSignal
    output = try String(contentsOfFile: "\(folder.path)/out", encoding: .utf8)
    errors = try String(contentsOfFile: "\(folder.path)/err", encoding: .utf8)
  }

  /// The most memory that a process had so far, in bytes; 0 where there is no /proc.
  static func peakMemory(of process: Process) -> Int {
    let status = (try? readFile("/proc/\(process.processIdentifier)/status")) ?? []
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("VmHWM:") }
    return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
  }

  /// Expects it to fail with one clear line that names a path.
  func expectFailure(
    naming path: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(status == 1, "\(errors)", sourceLocation: sourceLocation)
    #expect(!wasSignalled, sourceLocation: sourceLocation)
    #expect(errorLines.count == 1, "\(errors)", sourceLocation: sourceLocation)
    #expect(errors.hasPrefix("adapterhub: "), "\(errors)", sourceLocation: sourceLocation)
    #expect(errors.contains(path), "\(errors)", sourceLocation: sourceLocation)
    #expect(output.isEmpty, sourceLocation: sourceLocation)
  }
}
