/// How a repository comes to its description: card, adapter and configuration read together.
internal import Files
internal import Foundation
internal import HubClient
internal import Logging

extension HubCore {
  /// Describes the main branch anew.
  ///
  /// A repository that cannot be inspected is described as far as it can be: what is wrong becomes
  /// a part of the description.
  func describe(_ repository: Repository, commit: String) async throws {
    guard let snapshot = try await registry.snapshot(repository, commit: commit) else { return }
    var description = try await onDisk { [self] () throws -> Description in
      try self.describe(snapshot, of: repository)
    }
    if case .object(var facts)? = description.facts, facts["share"] ?? .null == .null,
      let base = facts["base_model"]?.string, let count = description.parameters, count > 0,
      let whole = try await registry.parameterCount(ofModel: base), whole > 0
    {
      facts["share"] = .number(Double(count) / Double(whole))
      description.facts = .object(facts)
      description.facets.baseByteCount = whole <= .max / 4 ? whole * 4 : nil
    }
    description.keepReadable()
    try await registry.describe(repository, commit: commit, description)
  }

  /// Describes a repository as far as that can be done: one that cannot be must not stop the hub, nor
  /// undo a commit that has landed.
  func describeIfPossible(_ repository: Repository, commit: String) async {
    do {
      try await describe(repository, commit: commit)
    } catch {
      log.error(
        "could not be described",
        metadata: ["repository": "\(repository.fullName)", "error": "\(error)"])
      var description = Description.empty
      description.facts = ["problems": ["the hub could not describe this repository"]]
      try? await registry.describe(repository, commit: commit, description)
    }
  }

  /// Sets who sees a repository and who reads its files; a card that was opened is found again.
  func change(_ repository: Repository, isPrivate: Bool?, gate: Gate?, by actor: String)
    async throws
  {
    try await registry.change(repository, isPrivate: isPrivate, gate: gate, by: actor)
    guard gate == .no, repository.gate != .no,
      let known = try await registry.repository(RepositoryIdentifier(repository.fullName)),
      let commit = known.branches["main"]
    else { return }
    await describeIfPossible(known.repository, commit: commit)
  }

  /// Describes what a crash left undescribed; done at every start.
  func describeTheForgotten() async throws {
    for (repository, commit) in try await registry.undescribed() {
      await describeIfPossible(repository, commit: commit)
    }
  }

  private func describe(_ snapshot: Snapshot, of repository: Repository) throws -> Description {
    var description = Description()
    var problems: [JSON] = []
    let entry = catalogueEntry(snapshot, &problems)
    let facts = try inspected(snapshot, named: repository.name) ?? entry?.facts
    let card: JSON
    if let file = snapshot.file("README.md"), file.byteCount <= settings.limits.cardBytes {
      let text = String(decoding: try readFile(blobs.path(file.digest)), as: UTF8.self)
      let parsed = CardFile(text)
      card = .object(parsed.frontMatter)
      description.body = String(parsed.body.prefix(100_000))
      problems += parsed.errors.map { .string("README.md: \($0)") }
    } else if let facts, facts.problems.isEmpty,
      let identifier = try? RepositoryIdentifier(repository.fullName)
    {
      // What the files say of themselves is better than nothing.
      let made = CardFile(generateCard(facts: facts, repository: identifier))
      card = .object(made.frontMatter)
      description.body = made.body
    } else {
      card = [:]
    }
    description.card = card
    problems += try unsafePickles(snapshot).map { .string($0) }
    if facts != nil || !problems.isEmpty {
      var object = JSON.Object()
      if case .object(let known)? = facts?.json { object = known }
      if case .array(let found)? = object["problems"] { problems = found + problems }
      object["elsewhere"] = entry?.elsewhere
      object["problems"] = .array(problems)
      description.facts = .object(object)
    }
    description.parameters = facts?.parameterCount ?? parameterCount(snapshot)
    if entry != nil { description.parameters = nil }
    description.configuration = try configuration(snapshot, facts)
    if let entry { description.configuration = entry.configuration }
    description.library =
      card["library_name"]?.string ?? facts?.library.rawValue
      ?? (snapshot.file("config.json") == nil ? nil : "transformers")
    description.task = card["pipeline_tag"]?.string ?? facts?.task
    description.tags = tags(card, facts, snapshot, description)
    description.facets = Facets(
      description, facts: entry == nil ? facts : nil, entry: entry,
      fileBytes: weightBytes(snapshot))
    return description
  }

  /// The entry of a catalogue, where a repository holds one and no adapter of its own.
  private func catalogueEntry(_ snapshot: Snapshot, _ problems: inout [JSON]) -> CatalogueEntry? {
    guard snapshot.file("adapter_config.json") == nil,
      let file = snapshot.file(CatalogueEntry.fileName),
      file.byteCount <= SafeYAML.sizeLimit
    else { return nil }
    do {
      return try CatalogueEntry(
        String(decoding: try readFile(blobs.path(file.digest)), as: UTF8.self))
    } catch let failure as YAMLFailure {
      let place = failure.line.map { ":\($0)" } ?? ""
      problems.append(
        .string("\(CatalogueEntry.fileName)\(place): \(escaped(failure.message, limit: 300))"))
    } catch {
      problems.append(.string("\(CatalogueEntry.fileName) cannot be read"))
    }
    return nil
  }

  /// Bytes of an adapter's files of numbers, of each kind of file one: safetensors or pickles.
  private func weightBytes(_ snapshot: Snapshot) -> Int {
    func bytes(_ ending: String) -> Int {
      snapshot.files.filter { $0.path.hasSuffix(ending) && !$0.path.contains("/") }
        .reduce(0) { $0 + $1.byteCount }
    }
    let safe = bytes(".safetensors")
    return safe > 0 ? safe : bytes(".bin")
  }

  /// What the function that knows adapters says about a commit's files; nil for no adapter.
  private func inspected(_ snapshot: Snapshot, named name: String) throws -> AdapterFacts? {
    let files = snapshot.files.filter { !$0.path.contains("/") }
    guard files.contains(where: { $0.path == "adapter_config.json" }) else { return nil }
    // Nothing the size of a base model belongs to an adapter; the rest is not needed to know one.
    let wanted = files.filter { $0.byteCount <= 1 << 30 && !$0.path.hasPrefix(".") }
    // Some adapters have no other name than their folder's.
    let place = "\(settings.dataFolder)/incoming/inspect-\(UInt64.random(in: 0 ... .max))"
    let folder = "\(place)/\(name)"
    try makeFolder(folder)
    defer { try? removeFolder(place) }
    Crash.point("inspection")
    for file in wanted { try linkOrCopy(blobs.path(file.digest), to: "\(folder)/\(file.path)") }
    do {
      return try inspect(folder)
    } catch {
      // The folder's name means nothing to those who read this.
      let text = "\(error)".replacingOccurrences(of: "\(folder)/", with: "")
        .replacingOccurrences(of: folder, with: "the adapter")
      let isPEFT = text.contains("peft_type")
      return AdapterFacts(
        library: isPEFT ? .peft : .adapters, name: "", method: "", problems: [text])
    }
  }

  /// How many numbers a base model consists of, by the headers of its files; nil for no model.
  private func parameterCount(_ snapshot: Snapshot) -> Int? {
    guard snapshot.file("config.json") != nil else { return nil }
    let files = snapshot.files.filter {
      $0.path.hasSuffix(".safetensors") && !$0.path.contains("/")
    }
    guard !files.isEmpty else { return nil }
    return files.reduce(0) { sum, file in
      let tensors = try? TensorFile(safetensors: blobs.path(file.digest)).tensors
      return sum + (tensors?.values.reduce(0) { $0 + $1.count } ?? 0)
    }
  }

  /// What is wrong with files that Python would unpickle; they are read, never opened as such.
  private func unsafePickles(_ snapshot: Snapshot) throws -> [String] {
    let endings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dat"]
    return try snapshot.files.filter { file in
      endings.contains { file.path.lowercased().hasSuffix($0) }
    }.prefix(1000).compactMap { file in
      let scan = try PickleScan(file: blobs.path(file.digest))
      if let name = scan.unexpected.first {
        return
          "\(file.path): refers to \(escaped(name, limit: 100)), which may run code when Python "
          + "opens the file"
      }
      return scan.problem.map { "\(file.path): \($0)" }
    }
  }

  /// The parts of configuration files that clients ask the hub for.
  private func configuration(_ snapshot: Snapshot, _ facts: AdapterFacts?) throws -> JSON {
    var configuration = JSON.Object()
    func read(_ path: String) -> JSON? {
      guard let file = snapshot.file(path), file.byteCount <= 4 << 20 else { return nil }
      return try? JSON(parsing: readFile(blobs.path(file.digest)), path: path)
    }
    if let config = read("config.json") {
      for key in ["model_type", "architectures", "id2label"] { configuration[key] = config[key] }
    }
    if let config = read("adapter_config.json") {
      if config["peft_type"] != nil {
        configuration["peft"] = [
          "base_model_name_or_path": config["base_model_name_or_path"] ?? .null,
          "task_type": config["task_type"] ?? .null,
        ]
      } else {
        // One is read by the Python library's list, the other by its look-up of one.
        let names: JSON = [
          "model_name": config["model_name"] ?? .null, "model_type": config["model_type"] ?? .null,
          "model_class": config["model_class"] ?? .null, "name": config["name"] ?? .null,
        ]
        configuration["adapters"] = names
        configuration["adapter_transformers"] = names
        if configuration["model_type"] == nil { configuration["model_type"] = config["model_type"] }
      }
    }
    return .object(configuration)
  }

  private func tags(
    _ card: JSON, _ facts: AdapterFacts?, _ snapshot: Snapshot, _ description: Description
  ) -> [String] {
    var tags: Set<String> = []
    func texts(_ key: String) -> [String] {
      switch card[key] {
      case .string(let text)?: [text]
      case .array(let values)?: values.compactMap(\.string)
      default: []
      }
    }
    tags.formUnion(texts("tags"))
    tags.formUnion(texts("language"))
    if let library = description.library { tags.insert(library) }
    if let task = description.task { tags.insert(task) }
    for license in texts("license") { tags.insert("license:\(license)") }
    for data in texts("datasets") { tags.insert("dataset:\(data)") }
    var bases = texts("base_model")
    if bases.isEmpty, let base = facts?.baseModel { bases = [base] }
    for base in bases {
      tags.insert("base_model:\(base)")
      if facts != nil { tags.insert("base_model:adapter:\(base)") }
    }
    if let facts {
      switch facts.library {
      case .adapters: tags.formUnion(["adapters", "adapter-transformers"])
      case .peft: tags.insert("peft")
      }
      for method in facts.methodNames { tags.insert("method:\(method)") }
      if let type = facts.modelType { tags.insert(type) }
    }
    // The library calls itself by two names; whoever looks for one means both.
    if tags.contains("adapter-transformers") || tags.contains("adapters") {
      tags.formUnion(["adapters", "adapter-transformers"])
    }
    for file in snapshot.files {
      if file.path.hasSuffix(".safetensors") { tags.insert("safetensors") }
      if file.path.hasSuffix(".bin") { tags.insert("pytorch") }
    }
    for identifier in arxivIdentifiers(description.body) { tags.insert("arxiv:\(identifier)") }
    if case .object(let object)? = description.facts,
      case .array(let problems)? = object["problems"],
      problems.contains(where: { $0.string?.contains("may run code") ?? false })
    {
      tags.insert("unsafe")
    }
    return tags.filter { !$0.isEmpty && $0.utf8.count <= 200 }.sorted()
  }
}

/// The papers that a text links to.
private func arxivIdentifiers(_ text: String) -> Set<String> {
  var found: Set<String> = []
  for part in text.components(separatedBy: "arxiv.org/").dropFirst().prefix(20) {
    let rest = part.drop { $0 != "/" }.dropFirst()
    let identifier = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let digits = identifier.hasSuffix(".") ? identifier.dropLast() : identifier
    if digits.count >= 9, digits.contains(".") { found.insert(String(digits)) }
  }
  return found
}

extension JSON {
  /// The text, where this is one.
  var string: String? { if case .string(let text) = self { text } else { nil } }
}
