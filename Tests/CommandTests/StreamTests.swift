/// Commands that answer lines as they come.
import Files
import Foundation
import Testing

private let base = "\(Shared.goldens)/base"
private let adapter = "\(Shared.goldens)/adapters/lora"

private let predict = ["predict", "--model", base, "--adapter", adapter, "--input", "-", "--json"]
private let tokenize = ["tokenize", "--model", base]
private let forward = ["forward", "--model", base, "--adapter", adapter, "--input", "-"]

/// The program at work, which is written to and read from line by line.
private final class Conversation {
  let process = Process()
  private let input = Pipe(), output = Pipe(), errors = Pipe()
  private var read: [UInt8] = []

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  func write(_ text: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  /// The next line of output, however long it takes; nil at the end.
  func line() -> String? {
    while true {
      if let end = read.firstIndex(of: UInt8(ascii: "\n")) {
        defer { read.removeFirst(end + 1) }
        return String(decoding: read[..<end], as: UTF8.self)
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { return nil }
      read += data
    }
  }

  /// Tells the program that nothing more comes.
  func finish() throws -> Int32 {
    try input.fileHandleForWriting.close()
    while line() != nil {}
    process.waitUntilExit()
    return process.terminationStatus
  }
}

/// What `forward` reads of a line that the others read the text of.
private let ids = "\"input_ids\": [2, 9, 3]"

private func json(_ line: String?) throws -> JSON {
  try JSON(parsing: Array(try #require(line).utf8), path: "output")
}

@Suite struct `A stream of lines` {
  @Test(arguments: [predict, tokenize, forward])
  func `is answered line by line, before the next is written`(_ command: [String]) throws {
    let program = try Conversation(command)
    for turn in 0..<4 {
      try program.write(
        "{\(ids), \"text\": \"play jazz \(turn)\", \"id\": [\(turn), null, \"é\", 12345678901234567890]}\n"
      )
      let answer = try json(program.line())
      #expect(answer["id"] == [.integer(turn), nil, "é", .digits("12345678901234567890")])
      #expect(answer["error"] == nil)
    }
    // A line that comes in parts is one line.
    try program.write("{\(ids), \"text\": \"play ")
    try program.write("jazz\"}\n{\"text\": 7, \"id\": 0}\n")
    #expect(try json(program.line())["error"] == nil)
    #expect(try json(program.line())["error"] != nil)
    #expect(try program.finish() == 0)
  }

  @Test(arguments: [predict, tokenize, forward, predict.filter { $0 != "--json" }])
  func `of nothing is no fault, and gives nothing`(_ command: [String]) throws {
    for input in ["", "\n", " \n\t\n"] {
      let program = try Program(command, input: input)
      #expect(program.status == 0 && program.output.isEmpty && program.errors.isEmpty)
    }
  }

  @Test(arguments: [predict, tokenize, forward])
  func `has an answer for each line, in order`(_ command: [String]) throws {
    let texts = (0..<1_500).map { row -> String in
      switch row % 7 {
      case 0:
        "{\(ids), \"text\": \"\(String(repeating: "jazz ", count: row % 8))\", \"id\": \(row)}"
      case 1: "{\"id\": \(row)}"
      case 2: "{\(ids), \"id\": \(row), \"text\": \"play\", \"pair\": \"jazz\"}"
      default: "{\(ids), \"id\": \(row), \"text\": \"weather in London \(row)\"}"
      }
    }
    let program = try Program(command, input: texts.joined(separator: "\n"))
    #expect(program.status == 0, "\(program.errors)")
    let lines = program.output.split(separator: "\n")
    #expect(lines.count == texts.count)
    for (row, line) in lines.enumerated() {
      let answer = try json(String(line))
      #expect(answer["id"] == .integer(row))
      #expect((answer["error"] != nil) == (row % 7 == 1))
    }
  }

  @Test(arguments: [predict, tokenize, forward])
  func `says of a line that is too long what it is, and goes on`(_ command: [String]) throws {
    let long = "{\"text\": \"" + String(repeating: "a", count: 3 << 20) + "\"}\n"
    let program = try Program(
      command, input: long + "{\(ids), \"text\": \"play\", \"id\": 1}\n" + long)
    #expect(program.status == 0, "\(program.errors)")
    let answers = try program.output.split(separator: "\n").map { try json(String($0)) }
    #expect(answers.count == 3)
    #expect(answers.map { $0["error"] != nil } == [true, false, true])
    #expect(answers[1]["id"] == 1)
    #expect(answers[2]["row"] == 2)
    guard case .string(let message)? = answers[0]["error"]?["message"] else { return }
    #expect(message.contains("standard input: line 1: is longer than 1048576 bytes"))
  }

  @Test(
    .enabled(if: fileExists("/proc/self/status"), "there is no /proc"),
    arguments: [predict, tokenize, forward])
  func `takes no more memory the longer it is`(_ command: [String]) throws {
    let program = try Conversation(command)
    let note = String(repeating: "x", count: 4_000)
    func converse(_ lines: Int) throws {
      for _ in 0..<lines / 50 {
        try program.write(
          String(repeating: "{\(ids), \"text\": \"play\", \"note\": \"\(note)\"}\n", count: 50))
        for _ in 0..<50 { #expect(program.line() != nil) }
      }
    }
    try converse(1_000)
    let before = Program.peakMemory(of: program.process)
    // Forty million bytes.
    try converse(10_000)
    #expect(Program.peakMemory(of: program.process) - before < 10_000_000)
    #expect(try program.finish() == 0)
  }

  @Test func `for people says in its place what is wrong with a line`() throws {
    let command = predict.filter { $0 != "--json" }
    let program = try Program(
      command, input: "{\"text\": \"play\"}\n{\"text\": 1}\n{\"text\": \"jazz\"}\n")
    let lines = program.output.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0] == "play" && lines[1].hasPrefix("  lora: "))
    #expect(
      lines[2] == "error: standard input: line 2, $.text: expected a string, found the integer 1")
    #expect(lines[3] == "jazz")
  }
}
