/// Making repositories, branches and tags, and having cards checked.
internal import Files
internal import NIOHTTP1

extension HubClient {
  /// Makes a repository; one that is there is fine.
  ///
  /// - Returns: whether it is new.
  @discardableResult
  public func createRepository(
    _ repository: RepositoryIdentifier, isPrivate: Bool = false
  ) async throws -> Bool {
    var body: JSON.Object = [
      "name": .string(repository.name), "private": .bool(isPrivate),
      "visibility": isPrivate ? "private" : "public",
    ]
    body["organization"] = repository.owner.map { .string($0) }
    var request = HubRequest(.POST, api("/repos/create"), about: "\(repository)")
      .sending(.object(body))
    request.expected = [409]
    return try await transport.whole(request).status != 409
  }

  /// Makes a branch where the main one is; one that is there is fine.
  public func createBranch(
    _ branch: String, of repository: RepositoryIdentifier, from revision: String? = nil
  ) async throws {
    var body: JSON.Object = [:]
    body["startingPoint"] = revision.map { .string($0) }
    var request = HubRequest(
      .POST, api("/models/\(repository)/branch/\(percentEncoded(branch))"),
      about: "\(repository)@\(branch)"
    ).sending(.object(body))
    request.expected = [409]
    _ = try await transport.whole(request)
  }

  /// Gives a revision a name that stays.
  public func createTag(
    _ tag: String, of repository: RepositoryIdentifier, at revision: String = "main",
    message: String? = nil
  ) async throws {
    var body: JSON.Object = ["tag": .string(tag)]
    body["message"] = message.map { .string($0) }
    let request = HubRequest(
      .POST, api("/models/\(repository)/tag/\(percentEncoded(revision))"),
      about: "\(repository)@\(tag)"
    ).sending(.object(body))
    _ = try await transport.whole(request)
  }

  /// What the hub finds wrong with the text of a card; a hub that does not check finds nothing.
  public func problems(ofCard text: String) async throws -> [CardProblem] {
    var request = HubRequest(.POST, api("/validate-yaml"), about: "README.md")
      .sending(["content": .string(text), "repoType": "model"])
    request.expected = [400, 404]
    let (status, bytes) = try await transport.whole(request)
    guard status != 404, let json = try? JSON(parsing: bytes, path: "validate-yaml") else {
      return []
    }
    func problems(_ key: String, isError: Bool) -> [CardProblem] {
      guard case .array(let values)? = json[key] else { return [] }
      return values.compactMap { value in
        guard case .string(let message)? = value["message"] else { return nil }
        var line: Int?
        if case .integer(let number)? = value["line"] { line = number }
        return CardProblem(message, line: line, isError: isError)
      }
    }
    return problems("errors", isError: true) + problems("warnings", isError: false)
  }
}
