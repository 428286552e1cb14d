/// A hub of adapters and models, seen from here: what can be asked of it.
internal import Files
internal import NIOHTTP1

/// Speaks the protocol of the Hugging Face Hub, with any server that does.
///
/// ```swift
/// let hub = try HubClient()                       // as HF_ENDPOINT, HF_TOKEN, HF_HOME say
/// let pulled = try await hub.pull("lab/sst2")     // an id, or id@revision
/// print(pulled.folder)                            // with adapter_config.json and weights
/// ```
public struct HubClient: Sendable {
  public let settings: ClientSettings
  let transport: Transport

  public init(_ settings: ClientSettings) {
    self.settings = settings
    transport = Transport(settings: settings)
  }

  /// For the hub, the token and the cache that the environment names.
  public init() throws { self.init(try ClientSettings()) }

  /// Whose token it is.
  ///
  /// - Throws: ``HubFailure`` for a token that the hub does not know.
  public func account() async throws -> Account {
    try Account(await transport.json(HubRequest(.GET, api("/whoami-v2"), about: host)))
  }

  /// What the hub tells about a repository at a revision, with its files.
  public func info(_ reference: AdapterReference) async throws -> RepositoryInfo {
    let address = api(
      "/models/\(reference.repository)/revision/\(percentEncoded(reference.revision))?blobs=true")
    var request = HubRequest(.GET, address, about: "\(reference)")
    request.headers.add(name: "x-hf-download-counter", value: "1")
    return try await decoding { try RepositoryInfo(await transport.json(request)) }
  }

  /// The files of a repository at a revision, page by page.
  public func files(_ reference: AdapterReference) async throws -> [RepositoryFile] {
    let address = api(
      "/models/\(reference.repository)/tree/\(percentEncoded(reference.revision))"
        + "?recursive=true&expand=false")
    return try await pages(HubRequest(.GET, address, about: "\(reference)"), limit: .max) { entry in
      guard try entry.required("type").string() == "file" else { return nil }
      let large = entry["lfs"]
      return try RepositoryFile(
        path: entry.required("path"), size: large?["size"] ?? entry.required("size"),
        blobID: entry.required("oid"), largeFileID: large?["oid"] ?? large?["sha256"])
    }
  }

  /// Reads pages until there are no more, or enough.
  ///
  /// The link to the next page is followed as it is, with the token only where it stays at this
  /// hub.
  func pages<Element>(
    _ request: HubRequest, limit: Int, _ read: (Field) throws -> Element?
  ) async throws -> [Element] {
    var request = request
    var elements: [Element] = []
    // No more pages than a hub could have: a link that leads back would never end.
    for _ in 0..<10_000 {
      let (json, headers) = try await transport.answer(request)
      elements += try await decoding { try json.array().compactMap(read) }
      guard elements.count < limit, let next = nextPage(headers, of: request.address) else {
        return Array(elements.prefix(limit))
      }
      request.address = next
    }
    throw HubFailure(.damaged, request.subject, "the list has no end")
  }

  /// The address in `Link: <…>; rel="next"`.
  private func nextPage(_ headers: HTTPHeaders, of address: WebAddress) -> WebAddress? {
    for part in headers[canonicalForm: "link"] where part.contains("rel=\"next\"") {
      guard let open = part.firstIndex(of: "<"), let close = part.firstIndex(of: ">"), open < close
      else { continue }
      return address.following(String(part[part.index(after: open)..<close]))
    }
    return nil
  }

  /// An answer that is JSON but not what the protocol says is the hub's mistake.
  func decoding<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let failure as FileFailure {
      throw HubFailure(
        .damaged, failure.path,
        "the answer is not what a hub says: \(failure.place ?? "$"): \(failure.problem)",
        hint: "is this the endpoint of a hub?")
    }
  }

  func api(_ path: String) -> WebAddress { settings.endpoint.appending("/api\(path)") }

  /// The hub in messages.
  var host: String { "\(settings.endpoint)" }
}
