/// Folders that this library saved, loaded by the Python library: the same numbers come out.
import BaseModels
import Files
import Foundation
import Tensors
import Testing

@testable import Adapters

/// Runs where the environment's `ADAPTERHUB_PYTHON` names a python that has `adapters` installed.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["ADAPTERHUB_PYTHON"] != nil,
    "ADAPTERHUB_PYTHON names no python with the adapters library"))
struct `An adapter that Python loads` {
  /// The heads that a case may have.
  enum Kind: Sendable { case none, classification, pooled, tagging }

  static let cases: [(String, Kind)] = [
    ("seq_bn[reduction_factor=8]", .classification),
    ("double_seq_bn[reduction_factor=8]", .tagging),
    ("par_bn", .pooled), ("lora[r=3]", .none), ("lora[use_gating=True]", .none),
    ("ia3", .classification), ("seq_bn[ln_before=True, ln_after=True]", .none),
    ("seq_bn[use_gating=True]", .tagging), ("adapter_plus[reduction_factor=8]", .none),
    ("seq_bn|lora[r=2]", .classification),
  ]

  @Test(arguments: cases, [Adapter.Format.torch, .safetensors])
  func `gives the same there`(_ example: (method: String, head: Kind), _ format: Adapter.Format)
    throws
  {
    let base = try Goldens.base("base")
    let head: (any Head)? =
      switch example.head {
      case .none: nil
      case .classification: try TestHeads.classification()
      case .pooled: try TestHeads.classification(layers: 1)
      case .tagging: try TestHeads.tagging()
      }
    let adapter = try Adapter(
      name: "task", methods: parseMethods(example.method), for: base, head: head, seed: 3
    ).randomised()
    let temporary = try TemporaryFolder()
    let folder = temporary.path + "/saved"
    try adapter.save(to: folder, base: base.shape, format: format)
    let sequences = `The gradient of an adapter`.sequences
    let lines = sequences.map {
      "{\"input_ids\": [\($0.ids.map(String.init).joined(separator: ", "))]}"
    }
    let (input, output) = (temporary.path + "/ids.jsonl", temporary.path + "/out.safetensors")
    try writeAtomically(lines.joined(separator: "\n") + "\n", to: input)
    try runPython(folder, input, output, format)
    let expected = try TensorFile(output).tensors
    let bound = BoundAdapter(adapter, to: base)
    let ours = try base.forward(sequences.map { ModelInput($0, bound) }, hiddenStates: .last)
    for (row, result) in ours.enumerated() {
      let hidden = try #require(expected["\(row).last_hidden_state"]).floats()
      expectClose(result.hidden.scalars, hidden, absolute: 3e-4, "hidden state of row \(row)")
      guard let logits = result.logits else { continue }
      expectClose(
        logits.scalars, try #require(expected["\(row).logits"]).floats(), "logits of row \(row)")
    }
  }

  private func runPython(
    _ folder: String, _ input: String, _ output: String, _ format: Adapter.Format
  ) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let python = Process()
    python.executableURL = URL(
      filePath: ProcessInfo.processInfo.environment["ADAPTERHUB_PYTHON"] ?? "python3")
    python.arguments =
      [
        root.appending(path: "Scripts/check-saved-adapter.py").path, "--model",
        Goldens.folder + "/base", "--adapter", folder, "--input", input, "--output", output,
      ] + (format == .safetensors ? ["--safetensors"] : [])
    let errors = Pipe()
    python.standardError = errors
    try python.run()
    let said = try errors.fileHandleForReading.readToEnd() ?? Data()
    python.waitUntilExit()
    #expect(python.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self).suffix(2_000))")
  }
}
