import Files
import Foundation
import Testing

/// A hub in a process of its own, with a user and a token.
private final class RunningHub: Sendable {
  let environment: [String: String]
  let data: String
  private let process: Process
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    data = "\(folder.path)/data"
    let portFile = "\(folder.path)/port"
    process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["hub", "--data", data, "--port", "0", "--port-file", portFile]
    let log = "\(folder.path)/log"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: log)
    process.standardError = process.standardOutput
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let port = try Self.port(in: portFile, while: process, log)
    let user = try Program(["hub", "user", "create", "alice", "--data", data])
    #expect(user.status == 0, "\(user.errors)")
    let token = try Program(["hub", "token", "create", "alice", "--scope", "write", "--data", data])
    environment = [
      "HF_ENDPOINT": "http://127.0.0.1:\(port)", "HF_HOME": "\(folder.path)/home",
      "HF_TOKEN": token.output.filter { !$0.isWhitespace }, "HF_HUB_OFFLINE": "",
    ]
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  /// Waits until the hub says where it listens.
  private static func port(in file: String, while process: Process, _ log: String) throws -> Int {
    while process.isRunning {
      if let bytes = try? readFile(file),
        let port = Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
      {
        return port
      }
      usleep(20_000)
    }
    throw FileFailure("the hub", String(decoding: try readFile(log), as: UTF8.self))
  }

  func run(_ arguments: String...) throws -> Program {
    try Program(arguments, environment: environment)
  }
}

@Suite(.serialized) struct `A hub from the command line` {
  private let hub: RunningHub
  private let folder: TemporaryFolder

  init() throws {
    hub = try RunningHub()
    folder = try TemporaryFolder()
  }

  /// A copy of a golden adapter, which may be written to.
  private func adapter(_ name: String) throws -> String {
    let copy = "\(folder.path)/\(name)"
    try FileManager.default.copyItem(atPath: "\(Shared.goldens)/adapters/\(name)", toPath: copy)
    return copy
  }

  @Test func `takes an adapter and its base, and both answer by their names`() throws {
    let adapter = try adapter("seq_bn")
    try writeAtomically(
      """
      {"step": 1, "epoch": 1, "loss": 0.5}
      {"step": 1, "epoch": 1, "dev_loss": 0.4, "metrics": {"accuracy": 0.5}}
      {"step": 2, "epoch": 2, "dev_loss": 0.3, "metrics": {"accuracy": 0.75}}

      """, to: adapter + "/training.jsonl")
    #expect(try hub.run("push", "\(Shared.goldens)/base", "alice/base").status == 0)
    let plan = try hub.run("push", adapter, "alice/play", "--dry-run", "--json")
    #expect(plan.status == 0 && !fileExists(adapter + "/README.md"), "\(plan.errors)")
    let pushed = try hub.run("push", adapter, "alice/play", "--json")
    #expect(pushed.status == 0, "\(pushed.errors)")
    let report = try JSON(parsing: Array(pushed.output.utf8), path: "output")
    guard case .string(let commit)? = report["commit"] else {
      Issue.record("no commit in \(pushed.output)")
      return
    }
    let card = String(decoding: try readFile(adapter + "/README.md"), as: UTF8.self)
    #expect(card.contains("value: 0.75"), "\(card)")
    let again = try hub.run("push", adapter, "alice/play")
    #expect(again.output.contains("nothing is different"), "\(again.output)\(again.errors)")

    let found = try hub.run("search", "play", "--method", "seq_bn", "--json")
    #expect(found.output.contains("\"alice/play\""), "\(found.output)\(found.errors)")
    let pulled = try hub.run("pull", "alice/play", "alice/base")
    #expect(pulled.output.split(separator: "\n").count == 2, "\(pulled.errors)")
    #expect(pulled.output.contains(commit))

    let predict = ["predict", "--model", "alice/base", "--adapter", "x=alice/play@\(commit)", "a"]
    let named = try Program(predict, environment: hub.environment)
    #expect(named.status == 0 && named.output.contains("x: "), "\(named.errors)")
    let offline = try Program(
      predict, environment: hub.environment.merging(["HF_HUB_OFFLINE": "1"]) { $1 })
    #expect(offline.output == named.output, "\(offline.errors)")
    let local = try hub.run(
      "predict", "--model", "\(Shared.goldens)/base", "--adapter", "x=\(adapter)", "a")
    #expect(local.output == named.output, "\(local.errors)")

    #expect(try hub.run("cache", "list", "--json").output.contains("\"alice/play\""))
    #expect(try hub.run("cache", "verify").status == 0)
    #expect(try hub.run("cache", "remove", "alice/play").status == 0)
    #expect(try !hub.run("cache", "list", "--json").output.contains("\"alice/play\""))
  }

  @Test func `takes a catalogue in while it runs, and says where its adapters are`() throws {
    let cards = "\(folder.path)/cards/adapters/lab"
    try makeFolder(cards)
    try writeAtomically(
      """
      type: text_task
      task: sentiment
      subtask: sst-2
      model_type: bert
      model_name: bert-base-uncased
      config: {using: pfeiffer}
      default_version: '1'
      files:
      - {version: '1', url: 'https://far.test/sst2.zip'}

      """, to: "\(cards)/sst2.yaml")
    try writeAtomically("type: text_task\n", to: "\(cards)/broken.yaml")
    let taken = try hub.run("hub", "import", "\(folder.path)/cards", "--data", hub.data)
    #expect(taken.status == 1 && taken.output.contains("1 added"), "\(taken.errors)")
    #expect(taken.output.contains("adapters/lab/broken.yaml: task is missing"), "\(taken.output)")
    let again = try hub.run("hub", "import", "\(folder.path)/cards", "--data", hub.data, "--json")
    #expect(again.output.contains("\"unchanged\": 1"), "\(again.output)")
    for id in ["lab/sst2", "sentiment/sst-2@lab", "@lab/sst2", "sst-2@lab"] {
      let pulled = try hub.run("pull", id)
      #expect(pulled.status == 1 && pulled.errors.contains("https://far.test/sst2.zip"), "\(id)")
    }
    let predicted = try hub.run(
      "predict", "--model", "\(Shared.goldens)/base", "--adapter", "sst-2@lab", "a")
    #expect(predicted.errors.contains("https://far.test/sst2.zip"), "\(predicted.errors)")
  }

  @Test func `knows who is logged in`() throws {
    let token = hub.environment["HF_TOKEN"] ?? ""
    let environment = hub.environment.merging(["HF_TOKEN": ""]) { $1 }
    let path = "\(hub.environment["HF_HOME"] ?? "")/token"
    try Program(["login", "--whoami"], environment: environment)
      .expectFailure(naming: "nobody is logged in")
    try Program(["login"], input: "wrong\n", environment: environment)
      .expectFailure(naming: "does not know this token")
    #expect(!fileExists(path))
    let program = try Program(["login"], input: " \(token)\n", environment: environment)
    #expect(program.output.hasPrefix("logged in as alice"), "\(program.errors)")
    #expect(try readFile(path) == Array(token.utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(
      try Program(["login", "--whoami"], environment: environment).output.hasPrefix("alice on"))
    #expect(try Program(["login", "--logout"], environment: environment).status == 0)
    #expect(!fileExists(path))
  }

  @Test func `makes links for a new password, and knows its policies of sign-up`() throws {
    let data = "\(folder.path)/other"
    #expect(try Program(["hub", "user", "create", "bob", "--data", data]).status == 0)
    let link = try Program(["hub", "user", "reset-link", "bob", "--data", data])
    #expect(link.status == 0 && link.output.hasPrefix("/reset/ahk_"), "\(link.errors)")
    try Program(["hub", "user", "reset-link", "nobody", "--data", data])
      .expectFailure(naming: "nobody")
    let days = try Program(["hub", "user", "reset-link", "bob", "--days", "31", "--data", data])
    #expect(days.status != 0 && days.errors.contains("--days"))
    let policy = try Program(["hub", "--sign-up", "sometimes", "--data", data])
    #expect(policy.status != 0 && policy.errors.contains("open, invited or closed"))
  }

  @Test func `is not sent what is broken`() throws {
    let adapter = try adapter("lora")
    try writeAtomically("cos\nsystem\n(S'ls'\ntR.", to: adapter + "/pytorch_adapter.bin")
    try hub.run("push", adapter, "alice/broken").expectFailure(naming: "pytorch_adapter.bin")
    try hub.run("push", Shared.package + "/Documentation", "alice/docs")
      .expectFailure(naming: "holds no adapter")
    let good = try self.adapter("ia3")
    try writeAtomically("---\nlicense: MIT\n---\n", to: good + "/README.md")
    try hub.run("push", good, "alice/card").expectFailure(naming: "line 2")
    try hub.run("push", good, "a b/c").expectFailure(naming: "a b/c")
    try hub.run("pull", "alice/nothing").expectFailure(naming: "alice/nothing")
    try hub.run("tokenize", "--model", "alice/nothing")
      .expectFailure(naming: "there is no such folder here")
  }

  @Test func `serves many processes that share a cache, some of which are killed`() async throws {
    let adapter = try adapter("seq_bn")
    let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    try writeAtomically(bytes, to: adapter + "/notes.dat")
    #expect(try hub.run("push", adapter, "alice/large").status == 0)
    let environment = ProcessInfo.processInfo.environment.merging(hub.environment) { $1 }
    for delay in [20_000, 60_000, 120_000, 200_000] as [UInt32] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Program.path)
      process.arguments = ["pull", "alice/large"]
      process.environment = environment
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      usleep(delay)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let programs = try await withThrowingTaskGroup(of: Program.self) { group in
      for _ in 0..<6 { group.addTask { try hub.run("pull", "alice/large") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for program in programs {
      #expect(program.status == 0, "\(program.errors)")
      let folder = program.output.filter { !$0.isNewline }
      #expect(try readFile(folder + "/notes.dat") == bytes)
    }
    #expect(try hub.run("cache", "verify").status == 0)
  }
}
