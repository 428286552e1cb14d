/// How a repository's description becomes what it is found by on Explore.
internal import Files
internal import Foundation
internal import HubClient

extension Facets {
  /// - Parameters:
  ///   - description: what the card, the adapter and its configuration say.
  ///   - facts: what inspection found; nil where there is no adapter.
  ///   - entry: a catalogue's entry, where the repository is one.
  ///   - fileBytes: of the files of weights, where inspection did not say.
  init(
    _ description: Description, facts: AdapterFacts?, entry: CatalogueEntry?, fileBytes: Int
  ) {
    let card = Card(description.card)
    let tags = card.texts("tags")
    let isTagged = !Set(tags.map { $0.lowercased() })
      .isDisjoint(with: ["adapters", "adapter-transformers", "peft"])
    isElsewhere = entry != nil
    isAdapter = facts != nil || isElsewhere || (isTagged && description.library != "transformers")
    summary = Self.summary(entry?.description ?? description.body)
    if case .object(let object)? = description.facts, case .array(let found)? = object["problems"] {
      problemCount = found.count
    }
    guard isAdapter else { return }

    var tasks: [String] = []
    var subtasks: [String] = []
    var languages = card.texts("language").compactMap(Languages.code)
    var isOfLanguage = entry?.isOfLanguage ?? false
    // What the card says itself, then what its data sets are known for, then how it is called.
    var named = tags.filter { $0.hasPrefix("adapterhub:") }.map { String($0.dropFirst(11)) }
    if let entry { named = ["\(entry.task)/\(entry.subtask)"] }
    for name in named {
      let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
      guard let task = parts.first else { continue }
      if Taxonomy.task(task) == nil, let code = Languages.code(task) {
        isOfLanguage = true
        languages.append(code)
      } else {
        tasks.append(task)
      }
      if parts.count == 2 { subtasks.append(name) }
    }
    let datasets = card.texts("datasets")
    if named.isEmpty {
      for dataset in datasets
        + datasets.flatMap({ name in
          card.datasetConfigurations.map { "\(name)/\($0)" }
        })
      {
        guard let subtask = Taxonomy.subtask(dataset: dataset) else { continue }
        subtasks.append(subtask)
        tasks.append(String(subtask.prefix { $0 != "/" }))
      }
    }
    let method = facts?.method ?? entry?.method ?? ""
    let pipeline = description.task ?? facts?.task
    if tasks.isEmpty, !isOfLanguage, pipeline == nil || pipeline == "fill-mask",
      method.contains("_inv") || method.contains("inv_adapter"), !languages.isEmpty
    {
      isOfLanguage = true
    }
    if isOfLanguage { tasks.append(Taxonomy.language) }
    if tasks.isEmpty, let task = pipeline.flatMap(Taxonomy.task(pipeline:)) { tasks = [task] }
    if languages.isEmpty {
      languages = subtasks.compactMap { Taxonomy.subtask($0)?.subtask.language }
    }
    self[.task] = tasks
    self[.subtask] = subtasks
    self[.language] = languages

    let bases = card.texts("base_model")
    let base = entry?.baseModel ?? facts?.baseModel
    let names = (bases.isEmpty ? [base].compactMap(\.self) : bases)
      .map(BaseModelSizes.canonical).filter { !$0.isEmpty }
    self[.base] = names
    self[.method] =
      facts?.methodNames ?? entry?.methodNames
      ?? tags.filter { $0.hasPrefix("method:") }.map { String($0.dropFirst(7)) }
    let head =
      facts.map { $0.task } ?? (entry?.hasHead == true ? description.task ?? "some" : nil)
    self[.head] = [head ?? "none"]
    self[.license] = card.texts("license").map { $0.lowercased() }
    self[.library] = [facts?.library.rawValue ?? (isElsewhere ? "adapters" : nil)]
      .compactMap(\.self)

    self[.files] = [isElsewhere ? Self.elsewhere : Self.here]
    if let facts, facts.byteCount > 0 {
      byteCount = facts.byteCount
    } else if fileBytes > 0 {
      byteCount = fileBytes
    }
    self[.size] = [SizeClass(bytes: byteCount)?.rawValue].compactMap(\.self)
    baseByteCount =
      facts?.baseByteCount
      ?? names.lazy.compactMap(BaseModelSizes.parameters).first.map { $0 * 4 }
    let wanted = subtasks.lazy.compactMap { Taxonomy.subtask($0)?.subtask.metric }.first
    metric = Self.metric(description.card, wanted: wanted) ?? entry?.metric
  }

  /// What a card is about, in one line: its first sentence that is no heading and no table.
  static func summary(_ markdown: String) -> String {
    let paragraphs = paragraphs(markdown, limit: 2)
    guard let first = paragraphs.first else { return "" }
    // A card that was made of facts begins with those that stand beside it anyway.
    if first.hasPrefix("An adapter for "), first.contains(": method `"), paragraphs.count > 1,
      paragraphs[1].hasPrefix("It answers with")
    {
      return plain(paragraphs[1])
    }
    return plain(first)
  }

  /// The first paragraphs of running text.
  private static func paragraphs(_ markdown: String, limit: Int) -> [String] {
    var found: [String] = []
    var text = ""
    var isCode = false
    for line in markdown.prefix(20_000).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("```") {
        isCode.toggle()
        continue
      }
      if isCode { continue }
      let isOther =
        line.isEmpty || line.hasPrefix("#") || line.hasPrefix("|") || line.hasPrefix("<")
        || line.hasPrefix("![") || line.hasPrefix("[![") || line.hasPrefix("---")
        || line.hasPrefix("===")
      if isOther {
        if !text.isEmpty { found.append(text) }
        text = ""
        if found.count == limit { break }
        continue
      }
      // What is longer is cut in any case.
      if text.utf8.count <= 1000 { text += (text.isEmpty ? "" : " ") + line }
    }
    if !text.isEmpty { found.append(text) }
    return found
  }

  /// Text without the signs of Markdown, cut after a sentence.
  private static func plain(_ markdown: String) -> String {
    var text = ""
    var rest = markdown[...]
    // Of a link, what can be read.
    while let open = rest.firstIndex(of: "[") {
      guard let close = rest[open...].firstIndex(of: "]"),
        rest[close...].dropFirst().first == "(",
        let end = rest[close...].firstIndex(of: ")")
      else { break }
      text += rest[..<open] + rest[rest.index(after: open)..<close]
      rest = rest[rest.index(after: end)...]
    }
    text += rest
    text = String(text.filter { !"*`_~>".contains($0) || $0 == "_" })
      .replacing("**", with: "").trimmingCharacters(in: .whitespaces)
    var end = text.startIndex
    while let stop = text[end...].firstIndex(where: { ".!?".contains($0) }) {
      let after = text.index(after: stop)
      // A full stop inside a word, a number or an abbreviation does not end a sentence.
      if after == text.endIndex || (text[after] == " " && text[..<stop].count > 24) {
        return String(text[..<after].prefix(240))
      }
      end = after
    }
    return text.count <= 240 ? text : "\(text.prefix(238)) …"
  }

  /// What `model-index` says first, or of it what the task is measured by.
  private static func metric(_ card: JSON, wanted: String?) -> MainMetric? {
    guard case .array(let models)? = card["model-index"] else { return nil }
    var found: [MainMetric] = []
    for model in models.prefix(20) {
      guard case .array(let results)? = model["results"] else { continue }
      for result in results.prefix(50) {
        guard case .array(let metrics)? = result["metrics"] else { continue }
        for metric in metrics.prefix(50) {
          let name = metric["type"]?.string ?? metric["name"]?.string
          let value: Double? =
            switch metric["value"] {
            case .number(let value)?: value
            case .integer(let value)?: Double(value)
            case .string(let text)?, .digits(let text)?: Double(text)
            default: nil
            }
          if let name, !name.isEmpty, name.utf8.count <= 60, let value, value.isFinite {
            found.append(MainMetric(name, value))
          }
        }
      }
    }
    return found.first { $0.name.lowercased() == wanted } ?? found.first
  }
}

/// A card's front matter, where a field is one text or a list of them.
private struct Card {
  let json: JSON
  init(_ json: JSON) { self.json = json }

  func texts(_ key: String) -> [String] {
    switch json[key] {
    case .string(let text)?: [text]
    case .array(let values)?: values.compactMap(\.string)
    default: []
    }
  }

  /// Which parts of collections such as GLUE are meant: `dataset.config` of `model-index`.
  var datasetConfigurations: [String] {
    guard case .array(let models)? = json["model-index"] else { return [] }
    return models.prefix(20).flatMap { model -> [String] in
      guard case .array(let results)? = model["results"] else { return [] }
      return results.prefix(20).compactMap { $0["dataset"]?["config"]?.string }
    }
  }
}
