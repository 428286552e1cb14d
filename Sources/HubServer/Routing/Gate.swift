/// Gated repositories: their files are for those who were let in.
internal import HTTPTypes

extension Call {
  /// Lets those read a gated repository's files who were let in.
  func checkGate() async throws {
    let repository = try repository().repository
    guard repository.gate != .no else { return }
    var writing = caller
    writing.scope = .write
    if writing.level(repository) >= .write { return }
    let name = repository.fullName
    guard let account = caller.account else {
      throw Problem(
        .unauthorized,
        "Access to model \(name) is restricted. You must have access to it and be "
          + "authenticated to access it. Please log in.", code: "GatedRepo")
    }
    if let only = caller.onlyRepository, only != repository.id {
      throw Problem(
        .forbidden,
        "Access to model \(name) is restricted, and the token is for another repository.",
        code: "GatedRepo")
    }
    switch try await registry.accessStatus(repository, account: account) {
    case "accepted": return
    case "pending":
      throw Problem(
        .forbidden,
        "Your request to access model \(name) is awaiting a review from the repo "
          + "authors.", code: "GatedRepo")
    case "rejected":
      throw Problem(
        .forbidden, "Your request to access model \(name) has been rejected by the repo's authors.",
        code: "GatedRepo")
    default:
      throw Problem(
        .forbidden,
        "Access to model \(name) is restricted and you are not in the authorized list. "
          + "Ask for access: POST \(baseURL)/api/models/\(name)/user-access-request",
        code: "GatedRepo")
    }
  }
}
