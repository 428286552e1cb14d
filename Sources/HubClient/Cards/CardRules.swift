/// What the fields of a card's front matter must be.
internal import Files

/// Checks typed fields; others are free.
struct CardRules {
  private(set) var problems: [CardProblem] = []
  private let lines: [String: Int]

  init(_ fields: JSON.Object, lines: [String: Int]) {
    self.lines = lines
    // In the order of the file, as people read the list.
    for (key, value) in fields where value != .null {
      switch key {
      case "license": license(value, fields)
      case "language": language(value)
      case "tags", "datasets": strings(key, value, mayBeOne: key == "datasets")
      case "metrics": metrics(value)
      case "base_model": baseModel(value)
      case "pipeline_tag": pipelineTag(value)
      case "library_name": _ = text(key, value)
      case "model-index": modelIndex(value)
      default: break
      }
    }
  }

  private mutating func report(_ key: String, _ problem: String, isError: Bool = true) {
    problems.append(CardProblem("\(key) \(problem)", line: lines[key], isError: isError))
  }

  private mutating func text(_ key: String, _ value: JSON) -> String? {
    if case .string(let text) = value { return text }
    report(key, "is \(value.kind), expected a text")
    return nil
  }

  /// The texts of a list, or of one text where that is allowed too.
  @discardableResult
  private mutating func strings(_ key: String, _ value: JSON, mayBeOne: Bool) -> [String] {
    if mayBeOne, case .string(let text) = value { return [text] }
    guard case .array(let values) = value else {
      report(key, "is \(value.kind), expected a list of texts")
      return []
    }
    var texts: [String] = []
    for (index, value) in values.enumerated() {
      if case .string(let text) = value {
        texts.append(text)
      } else {
        report(key, "[\(index)] is \(value.kind), expected a text; quote it")
      }
    }
    return texts
  }

  private mutating func license(_ value: JSON, _ fields: JSON.Object) {
    for license in strings("license", value, mayBeOne: true) {
      if !CardVocabulary.licenses.contains(license) {
        let known = CardVocabulary.licenses.contains(license.lowercased())
        report(
          "license",
          "\(shown(license)) is not known; "
            + (known ? "write it in small letters" : "write other, and license_name: beside it"))
      } else if license == "other", (fields["license_name"] ?? .null) == .null {
        report("license", "is other; say which by license_name:", isError: false)
      }
    }
  }

  private mutating func language(_ value: JSON) {
    for language in strings("language", value, mayBeOne: true) where !isLanguage(language) {
      report("language", "\(shown(language)) is no code of a language; write en, deu, zh, …")
    }
  }

  /// ISO 639-1, 639-2 or 639-3, with a region or a script perhaps.
  private func isLanguage(_ text: String) -> Bool {
    if ["multilingual", "code"].contains(text) { return true }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let code = parts.first, (2...3).contains(code.utf8.count),
      code.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
    else { return false }
    return parts.dropFirst().allSatisfy { part in
      (2...8).contains(part.utf8.count) && part.utf8.allSatisfy { $0 < 0x80 }
        && part.allSatisfy { $0.isLetter || $0.isNumber }
    }
  }

  private mutating func metrics(_ value: JSON) {
    strings("metrics", value, mayBeOne: true)
  }

  private mutating func baseModel(_ value: JSON) {
    for id in strings("base_model", value, mayBeOne: true)
    where (try? RepositoryIdentifier(id)) == nil {
      report("base_model", "\(shown(id)) is no id of a model, such as owner/name", isError: false)
    }
  }

  private mutating func pipelineTag(_ value: JSON) {
    guard let tag = text("pipeline_tag", value), !CardVocabulary.pipelineTags.contains(tag) else {
      return
    }
    report("pipeline_tag", "\(shown(tag)) is not known", isError: false)
  }

  /// `[{name, results: [{task: {type}, dataset: {type, name}, metrics: [{type, value}]}]}]`.
  private mutating func modelIndex(_ value: JSON) {
    guard case .array(let models) = value else {
      return report("model-index", "is \(value.kind), expected a list")
    }
    for (index, model) in models.enumerated() {
      let place = "[\(index)]"
      if case .string? = model["name"] {
      } else {
        report("model-index", "\(place) has no name")
      }
      guard case .array(let results)? = model["results"] else {
        report("model-index", "\(place) has no list of results")
        continue
      }
      for (number, result) in results.enumerated() {
        self.result(result, "\(place).results[\(number)]")
      }
    }
  }

  private mutating func result(_ result: JSON, _ place: String) {
    for key in ["task", "dataset"] {
      if case .string? = result[key]?["type"] { continue }
      report("model-index", "\(place).\(key) has no type")
    }
    guard case .array(let metrics)? = result["metrics"] else {
      return report("model-index", "\(place) has no list of metrics")
    }
    for (number, metric) in metrics.enumerated() {
      if case .string? = metric["type"] {
      } else {
        report("model-index", "\(place).metrics[\(number)] has no type")
      }
      if (metric["value"] ?? .null) == .null {
        report("model-index", "\(place).metrics[\(number)] has no value")
      }
    }
  }

  private func shown(_ text: String) -> String { "\"\(escaped(text, limit: 80))\"" }
}
