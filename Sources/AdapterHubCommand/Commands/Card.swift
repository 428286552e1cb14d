/// `adapterhub card`: what a README tells programs and people.
import ArgumentParser
import BaseModels
import Files
import HubClient

struct Card: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check an adapter's card, or write one.",
    discussion: """
      Says what is wrong with README.md on which line, and exits with 1 for errors. Where there is \
      none, prints the card that push would write; --write writes it.

      Examples:
        adapterhub card adapters/sst2
        adapterhub card adapters/sst2 --id lab/sst2 --model bert-base-uncased --write
        adapterhub card README.md --json
      """)

  @Argument(help: "An adapter's folder, or a card's file.")
  var path: String

  @Flag(help: "Write README.md where there is none.")
  var write = false

  @Flag(help: "With --write: replace the one that is there.")
  var replace = false

  @Option(help: "Where the adapter will lie on a hub: owner/name.")
  var id: String?

  @Option(help: "The base model, to say how much smaller the adapter is.")
  var model: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let isFile = (try? namesInFolder(path)) == nil
    let card = isFile ? path : "\(path)/README.md"
    if isFile || (fileExists(card) && !(write && replace)) {
      guard !write else {
        throw FileFailure(card, "is there already", hint: "replace it with --replace")
      }
      return try check(card)
    }
    let hub = try HubClient()
    let base = try knownBase(model, of: nil, hub) ?? knownBase(nil, of: path, hub)
    let facts = try AdapterFacts(folder: path, base: base)
    let repository = try RepositoryIdentifier(id ?? "owner/\(repositoryName(facts.name))")
    let text = generateCard(facts: facts, metrics: try metrics(in: path), repository: repository)
    if write {
      try writeAtomically(text, to: card)
      try printLines(["wrote \(escaped(card))"])
    } else if json {
      try printLines([
        JSON.object(["text": .string(text), "facts": facts.json]).text(.compact)
      ])
    } else {
      var output = StandardOutput()
      try output.lines(of: text.hasSuffix("\n") ? String(text.dropLast()) : text)
      try output.flush()
    }
  }

  private func check(_ path: String) throws {
    let card = try CardFile(contentsOf: path)
    if json {
      let problems = card.problems.map { problem -> JSON in
        [
          "message": .string(problem.message), "error": .bool(problem.isError),
          "line": problem.line.map { .integer($0) } ?? .null,
        ]
      }
      try printLines([
        JSON.object([
          "ok": .bool(card.errors.isEmpty), "problems": .array(problems),
          "front_matter": .object(card.frontMatter),
        ]).text(.compact)
      ])
    } else {
      for problem in card.problems {
        let place = problem.line.map { ":\($0)" } ?? ""
        writeError(
          "\(escaped(path))\(place): \(problem.isError ? "error" : "warning"): \(problem.message)\n"
        )
      }
      if card.errors.isEmpty {
        try printLines(["\(escaped(path)): a card that a hub takes"])
      }
    }
    if !card.errors.isEmpty { throw ExitCode(1) }
  }

  /// A name that a repository can have, as near to the adapter's as possible.
  private func repositoryName(_ name: String) -> String {
    let allowed = name.map { character in
      character.isASCII && (character.isLetter || character.isNumber || character == "_")
        ? character : "-"
    }
    let parts = String(allowed).split(separator: "-").joined(separator: "-").prefix(90)
    return parts.isEmpty ? "adapter" : String(parts)
  }
}
