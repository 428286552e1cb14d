/// The card of a catalogue's entry: what the entry says, for people.
internal import Files
internal import HubClient

extension CatalogueEntry {
  /// The text of a `README.md`.
  func card(_ repository: RepositoryIdentifier) -> String {
    var front: [(String, JSON)] = [
      (
        "tags",
        [
          "adapter-transformers", .string("adapterhub:\(identifier)"), .string(modelType),
        ]
      ),
      ("library_name", "adapter-transformers"), ("base_model", .string(baseModel)),
    ]
    let language = isOfLanguage ? task : Taxonomy.subtask(identifier)?.subtask.language
    if let language { front.append(("language", .string(language))) }
    if hasHead, let pipeline = Taxonomy.task(task)?.pipeline {
      front.append(("pipeline_tag", .string(pipeline)))
    }
    let yaml = front.map { key, value -> String in
      // JSON's texts and lists are YAML's as well, whatever is in them.
      "\(key): \(value.text(.minified))\n"
    }.joined()

    var parts = ["# \(Self.plain(repository.name))"]
    if !description.isEmpty { parts.append(Self.plain(description)) }
    parts.append(
      "An adapter for \(subject) on `\(Self.code(baseModel))`, method `\(Self.code(method))` "
        + "(`\(Self.code(architecture))` in the original), "
        + (hasHead ? "with a prediction head." : "without a prediction head."))
    parts.append(
      "**The files are on another server.** This hub keeps the entry, so that the adapter is found; "
        + "each archive below can be checked by its SHA-256.")
    parts.append("## Versions\n\n" + table)
    if !dependencies.isEmpty {
      parts.append(
        "## Used with\n\n"
          + dependencies.map { "* \(Self.plain($0.key)): \(Self.plain($0.note))" }
          .joined(separator: "\n"))
    }
    var people: [String] = []
    if !author.isEmpty { people.append(Self.plain(author)) }
    if let url { people.append("<\(url)>") }
    if let github { people.append("on GitHub: \(Self.plain(github))") }
    if !people.isEmpty { parts.append("## Author\n\n" + people.joined(separator: ", ")) }
    if let citation, !citation.trimmed.isEmpty {
      // A fence longer than any in the text cannot be closed by it.
      let fence = String(repeating: "`", count: max(3, Self.longestRun(of: "`", in: citation) + 1))
      parts.append("## Citation\n\n\(fence)bibtex\n\(citation.trimmed)\n\(fence)")
    }
    return "---\n\(yaml)---\n\n" + parts.joined(separator: "\n\n") + "\n"
  }

  /// What the adapter is for, in words.
  private var subject: String {
    if isOfLanguage { return "the language \(Languages.name(task) ?? Self.plain(task))" }
    return Self.plain(
      "\(Taxonomy.name(task: task)) (\(Taxonomy.name(subtask: identifier)))")
  }

  private var table: String {
    let rows = versions.map { version in
      let name =
        "`\(Self.code(version.name))`\(version.name == mainVersion.name ? " (default)" : "")"
      let sum = version.sha256.map { "`\($0)`" } ?? version.sha1.map { "SHA-1 `\($0)`" } ?? "–"
      return "| \(name) | \(version.score.map { "\($0)" } ?? "–") | "
        + "\(version.note.map(Self.plain) ?? "–") | <\(version.url)> | \(sum) |"
    }
    return
      (["| version | score | note | file | SHA-256 |", "|---|---|---|---|---|"] + rows)
      .joined(separator: "\n")
  }

  /// Text that means nothing to Markdown, on one line.
  static func plain(_ text: String) -> String {
    var plain = ""
    for scalar in text.unicodeScalars {
      if scalar.properties.isWhitespace || scalar.value < 32 {
        if plain.last != " " { plain += " " }
      } else {
        if "\\`*_{}[]<>#|~&!".unicodeScalars.contains(scalar) { plain += "\\" }
        plain.unicodeScalars.append(scalar)
      }
    }
    return plain.trimmed
  }

  /// Text between single backticks.
  private static func code(_ text: String) -> String {
    String(
      text.unicodeScalars.filter { $0 != "`" && $0 != "|" && $0.value >= 32 }.map(Character.init))
  }

  private static func longestRun(of character: Character, in text: String) -> Int {
    var (longest, run) = (0, 0)
    for each in text {
      run = each == character ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}
