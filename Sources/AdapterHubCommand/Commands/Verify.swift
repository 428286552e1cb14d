/// `adapterhub verify`: is a file what it should be?
import Adapters
import ArgumentParser
import Files

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read a file or folder whole, as the loaders would, and say what is wrong where.",
    discussion: """
      Exits with 0 and a line that says what it is, or with 1 and what is wrong. An adapter's \
      shapes are checked against the model that --model names.

      Examples:
        adapterhub verify sst2 --model all-MiniLM-L6-v2
        adapterhub verify train.csv
        adapterhub verify download.dat --kind safetensors
      """)

  @Argument(help: "The file or folder.")
  var path: String

  @Option(
    help: "What it should be; recognised by default. One of \(FileKind.allNames).",
    transform: named(FileKind.self))
  var kind: FileKind?

  @Option(help: "A base model's folder or its config.json, which an adapter must fit.")
  var model: String?

  func run() throws {
    if let model { try checkFolder(model, "model") }
    var output = StandardOutput()
    try output.line("\(path): \(verify(path, as: kind, model: model))")
    try output.flush()
  }
}
