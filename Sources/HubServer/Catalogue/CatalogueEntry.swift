/// An entry of a catalogue: an adapter whose files lie on another server, and what is known of it.
internal import Files
internal import Foundation
internal import HubClient

/// The YAML that the original hub kept for each adapter, here in the file `adapterhub.yaml`.
struct CatalogueEntry: Sendable, Equatable {
  /// The file of a repository that holds the entry as it came.
  static let fileName = "adapterhub.yaml"

  /// One of the files that may be downloaded elsewhere.
  struct Version: Sendable, Equatable {
    let name: String
    let url: String
    let sha1: String?
    let sha256: String?
    let note: String?
    let score: Double?
  }

  /// Whether it is for a language: then `task` is the language's code.
  let isOfLanguage: Bool
  let task: String
  let subtask: String
  let modelType: String
  let baseModel: String
  let modelClass: String?
  /// What the original called the method: `pfeiffer`, `houlsby+inv`.
  let architecture: String
  let nonLinearity: String?
  let reductionFactor: String?
  let hasHead: Bool
  let hiddenSize: Int?
  let author: String
  let email: String?
  let url: String?
  let github: String?
  let description: String
  let citation: String?
  let defaultVersion: String
  let versions: [Version]
  /// What it is to be used with, and why.
  let dependencies: [(key: String, note: String)]

  static func == (a: CatalogueEntry, b: CatalogueEntry) -> Bool {
    a.task == b.task && a.subtask == b.subtask && a.baseModel == b.baseModel
      && a.versions == b.versions
  }

  /// Reads an entry.
  ///
  /// - Throws: `YAMLFailure` with the line, where that is known.
  init(_ yaml: String) throws {
    let document = try SafeYAML(yaml)
    guard case .object(let object) = document.value else {
      throw YAMLFailure(message: "is \(document.value.kind), not keys and values", line: 1)
    }
    let reader = EntryReader(object: object, lines: document.lines)
    let type = try reader.text("type", limit: 40)
    guard ["text_task", "text_lang"].contains(type) else {
      throw reader.failure("type", "is neither text_task nor text_lang")
    }
    isOfLanguage = type == "text_lang"
    task = try reader.identifier("task")
    subtask = try reader.identifier("subtask")
    modelType = try reader.text("model_type", limit: 80)
    baseModel = try reader.text("model_name", limit: 200)
    modelClass = try reader.optional("model_class", limit: 120)
    let config = try reader.mapping("config")
    architecture = try config.text("using", limit: 80)
    nonLinearity = try config.optional("non_linearity", limit: 40)
    reductionFactor = try config.optional("reduction_factor", limit: 40)
    if case .bool(true)? = object["prediction_head"] { hasHead = true } else { hasHead = false }
    if case .integer(let size)? = object["hidden_size"], size > 0 {
      hiddenSize = size
    } else {
      hiddenSize = nil
    }
    author = try reader.optional("author", limit: 300) ?? ""
    email = try reader.optional("email", limit: 300)
    url = Self.link(try reader.optional("url", limit: 2000))
    github = try reader.optional("github", limit: 100)
    description = (try reader.optional("description", limit: 20_000) ?? "")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    citation = try reader.optional("citation", limit: 50_000)
    versions = try reader.list("files").prefix(500).map { file in
      let url = try file.text("url", limit: 4000)
      guard let url = Self.link(url) else {
        throw file.failure("url", "is no address of the web")
      }
      return Version(
        name: try file.text("version", limit: 120), url: url,
        sha1: Self.hash(try file.optional("sha1", limit: 64), 40),
        sha256: Self.hash(try file.optional("sha256", limit: 80), 64),
        note: try file.optional("description", limit: 1000), score: file.number("score"))
    }
    guard !versions.isEmpty else { throw reader.failure("files", "names no file") }
    let wanted = try reader.optional("default_version", limit: 120) ?? ""
    defaultVersion = wanted.isEmpty ? versions[0].name : wanted
    dependencies = try reader.list("dependencies").prefix(20).map { item in
      (try item.text("key", limit: 300), try item.optional("description", limit: 1000) ?? "")
    }
  }

  /// `task/subtask`, as the original's users write it.
  var identifier: String { "\(task)/\(subtask)" }

  /// The version that is meant where none is named.
  var mainVersion: Version {
    versions.first { $0.name == defaultVersion } ?? versions[0]
  }

  var methodNames: [String] { [Self.method(named: architecture)] }

  /// Today's name of a method that the original called otherwise.
  static func method(named name: String) -> String {
    let names = [
      "pfeiffer": "seq_bn", "pfeiffer+inv": "seq_bn_inv", "houlsby": "double_seq_bn",
      "houlsby+inv": "double_seq_bn_inv", "lohfink-rossi-leaveout": "seq_bn",
      "parallel": "par_bn",
    ]
    return names[name.lowercased()] ?? name
  }

  /// The method with its settings, as today's libraries write it.
  var method: String {
    var settings: [String] = []
    if let reductionFactor, Double(reductionFactor) != nil {
      settings.append("reduction_factor=\(reductionFactor)")
    }
    if let nonLinearity { settings.append("non_linearity=\(nonLinearity)") }
    let name = methodNames[0]
    return settings.isEmpty ? name : "\(name)[\(settings.joined(separator: ","))]"
  }

  /// The score of the version that is meant, by what its data set is measured with.
  var metric: MainMetric? {
    guard let score = mainVersion.score else { return nil }
    return MainMetric(Taxonomy.subtask(identifier)?.subtask.metric ?? "score", score)
  }

  /// What lists and clients read of it: an adapter's facts, and where its files are.
  var facts: AdapterFacts {
    AdapterFacts(
      library: .adapters, name: subtask, method: method, modelType: modelType,
      hiddenSize: hiddenSize, baseModel: baseModel,
      task: hasHead ? Taxonomy.task(task)?.pipeline : nil)
  }

  /// What the Python library's list reads.
  var configuration: JSON {
    let names: JSON = [
      "model_name": .string(baseModel), "model_type": .string(modelType),
      "model_class": modelClass.map { .string($0) } ?? .null, "name": .string(subtask),
    ]
    return ["adapters": names, "adapter_transformers": names, "model_type": .string(modelType)]
  }

  /// Where the files are, for programs.
  var elsewhere: JSON {
    [
      "default": .string(mainVersion.name),
      "files": .array(
        versions.map { version in
          [
            "version": .string(version.name), "url": .string(version.url),
            "sha1": version.sha1.map { .string($0) } ?? .null,
            "sha256": version.sha256.map { .string($0) } ?? .null,
            "score": version.score.map { .number($0) } ?? .null,
          ]
        }),
    ]
  }

  /// An address that may become a link; nil for anything else.
  private static func link(_ text: String?) -> String? {
    guard let text, let url = URL(string: text), ["http", "https"].contains(url.scheme ?? ""),
      url.host != nil,
      !text.unicodeScalars.contains(where: {
        $0.value <= 32 || "\"<>|`".unicodeScalars.contains($0)
      })
    else { return nil }
    return text
  }

  private static func hash(_ text: String?, _ count: Int) -> String? {
    guard let text = text?.lowercased(), text.utf8.count == count, bytes(hexadecimal: text) != nil
    else { return nil }
    return text
  }
}

/// Reads the fields of an entry, and says which one is wrong.
private struct EntryReader {
  let object: JSON.Object
  let lines: [String: Int]
  var line: Int?

  func failure(_ key: String, _ message: String) -> YAMLFailure {
    YAMLFailure(message: "\(key) \(message)", line: lines[key] ?? line)
  }

  /// A field that must be there.
  func text(_ key: String, limit: Int) throws -> String {
    guard let text = try optional(key, limit: limit), !text.isEmpty else {
      throw failure(key, "is missing")
    }
    return text
  }

  /// A field that may be there; numbers count as what they are written as.
  func optional(_ key: String, limit: Int) throws -> String? {
    let text: String
    switch object[key] {
    case nil, .null?: return nil
    case .string(let value)?, .digits(let value)?: text = value
    case .integer(let value)?: text = "\(value)"
    case .number(let value)?: text = "\(value)"
    case .bool(let value)?: text = "\(value)"
    default: throw failure(key, "is no text")
    }
    guard text.utf8.count <= limit else { throw failure(key, "is longer than \(limit) bytes") }
    return text
  }

  /// A short word without what would part identifiers.
  func identifier(_ key: String) throws -> String {
    let text = try text(key, limit: 80)
    guard !text.contains("/"), !text.contains("@"), !text.contains(where: \.isWhitespace) else {
      throw failure(key, "holds a slash, an @ or a space")
    }
    return text
  }

  func number(_ key: String) -> Double? {
    switch object[key] {
    case .number(let value)? where value.isFinite: value
    case .integer(let value)?: Double(value)
    case .string(let text)?, .digits(let text)?: Double(text).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  func mapping(_ key: String) throws -> EntryReader {
    guard case .object(let value)? = object[key] else { throw failure(key, "is missing") }
    return EntryReader(object: value, lines: [:], line: lines[key])
  }

  func list(_ key: String) throws -> [EntryReader] {
    switch object[key] {
    case nil, .null?: return []
    case .array(let values)?:
      return try values.map { value in
        guard case .object(let object) = value else {
          throw failure(key, "holds something that is no entry of its own")
        }
        return EntryReader(object: object, lines: [:], line: lines[key])
      }
    default: throw failure(key, "is no list")
    }
  }
}
