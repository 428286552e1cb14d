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
  let base = facts.baseModel ?? "BASE-MODEL"
  let shell = """
    ```sh
    adapterhub pull \(repository)
    adapterhub predict --model \(base) --adapter \(repository) 'A text to try'
    ```
    """
  switch facts.library {
  case .adapters:
    return """

      ## Use it

      \(shell)

      In Swift:

      ```swift
      import AdapterHub

      let model = try TextModel(folder: "\(base)")
      let pulled = try await HubClient().pull("\(repository)")
      let adapter = try model.adapter(pulled.folder)
      let answers = try model.predict([TextInput("A text to try")], with: adapter)
      ```

      In Python, with the library `adapters`:

      ```python
      from adapters import AutoAdapterModel

      model = AutoAdapterModel.from_pretrained("\(base)")
      name = model.load_adapter("\(repository)", set_active=True)
      ```

      """
  case .peft:
    return """

      ## Use it

      In Python, with the library `peft`:

      ```python
      from peft import PeftModel
      from transformers import AutoModel

      model = PeftModel.from_pretrained(AutoModel.from_pretrained("\(base)"), "\(repository)")
      ```

      The files alone:

      ```sh
      adapterhub pull \(repository)
      ```

      """
  }
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

/// `820 bytes`, `3.6 MB`, `438 MB`: three digits, in powers of 1000.
public func byteText(_ count: Int) -> String {
  guard count >= 1000 else { return count == 1 ? "1 byte" : "\(count) bytes" }
  var (value, unit) = (Double(count), -1)
  let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
  // 999,950 bytes are 1.0 MB, not 1000 kB.
  while value >= 999.5, unit + 1 < units.count {
    value /= 1000
    unit += 1
  }
  return "\(fixed(value, digits: value < 99.95 ? 1 : 0)) \(units[max(0, unit)])"
}

/// 894,528.
private func grouped(_ count: Int) -> String {
  let digits = Array(String(count))
  let parts = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
  return parts.reversed().joined(separator: ",")
}

/// A number with a count of digits behind the point.
private func fixed(_ value: Double, digits: Int) -> String {
  guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
  let scale = (0..<digits).reduce(1.0) { value, _ in value * 10 }
  let scaled = Int((value.magnitude * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return sign + String(scaled) }
  let fraction = String(scaled % Int(scale))
  return "\(sign)\(scaled / Int(scale))."
    + String(repeating: "0", count: digits - fraction.count) + fraction
}
