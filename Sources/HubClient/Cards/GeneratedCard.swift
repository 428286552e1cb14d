/// A card written from facts, for adapters that come without one.
internal import Files

/// A number that an adapter reached.
public struct CardMetric: Sendable, Equatable {
  public var name: String
  public var value: Double
  /// What it was measured on, where that is known.
  public var dataset: String?

  public init(name: String, value: Double, dataset: String? = nil) {
    self.name = name
    self.value = value
    self.dataset = dataset
  }
}

/// Writes a `README.md`.
///
/// - Parameters:
///   - facts: what the adapter is.
///   - metrics: what it reached; none where that is not known.
///   - repository: where it will lie.
/// - Returns: front matter and a body that says what it is and how to load it.
public func generateCard(
  facts: AdapterFacts, metrics: [CardMetric] = [], repository: RepositoryIdentifier
) -> String {
  frontMatter(facts, metrics, repository) + body(facts, metrics, repository)
}

private func frontMatter(
  _ facts: AdapterFacts, _ metrics: [CardMetric], _ repository: RepositoryIdentifier
) -> String {
  var tags: [String] =
    switch facts.library {
    case .adapters: ["adapter-transformers", "adapters"]
    case .peft: ["peft"]
    }
  tags += [facts.modelType].compactMap(\.self) + facts.methodNames
  if facts.library == .peft, let base = facts.baseModel {
    tags.append("base_model:adapter:\(base)")
  }
  var lines = ["---", "tags:"]
  var seen: Set<String> = []
  lines += tags.filter { seen.insert($0).inserted }.map { "- \(yamlText($0))" }
  lines.append("library_name: \(facts.library == .peft ? "peft" : "adapter-transformers")")
  if let base = facts.baseModel { lines.append("base_model: \(yamlText(base))") }
  if let task = pipelineTag(facts.task) { lines.append("pipeline_tag: \(yamlText(task))") }
  if !metrics.isEmpty {
    var names: Set<String> = []
    lines.append("metrics:")
    lines += metrics.filter { names.insert($0.name).inserted }.map { "- \(yamlText($0.name))" }
    lines += modelIndex(facts, metrics, repository)
  }
  return (lines + ["---", ""]).joined(separator: "\n")
}

private func modelIndex(
  _ facts: AdapterFacts, _ metrics: [CardMetric], _ repository: RepositoryIdentifier
) -> [String] {
  var lines = ["model-index:", "- name: \(yamlText(repository.name))", "  results:"]
  let datasets = metrics.map { $0.dataset ?? "development data" }
  var seen: Set<String> = []
  for dataset in datasets where seen.insert(dataset).inserted {
    lines += [
      "  - task:", "      type: \(yamlText(pipelineTag(facts.task) ?? "other"))", "    dataset:",
      "      type: \(yamlText(dataset))", "      name: \(yamlText(dataset))", "    metrics:",
    ]
    for metric in metrics where (metric.dataset ?? "development data") == dataset {
      lines += [
        "    - type: \(yamlText(metric.name))",
        "      value: \(JSON.number(metric.value).text(.compact))",
      ]
    }
  }
  return lines
}

private func body(
  _ facts: AdapterFacts, _ metrics: [CardMetric], _ repository: RepositoryIdentifier
) -> String {
  let base = facts.baseModel ?? facts.modelType ?? "its base model"
  let task = facts.task.map { " for \($0.replacing("-", with: " "))" } ?? ""
  var text = """

    # \(repository.name)

    An adapter\(task) on **\(base)**: method `\(facts.method)`, \
    \(grouped(facts.parameterCount)) parameters\(size(facts)).

    """
  if !facts.labels.isEmpty {
    let shown = facts.labels.prefix(30).map { "`\($0)`" }.joined(separator: ", ")
    let more = facts.labels.count > 30 ? " and \(facts.labels.count - 30) more" : ""
    text += "\nIt answers with one of \(facts.labels.count): \(shown)\(more).\n"
  }
  if !metrics.isEmpty {
    text += "\n| measured on | metric | value |\n|---|---|---|\n"
    for metric in metrics {
      text += "| \(metric.dataset ?? "development data") | \(metric.name) "
      text += "| \(fixed(metric.value, digits: 4)) |\n"
    }
  }
  return text + usage(facts, repository)
}

/// `, 3.6 MB instead of 438 MB`, as far as it is known.
private func size(_ facts: AdapterFacts) -> String {
  guard facts.byteCount > 0 else { return "" }
  guard let base = facts.baseByteCount, base > facts.byteCount else {
    return ", \(byteText(facts.byteCount))"
  }
  return ", \(byteText(facts.byteCount)) instead of \(byteText(base))"
}

private func usage(_ facts: AdapterFacts, _ repository: RepositoryIdentifier) -> String {
  var text = "\n## Use it\n"
  for snippet in usageSnippets(facts, repository) {
    text += "\n\(snippet.title):\n\n```\(snippet.language)\n\(snippet.code)\n```\n"
  }
  return text
}

/// The hub's word for a head's task; nil where it has none.
private func pipelineTag(_ task: String?) -> String? {
  guard let task else { return nil }
  let renamed = ["causal-lm": "text-generation", "seq2seq-lm": "text2text-generation"]
  let tag = renamed[task] ?? (task == "embedding" ? "feature-extraction" : task)
  return CardVocabulary.pipelineTags.contains(tag) ? tag : nil
}

/// A text as YAML has it: plain where nothing in it could mean something else.
func yamlText(_ text: String) -> String {
  let isPlain =
    text.first.map { $0.isASCII && $0.isLetter } ?? false
    && text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "/", "+": true
      default: false
      }
    }
    && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
  if isPlain { return text }
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\t": quoted += "\\t"
    default:
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0xFEFF {
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        quoted.unicodeScalars.append(scalar)
      }
    }
  }
  return quoted + "\""
}
