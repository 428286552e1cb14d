/// Identifiers by what an adapter does, `sentiment/sst-2@ukp`, and adapters that lie elsewhere.
internal import Files
internal import NIOHTTP1

/// An adapter that an identifier may mean, as a hub knows it.
public struct AdapterCandidate: Sendable, Equatable {
  /// An archive on another server.
  public struct File: Sendable, Equatable {
    public let version: String
    public let url: String
    public let sha256: String?
  }

  public let id: String
  public let model: String?
  public let methods: [String]
  /// Whether the hub has but an entry of it.
  public let isElsewhere: Bool
  /// Where its files are, where they are elsewhere; the one that is meant first.
  public let files: [File]

  init(_ field: Field) throws {
    id = try field.required("id").string()
    model = try field["model"]?.string()
    methods = try field["methods"]?.array().map { try $0.string() } ?? []
    isElsewhere = try field["elsewhere"]?.bool() ?? false
    let main = try field["default"]?.string()
    let files = try (field["files"]?.array() ?? []).map { file in
      File(
        version: try file.required("version").string(), url: try file.required("url").string(),
        sha256: try file["sha256"]?.string())
    }
    self.files = files.filter { $0.version == main } + files.filter { $0.version != main }
  }
}

extension HubClient {
  /// The adapters that an identifier may mean, those that the hub has itself first.
  ///
  /// - Parameters:
  ///   - identifier: `task/data-set@owner`, a part of that, or `@owner/name`.
  ///   - model: the base model they must be for.
  ///   - method: the method they must be of.
  /// - Returns: none where the hub knows no such adapter.
  /// - Throws: ``HubFailure``; of a hub that does not resolve identifiers too.
  public func candidates(
    for identifier: String, model: String? = nil, method: String? = nil
  ) async throws -> [AdapterCandidate] {
    var items = [("id", identifier)]
    if let model { items.append(("model", model)) }
    if let method { items.append(("config", method)) }
    let query = items.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    let request = HubRequest(.GET, api("/resolve-adapter?\(query)"), about: identifier)
    do {
      return try await decoding {
        try await transport.json(request).required("candidates").array()
          .map { try AdapterCandidate($0) }
      }
    } catch let failure as HubFailure
      where [.repositoryNotFound, .notAuthenticated].contains(failure.kind)
    {
      throw HubFailure(
        .repositoryNotFound, identifier, "\(host) does not know adapters by what they do",
        hint: "give the id, owner/name; adapterhub search WORD finds it")
    }
  }

  /// The one adapter that an identifier means.
  ///
  /// - Parameters:
  ///   - identifier: `task/data-set@owner`, a part of that, or `@owner/name`.
  ///   - model: the base model it must be for.
  /// - Returns: its id.
  /// - Throws: ``HubFailure`` where it is none, one of several, or elsewhere: then it says where.
  public func resolve(_ identifier: String, model: String? = nil) async throws -> AdapterReference {
    let candidates = try await candidates(for: identifier, model: model)
    let here = candidates.filter { !$0.isElsewhere }
    if here.count == 1 { return try AdapterReference(here[0].id) }
    guard let first = candidates.first else {
      throw HubFailure(
        .repositoryNotFound, identifier, "no adapter on \(host) goes by this",
        hint: "adapterhub search WORD finds what there is")
    }
    guard candidates.count == 1 else {
      let names = (here.isEmpty ? candidates : here).prefix(8).map { candidate in
        candidate.id + (candidate.model.map { " (on \($0))" } ?? "")
      }
      let rest = max(0, (here.isEmpty ? candidates : here).count - names.count)
      throw HubFailure(
        .repositoryNotFound, identifier,
        "may be \(names.joined(separator: ", "))" + (rest > 0 ? " or \(rest) more" : "")
          + (here.isEmpty ? "; the files of all of them are elsewhere" : ""),
        hint: "give one of these ids")
    }
    throw elsewhere(identifier, first)
  }

  /// Brings what an id or an identifier names into the cache.
  ///
  /// What looks like both is an id first.
  ///
  /// - Parameters:
  ///   - text: `owner/name[@revision]`, or an identifier.
  ///   - selection: which of its files.
  ///   - progress: is told how it goes, from any thread.
  /// - Returns: the folder, as ``pull(_:_:progress:)`` does.
  /// - Throws: ``HubFailure`` that says where an adapter is that the hub has but an entry of.
  public func pull(
    resolving text: String, _ selection: FileSelection = .needed,
    progress: @escaping @Sendable (PullEvent) -> Void = { _ in }
  ) async throws -> PulledRepository {
    let pulled: PulledRepository
    do {
      // Without an owner before the sign it can be no id.
      let reference = try text.hasPrefix("@") ? await resolve(text) : AdapterReference(text)
      pulled = try await pull(reference, selection, progress: progress)
    } catch let failure as HubFailure where failure.kind == .repositoryNotFound {
      guard text.contains("@") || text.contains("/"), !settings.isOffline else { throw failure }
      do {
        pulled = try await pull(resolve(text), selection, progress: progress)
      } catch let other as HubFailure where other.kind == .repositoryNotFound {
        // That it is no id is what most want to hear, unless it can be nothing but an identifier.
        throw other.problem.hasPrefix("may be") || !text.contains("/") ? other : failure
      }
    }
    try await refuseEntry(pulled)
    return pulled
  }

  /// Refuses a folder that holds a catalogue's entry instead of an adapter, and says where that is.
  private func refuseEntry(_ pulled: PulledRepository) async throws {
    guard fileExists("\(pulled.folder)/adapterhub.yaml"),
      !fileExists("\(pulled.folder)/adapter_config.json"),
      !fileExists("\(pulled.folder)/config.json")
    else { return }
    let candidates =
      settings.isOffline ? [] : (try? await candidates(for: "@\(pulled.repository)")) ?? []
    guard let candidate = candidates.first, candidate.isElsewhere else {
      throw HubFailure(
        .fileNotFound, "\(pulled.repository)",
        "is an entry of a catalogue: its files are elsewhere",
        hint: "\(pulled.folder)/README.md says where")
    }
    throw elsewhere("\(pulled.repository)", candidate)
  }

  private func elsewhere(_ subject: String, _ candidate: AdapterCandidate) -> HubFailure {
    guard let file = candidate.files.first else {
      return HubFailure(.fileNotFound, subject, "the files of \(candidate.id) are elsewhere")
    }
    return HubFailure(
      .fileNotFound, subject,
      "the files of \(candidate.id) are on another server: \(file.url)"
        + (file.sha256.map { ", SHA-256 \($0)" } ?? ""),
      hint: "download the archive, unpack it, and give its folder")
  }
}
