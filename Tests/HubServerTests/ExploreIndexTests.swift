import HubClient
import Testing

@testable import HubServer

@Suite struct `An index of adapters` {
  private func row(
    _ id: Int64, owner: Int64 = 1, isPrivate: Bool = false, downloads: Double = 0,
    _ facets: [Facet: [String]]
  ) -> ExploreIndex.Row {
    var values = Facets()
    for (facet, texts) in facets { values[facet] = texts }
    return ExploreIndex.Row(
      id: id, owner: owner, isPrivate: isPrivate, trending: 0, downloads: downloads, likes: 0,
      updated: Double(id), metricRank: nil, byteCount: nil, baseByteCount: nil, isElsewhere: false,
      facets: values.text)
  }

  /// Counts, totals and pages of the index against the same found by looking at every row.
  @Test func `answers as a search through all rows does, whatever came and went`() {
    var draw = SystemRandomNumberGenerator()
    var index = ExploreIndex()
    var rows: [Int64: ([Facet: [String]], owner: Int64, isPrivate: Bool, downloads: Double)] = [:]
    let methods = ["lora", "seq_bn", "ia3"]
    for _ in 0..<6000 {
      let id = Int64.random(in: 1...1500, using: &draw)
      if Int.random(in: 0..<4, using: &draw) == 0 {
        index.remove(id)
        rows[id] = nil
      } else {
        let facets: [Facet: [String]] = [
          .method: [methods[Int.random(in: 0..<3, using: &draw)]],
          .base: ["base\(Int.random(in: 0..<400, using: &draw))"],
          .language: Array(["en", "de", "fi"].prefix(Int.random(in: 0...3, using: &draw))),
        ]
        let owner = Int64.random(in: 1...5, using: &draw)
        let isPrivate = Int.random(in: 0..<5, using: &draw) == 0
        let downloads = Double(Int.random(in: 0..<50, using: &draw))
        index.insert(row(id, owner: owner, isPrivate: isPrivate, downloads: downloads, facets))
        rows[id] = (facets, owner, isPrivate, downloads)
      }
    }
    #expect(index.count == rows.count)
    var caller = Caller.anyone
    caller.account = Account(
      id: 2, name: "two", kind: .user, fullName: "", email: nil, isAdministrator: false,
      createdAt: Moment())
    let visible = rows.filter { !$0.value.isPrivate || $0.value.owner == 2 }
    let set = index.visible(to: caller)
    #expect(set.identifiers == visible.keys.sorted())

    var query = ExploreQuery()
    query.chosen = [.method: ["lora", "ia3"], .language: ["de"]]
    query.order = .downloads
    query.valueLimit = nil
    func has(_ row: [Facet: [String]], _ facet: Facet) -> Bool {
      query.chosen[facet].map { wanted in row[facet, default: []].contains { wanted.contains($0) } }
        ?? true
    }
    let matching = visible.filter { has($0.value.0, .method) && has($0.value.0, .language) }
    let (answer, page) = index.answer(query, among: set)
    #expect(answer.total == matching.count)
    let expected = matching.sorted {
      ($1.value.downloads, $1.key) < ($0.value.downloads, $0.key)
    }.map(\.key)
    #expect(page == Array(expected.prefix(24)))
    for method in methods {
      let count = visible.count {
        has($0.value.0, .language) && $0.value.0[.method, default: []].contains(method)
      }
      #expect(answer.counts[.method]?.first { $0.value == method }?.count == count)
    }
    // Page by page, all of them once.
    var (seen, cursor): ([Int64], ExploreQuery.Cursor?) = ([], nil)
    repeat {
      let (answer, page) = index.answer(query.at(cursor), among: set)
      seen += page
      cursor = answer.next
    } while cursor != nil
    #expect(seen == expected)
  }

  @Test func `takes no room for numbers that no hub gives`() {
    var index = ExploreIndex()
    index.insert(row(.max, [:]))
    index.insert(row(-1, [:]))
    index.remove(.min)
    #expect(index.count == 0)
  }

  @Test func `keeps a set of values through its change from a list to bits`() {
    var set = ValueSet()
    var all = IdentifierSet()
    for id in stride(from: Int64(2000), to: 0, by: -3) {
      set.insert(id)
      set.insert(id)
      all.insert(id)
      #expect(set.count == all.count && set.count(in: all) == set.count)
    }
    for id in Int64(0)...2000 { set.remove(id) }
    #expect(set.count == 0 && set.count(in: all) == 0)
  }
}

@Suite struct `What adapters are found by` {
  @Test func `has no id twice`() {
    let tasks = Taxonomy.tasks.map(\.id)
    #expect(Set(tasks).count == tasks.count)
    let subtasks = Taxonomy.tasks.flatMap { task in task.subtasks.map { "\(task.id)/\($0.id)" } }
    #expect(Set(subtasks).count == subtasks.count)
    let datasets = Taxonomy.tasks.flatMap { $0.subtasks.flatMap(\.datasets) }
    #expect(Set(datasets).count == datasets.count)
  }

  @Test(arguments: [
    ("English", "en"), ("en-US", "en"), ("DE", "de"), ("zh_yue", "zh_yue"), ("Swahili", "sw"),
    ("tlh", "tlh"),
  ])
  func `knows a language by its name and its code`(_ text: String, _ code: String) {
    #expect(Languages.code(text) == code)
  }

  @Test func `takes no language for what is none`() {
    for text in ["", "multilingual", "-", "e", "日本", "<b>"] { #expect(Languages.code(text) == nil) }
  }

  @Test(arguments: [
    ("google-bert/bert-base-uncased", "bert-base-uncased"), ("/home/x/model", "model"),
    ("facebook/bart-base", "facebook/bart-base"), ("./a/b", "b"), ("/", ""),
  ])
  func `gives a base model one name`(_ text: String, _ name: String) {
    #expect(BaseModelSizes.canonical(text) == name)
  }

  @Test(arguments: [
    ("# T\n\nFirst sentence that is long enough. Second.", "First sentence that is long enough."),
    ("<p>\n\n| a |\n|---|\n\n**Bold** and [a link](http://x) here.", "Bold and a link here."),
    ("```\ncode\n```\nText", "Text"), ("", ""), ("# Only a heading", ""),
    (
      "An adapter for text on **x**: method `lora`, 1 kB.\n\nIt answers with one of 2: `a`, `b`.",
      "It answers with one of 2: a, b."
    ),
    ("[broken](", "[broken]("),
  ])
  func `is told in the first sentence of a card`(_ markdown: String, _ summary: String) {
    #expect(Facets.summary(markdown) == summary)
  }

  @Test(arguments: [
    ("accuracy", 0.9123, "91.2"), ("f1", 87.75, "87.8"), ("loss", 0.123, "0.12"),
    ("perplexity", 1234.5, "1235"), ("bleu", 36.3, "36.3"),
  ])
  func `shows shares of a whole in one way`(_ name: String, _ value: Double, _ text: String) {
    #expect(MainMetric(name, value).text == text)
  }

  @Test func `ranks metrics on one scale, and the smaller loss first`() {
    #expect(MainMetric("f1", 91).rank > MainMetric("f1", 0.9).rank)
    #expect(MainMetric("perplexity", 10).rank > MainMetric("perplexity", 12).rank)
  }

  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (3_600_000, "3.6 MB"),
    (438_000_000, "438 MB"),
    (999_999, "1.0 MB"), (Int.max, "9.2 EB"),
  ])
  func `has sizes for people`(_ count: Int, _ text: String) {
    #expect(byteText(count) == text)
  }
}
