/// `adapterhub verify`: is a file what it should be?
import Adapters
import ArgumentParser
import Files
import HubClient

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read a file or folder whole, as the loaders would, and say what is wrong where.",
    discussion: """
      Exits with 0 and a line that says what it is, or with 1 and what is wrong. An adapter's \
      shapes are checked against the model that --model names. With --json the line is \
      {"ok", "kind", "problem"}, with a kind or a problem of null where there is none.

      Examples:
        adapterhub verify sst2 --model all-MiniLM-L6-v2
        adapterhub verify train.csv
        adapterhub verify download.dat --kind safetensors --json
      """)

  @Argument(help: "The file or folder.")
  var path: String

  @Option(
    help: "What it should be; recognised by default. One of \(FileKind.allNames).",
    transform: named(FileKind.self))
  var kind: FileKind?

  @Option(help: "A base model's folder or its config.json, which an adapter must fit.")
  var model: String?

  @Flag(help: "Print one JSON object, whether the file is good or not.")
  var json = false

  func run() throws {
    guard json else {
      return try printLines(["\(escaped(path)): \(verified(kind))"])
    }
    var found = kind
    var problem: FileFailure?
    do {
      found = try kind ?? FileKind(recognising: path)
      _ = try verified(found)
    } catch let failure as FileFailure {
      problem = failure
    }
    try printLines([
      JSON.object([
        "ok": .bool(problem == nil), "kind": found.map { .string($0.rawValue) } ?? .null,
        "problem": problem.map { .string($0.description) } ?? .null,
      ]).text(.compact)
    ])
    if problem != nil { throw ExitCode(1) }
  }

  private func verified(_ kind: FileKind?) throws -> String {
    // Cards are the hub's, of which the library of adapters knows nothing.
    if try (kind ?? FileKind(recognising: path)) == .card { return try verifiedCard() }
    let base = try model.map { try folderOrPulled($0, "model") }
    return try verify(path, as: kind, model: base)
  }

  private func verifiedCard() throws -> String {
    let card = try CardFile(contentsOf: path)
    if let problem = card.errors.first {
      let others = card.errors.count - 1
      throw FileFailure(
        path, at: problem.line.map { "line \($0)" }, problem.message,
        hint: others > 0 ? "and \(others) more; adapterhub card shows all" : nil)
    }
    let count = card.warnings.count
    return "card: \(card.frontMatter.count) fields"
      + (count == 0 ? "" : ", \(count) \(count == 1 ? "warning" : "warnings")")
  }
}
