/// Texts of nothing are answered, learned from and measured on, and that is said.
import Files
import Foundation
import Testing

@Suite struct `An empty text` {
  static let model = "\(Shared.package)/Tests/AdaptersTests/Goldens/base"
  static let adapter = "\(Shared.package)/Tests/AdaptersTests/Goldens/adapters/seq_bn"

  @Test(arguments: ["", "  ", "\u{200b}"]) func `is answered, and said to be empty`(_ text: String)
    throws
  {
    let run = try Program(["predict", "--model", Self.model, "--adapter", Self.adapter, "it", text])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errorLines == ["adapterhub: text 2 is empty; the answer is that to no text"])
  }

  @Test func `in a file is named by its line, the others by their number`() throws {
    let lines = #"{"text": "it"}"# + "\n" + #"{"text": ""}"# + "\n" + #"{"text": " "}"# + "\n"
    let run = try Program(
      ["predict", "--model", Self.model, "--adapter", Self.adapter, "--input", "-"], input: lines)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("line 2 is empty, and so is 1 other;"), "\(run.errors)")
  }

  @Test func `is counted where one learns from it`() throws {
    let folder = try TemporaryFolder()
    let data = "\(folder.path)/data.jsonl"
    try writeAtomically(
      ["good film", "bad film", ""].enumerated().map { index, text in
        JSON.object(["text": .string(text), "label": .string(index == 1 ? "bad" : "good")])
          .text(.compact) + "\n"
      }.joined(), to: data)
    let output = "\(folder.path)/adapter"
    let training = try Program([
      "train", "--model", Self.model, "--task", "text-classification", "--data", data, "--output",
      output, "--epochs", "1",
    ])
    #expect(training.status == 0, "\(training.errors)")
    #expect(training.errors.contains("1 row holds no text"), "\(training.errors)")
    let evaluation = try Program([
      "evaluate", "--model", Self.model, "--adapter", output, "--data", data, "--json",
    ])
    #expect(evaluation.output.contains(#""empty": 1"#), "\(evaluation.output)\(evaluation.errors)")
  }
}

@Suite struct `A result that cannot be kept` {
  @Test func `is known before the training begins`() throws {
    let folder = try TemporaryFolder()
    try writeAtomically("x", to: "\(folder.path)/file")
    let data = "\(folder.path)/data.jsonl"
    try writeAtomically(#"{"text": "it", "label": "a"}"# + "\n", to: data)
    for output in ["\(folder.path)/file/adapter", "/proc/adapter"] {
      let run = try Program([
        "train", "--model", `An empty text`.model, "--task", "text-classification", "--data", data,
        "--output", output,
      ])
      #expect(run.status == 1)
      #expect(run.errorLines.count == 1, "\(run.errors)")
    }
  }
}
