/// A disk that has no room left: what was there stays, and nothing half-written does.
import Files
import Foundation
import Testing

@Suite struct `A write that finds no room` {
  /// Runs the program where no file may grow beyond 4 kB, which fails as a full disk does.
  private func run(_ arguments: [String]) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    // Ignored, the signal of the limit becomes an error of the write.
    process.arguments =
      ["-c", #"trap "" XFSZ; ulimit -f 4; exec "$0" "$@""#, Program.path] + arguments
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test func `leaves the file that was there, and says which it is`() throws {
    let folder = try TemporaryFolder()
    let output = "\(folder.path)/out.safetensors"
    try writeAtomically("before", to: output)
    let rows = String(repeating: #"{"input_ids": [2, 40, 41, 42, 43, 44, 3]}"# + "\n", count: 20)
    try writeAtomically(rows, to: "\(folder.path)/in.jsonl")
    let (status, errors) = try run(
      [
        "forward", "--model", `An empty text`.model, "--input", "\(folder.path)/in.jsonl",
        "--output", output,
      ])
    #expect(status == 1, "\(errors)")
    #expect(errors.split(separator: "\n").count == 1, "\(errors)")
    #expect(errors.contains(output), "\(errors)")
    #expect(try String(contentsOfFile: output, encoding: .utf8) == "before")
    #expect(try namesInFolder(folder.path) == ["in.jsonl", "out.safetensors"])
  }

  @Test func `leaves no half of an adapter`() throws {
    let folder = try TemporaryFolder()
    let output = "\(folder.path)/adapter"
    let data = "\(folder.path)/data.jsonl"
    let row = { (label: String) in #"{"text": "it is", "label": ""# + label + #""}"# + "\n" }
    try writeAtomically(row("a") + row("b"), to: data)
    let (status, errors) = try run(
      [
        "train", "--model", `An empty text`.model, "--task", "text-classification", "--data", data,
        "--output", output, "--epochs", "1",
      ])
    #expect(status == 1, "\(errors)")
    #expect(errors.contains("\(output)/pytorch_adapter.bin: cannot be written"), "\(errors)")
    #expect(!fileExists(output))
    #expect(try namesInFolder(folder.path).filter { $0.contains("tmp") }.isEmpty)
  }
}
