/// Names and labels that would do something to a terminal.
import Files
import Foundation
import Testing

/// Turns text red, rings, begins a title and, in one byte of Latin 1, an escape sequence; and a line end.
private let hostile = "\u{1B}[31mgood\u{7}\u{1B}]0;x\u{9B}2J\u{2028}\n"

@Suite struct `A hostile adapter` {
  private let folder: TemporaryFolder
  private let model: String
  private let adapter: String

  /// A model and an adapter whose every name and label is hostile.
  init() throws {
    folder = try TemporaryFolder()
    model = "\(folder.path)/model"
    adapter = "\(folder.path)/adapter"
    try FileManager.default.copyItem(atPath: "\(Shared.goldens)/base", toPath: model)
    try FileManager.default.copyItem(
      atPath: "\(Shared.goldens)/adapters/head_one_layer", toPath: adapter)
    try Self.edit("\(model)/config.json") { $0["_name_or_path"] = .string(hostile) }
    try Self.edit("\(adapter)/adapter_config.json") { configuration in
      configuration["model_name"] = .string(hostile)
      configuration["version"] = .string(hostile)
    }
    try Self.edit("\(adapter)/head_config.json") { configuration in
      guard case .object(var config) = configuration["config"],
        case .object(let labels) = config["label2id"]
      else { return }
      config["label2id"] = .object(
        JSON.Object(labels.members.map { ("\(hostile)\($0.key)", $0.value) }))
      configuration["config"] = .object(config)
    }
  }

  private static func edit(_ path: String, _ change: (inout JSON.Object) -> Void) throws {
    guard case .object(var object) = try JSON(contentsOf: path) else { return }
    change(&object)
    try writeAtomically(JSON.object(object).text(.indentedSorted), to: path)
  }

  /// What a file has that is called as nobody should call one.
  private func file(_ name: String, _ text: String) throws -> String {
    let path = "\(folder.path)/\(name)"
    try writeAtomically(text, to: path)
    return path
  }

  @Test func `does nothing to a terminal, whatever command reads it`() throws {
    let name = hostile.replacing("\n", with: "")
    let text = JSON.string("play \(hostile)").text(.compact)
    let label = JSON.string("\(hostile)label").text(.compact)
    let texts = try file("\(name).jsonl", "{\"text\": \(text), \"label\": \(label)}\n{\"text\"\n")
    let odd = try file("\(name).safetensors", "no tensors")
    let ids = try file("ids.jsonl", "{\"input_ids\": [2, 3], \"setup\": \(text)}\n")
    let card = try file("README.md", "---\nlicense: \(name)\n\(name): 1\n---\n\(name)\n")
    let use = ["--model", model, "--adapter", "x=\(adapter)"]
    let commands: [[String]] = [
      ["predict"] + use + [hostile], ["predict"] + use + ["--json", hostile],
      ["predict"] + use + ["--input", texts], ["predict"] + use + ["--input", texts, "--strict"],
      ["predict"] + use + ["--setup", name, "a"],
      ["predict", "--adapter", name, "--model", model, "a"],
      ["evaluate"] + use + ["--data", texts],
      ["evaluate"] + use + ["--data", texts, "--skip-bad-rows", "1"],
      ["forward"] + use + ["--input", ids, "--output", "\(folder.path)/out.safetensors"],
      ["tokenize", "--model", model, "--input", texts], ["tokenize", "--model", name],
      ["inspect", adapter], ["inspect", adapter, "--json", "--tensors", "--model", model],
      ["inspect", adapter, "--tensors", "--model", model], ["inspect", model], ["inspect", odd],
      ["verify", adapter, "--model", model], ["verify", texts], ["verify", odd], ["verify", model],
      ["verify", odd, "--json"], ["verify", card], ["card", card], ["card", adapter],
      ["card", adapter, "--json"], ["card", name],
      [
        "train", "--model", model, "--task", "text-classification", "--data", texts, "--output",
        "\(folder.path)/\(name)", "--name", "n", "--skip-bad-rows", "1", "--epochs", "1",
      ],
      [
        "train", "--model", model, "--task", "text-classification", "--data", texts, "--output",
        "\(folder.path)/new",
      ],
      ["pull", name], ["push", adapter, "a/b", "--dry-run"], ["push", name, "a/b"],
      ["cache", "list"], ["cache", "remove", name], ["search", name],
      ["bench", "predict"] + use + ["--input", texts, "--rounds", "1"],
      ["bench", "forward", "--config", odd],
      ["hub", "user", "create", name, "--data", folder.path],
    ]
    for command in commands {
      let run = try Program(command, environment: ["HF_HOME": "\(folder.path)/home"])
      #expect(!run.wasSignalled)
      for (stream, text) in [("output", run.output), ("errors", run.errors)] {
        let bad = text.unicodeScalars.first { scalar in
          switch scalar.properties.generalCategory {
          case .control: scalar != "\n"
          case .lineSeparator, .paragraphSeparator: true
          default: false
          }
        }
        #expect(bad == nil, "\(command[0...1]) \(stream): \(text.debugDescription)")
      }
    }
    let predicted = try Program(["predict"] + use + ["play"])
    #expect(predicted.output.contains("  x: \\u{1b}[31mgood\\u{7}"), "\(predicted.output)")
    #expect(predicted.output.split(separator: "\n").count == 2)
  }
}
