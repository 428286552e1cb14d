/// The real program, killed in the middle of a training.
import AdapterHub
import Files
import Foundation
import Testing

@Suite(.serialized) struct `A training of the program` {
  @Test func `that is killed goes on to the same bytes as an unbroken one`() throws {
    let folder = try MovieFolder(rows: 256)
    let unbroken = try Program.training(folder, "unbroken")
    let seconds = try unbroken.seconds()
    #expect(unbroken.process.terminationStatus == 0)
    let expected = try folder.weights("unbroken")

    var kills = 0
    while kills < 4 {
      let run = try Program.training(folder, "killed", resuming: kills > 0)
      Thread.sleep(forTimeInterval: seconds * Double.random(in: 0.3...0.7))
      kill(run.process.processIdentifier, SIGKILL)
      run.process.waitUntilExit()
      guard run.process.terminationReason == .uncaughtSignal else { break }
      #expect(!fileExists(folder.path + "/killed"))
      kills += 1
    }
    #expect(kills > 0)
    let last = try Program.training(folder, "killed", resuming: true)
    last.process.waitUntilExit()
    #expect(last.process.terminationStatus == 0)
    #expect(try folder.weights("killed") == expected)
    #expect(
      try readFile(folder.path + "/killed/training.jsonl")
        == readFile(folder.path + "/unbroken/training.jsonl"))
    #expect(!fileExists(folder.path + "/killed.checkpoint"))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `that is asked to end leaves a checkpoint`(_ signal: Int32) throws {
    let folder = try MovieFolder(rows: 256)
    let checkpoints = folder.path + "/asked.checkpoint"
    let run = try Program.training(folder, "asked", epochs: 200)
    // Once it has a checkpoint it is past its beginning.
    while run.process.isRunning, !fileExists(checkpoints) { Thread.sleep(forTimeInterval: 0.01) }
    kill(run.process.processIdentifier, signal)
    run.process.waitUntilExit()
    #expect(run.process.terminationReason == .exit)
    #expect(run.process.terminationStatus == 128 + signal)
    #expect(try Training.hasCheckpoint(in: checkpoints))
    #expect(!fileExists(folder.path + "/asked"))
  }
}

/// A run of `adapterhub` that goes on beside the test.
private struct Program {
  let process: Process
  let start: ContinuousClock.Instant

  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["ADAPTERHUB_PROGRAM"] { return path }
    // Beside the tests, whatever the configuration they were built with.
    let tests = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    let folder = tests.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }
    let beside = folder.joined(separator: "/") + "/adapterhub"
    return fileExists(beside) ? beside : Goldens.package + "/.build/debug/adapterhub"
  }()

  static func training(
    _ folder: MovieFolder, _ name: String, epochs: Int = 12, resuming: Bool = false
  ) throws -> Program {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments =
      [
        "train", "--model", Goldens.base, "--task", "text-classification", "--data", folder.train,
        "--dev", folder.train, "--method", "seq_bn[dropout=0.1]", "--name", "movies", "--output",
        "\(folder.path)/\(name)", "--epochs", "\(epochs)", "--batch-size", "8",
        "--checkpoint-steps", "3", "--threads", "2", "--json",
      ] + (resuming ? ["--resume"] : [])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let start = ContinuousClock().now
    try process.run()
    return Program(process: process, start: start)
  }

  /// How long it took, once it has ended.
  func seconds() throws -> Double {
    process.waitUntilExit()
    return start.duration(to: ContinuousClock().now) / .seconds(1)
  }
}

extension MovieFolder {
  /// The bytes of all files of weights.
  fileprivate func weights(_ name: String) throws -> [String: [UInt8]] {
    let names = try namesInFolder("\(path)/\(name)")
      .filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") }
    #expect(names.count == 4)
    return Dictionary(
      uniqueKeysWithValues: try names.map { ($0, try readFile("\(path)/\(name)/\($0)")) })
  }
}
