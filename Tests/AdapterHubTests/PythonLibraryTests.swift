/// What is saved here, loaded by the Python library `adapters`.
import AdapterHub
import Files
import Foundation
import Testing

private let python = ProcessInfo.processInfo.environment["ADAPTERHUB_PYTHON"]

@Suite(.enabled(if: python != nil, "ADAPTERHUB_PYTHON names no Python with the library adapters"))
struct `The Python library` {
  @Test(arguments: ["seq_bn", "double_seq_bn[reduction_factor=4]", "par_bn", "lora[r=4]", "ia3"])
  func `computes the same with a folder saved here`(_ method: String) throws {
    let data = try MovieFolder(rows: 32)
    let model = try TextModel(folder: Goldens.base)
    var settings = TrainingSettings()
    // Large steps, because an adapter that does next to nothing would show no error.
    settings.learningRate = 0.05
    var training = try model.training(
      of: "movies", task: "text-classification", on: data.train, method: method, settings: settings)
    try training.finish()
    try training.save(to: data.adapter)

    let rows: [[Int32]] = [[2, 40, 41, 42, 3], [2], [2, 50, 60, 70, 80, 90, 91, 92, 3]]
    let adapter = try model.adapter(data.adapter)
    let ours = try model.base.forward(
      rows.map { ModelInput(TokenSequence(ids: $0), adapter) }, hiddenStates: .last)
    for safetensors in [false, true] {
      let theirs = try results(of: data, rows, safetensors: safetensors)
      for (row, output) in ours.enumerated() {
        for (name, tensor) in [("last_hidden_state", output.hidden), ("logits", output.logits)] {
          let expected = try #require(theirs["\(row).\(name)"]).floats()
          let found = try #require(tensor).scalars
          #expect(found.count == expected.count)
          let isClose = zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-3 + 1e-3 * abs($1) }
          #expect(isClose, "\(row).\(name): \(found.prefix(4)), expected \(expected.prefix(4))")
        }
      }
    }
  }

  private func results(of data: MovieFolder, _ rows: [[Int32]], safetensors: Bool) throws
    -> [String: StoredTensor]
  {
    let input = data.path + "/ids.jsonl"
    let output = data.path + "/out.safetensors"
    try writeAtomically(rows.map { "{\"input_ids\": \($0)}\n" }.joined(), to: input)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments =
      [
        Goldens.package + "/Scripts/check-saved-adapter.py", "--model", Goldens.base, "--adapter",
        data.adapter, "--input", input, "--output", output,
      ] + (safetensors ? ["--safetensors"] : [])
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return try TensorFile(output).tensors
  }
}
