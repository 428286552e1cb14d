/// `adapterhub search`: adapters on a hub.
import ArgumentParser
import Files
import HubClient

struct Search: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look for adapters on a hub.",
    discussion: """
      Finds adapters of the library adapters, and with --all every model. Each of --filter is a tag \
      that must be there.

      Examples:
        adapterhub search sentiment
        adapterhub search --base bert-base-uncased --task text-classification --method lora
        adapterhub search --author lab --sort downloads --json
      """)

  @Argument(help: "A part of the id, or whatever else the hub searches.")
  var text: String?

  @Option(help: "A tag that must be there; may be repeated.")
  var filter: [String] = []

  @Option(help: "Whose.")
  var author: String?

  @Option(help: "What they do: text-classification and so on.")
  var task: String?

  @Option(help: "The base model that they were trained on: owner/name.")
  var base: String?

  @Option(help: "How they adapt: lora, seq_bn and so on.")
  var method: String?

  @Option(
    help: "The order: trending, downloads, likes, updated or created.", transform: order)
  var sort: SearchQuery.Order?

  @Option(help: "How many to show at most.")
  var limit = 20

  @Flag(help: "Every model, not adapters alone.")
  var all = false

  @Flag(help: "Print one JSON object for each, as the hub sends it.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit is between 1 and 100,000.")
    }
  }

  func run() async throws {
    let hub = try HubClient()
    var query = SearchQuery(text)
    query.author = author
    query.task = task
    query.tags = filter + (all || !filter.isEmpty ? [] : ["adapter-transformers"])
    query.tags += [base.map { "base_model:\($0)" }, method].compactMap(\.self)
    query.order = sort
    query.limit = limit
    let found = try await hub.search(query)
    if json { return try printLines(found.map { $0.json.text(.compact) }) }
    guard !found.isEmpty else {
      return writeError("adapterhub: nothing on \(hub.settings.endpoint) is like that\n")
    }
    let rows =
      [["id", "task", "base model", "downloads", "likes", "updated"]]
      + found.map { one in
        [
          one.id, one.task ?? "–", one.baseModel ?? "–", one.downloads.grouped, one.likes.grouped,
          String((one.lastModified ?? "–").prefix(10)),
        ].map { escaped($0, limit: 80) }
      }
    try printLines(columns(rows, numbers: [3, 4]))
  }
}

private let order: @Sendable (String) throws -> SearchQuery.Order = { text in
  let known: [(String, SearchQuery.Order)] = [
    ("trending", .trending), ("downloads", .downloads), ("likes", .likes),
    ("updated", .lastModified), ("created", .createdAt),
  ]
  guard let order = known.first(where: { $0.0 == text })?.1 else {
    throw ValidationError(
      "\(escaped(text, limit: 80)) is not one of \(known.map(\.0).joined(separator: ", ")).")
  }
  return order
}

/// Rows as lines, their cells one below the other.
func columns(_ rows: [[String]], numbers: Set<Int> = []) -> [String] {
  let count = rows.map(\.count).max() ?? 0
  let widths = (0..<count).map { column in
    rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    let cells = row.enumerated().map { column, cell in
      let spaces = String(repeating: " ", count: widths[column] - cell.count)
      return numbers.contains(column) ? spaces + cell : cell + spaces
    }
    let line = cells.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
