/// Gated repositories: their files are for those who were let in.
internal import HTTPTypes

/// How a caller stands before the gate of a repository.
enum GateState: Equatable, Sendable {
  /// There is no gate, or the caller was let in.
  case open
  /// Nobody is signed in.
  case unknownCaller
  /// The token is for another repository.
  case tokenOfAnother
  /// The caller has not asked yet.
  case unasked
  case pending, rejected
}

extension Call {
  func gateState() async throws -> GateState {
    let repository = try repository().repository
    guard repository.gate != .no else { return .open }
    var writing = caller
    writing.scope = .write
    if writing.level(repository) >= .write { return .open }
    guard let account = caller.account else { return .unknownCaller }
    if let only = caller.onlyRepository, only != repository.id { return .tokenOfAnother }
    switch try await registry.accessStatus(repository, account: account) {
    case "accepted": return .open
    case "pending": return .pending
    case "rejected": return .rejected
    default: return .unasked
    }
  }

  /// Lets those read a gated repository's files who were let in.
  ///
  /// - Throws: `Problem` in the words that the field's clients know.
  func checkGate() async throws {
    let state = try await gateState()
    let name = try repository().repository.fullName
    let refusal: String
    switch state {
    case .open: return
    case .unknownCaller:
      refusal =
        "Access to model \(name) is restricted. You must have access to it and be "
        + "authenticated to access it. Please log in."
    case .tokenOfAnother:
      refusal = "Access to model \(name) is restricted, and the token is for another repository."
    case .pending:
      refusal = "Your request to access model \(name) is awaiting a review from the repo authors."
    case .rejected:
      refusal = "Your request to access model \(name) has been rejected by the repo's authors."
    case .unasked:
      refusal =
        "Access to model \(name) is restricted and you are not in the authorized list. "
        + "Ask for access: POST \(baseURL)/api/models/\(name)/user-access-request"
    }
    throw Problem(state == .unknownCaller ? .unauthorized : .forbidden, refusal, code: "GatedRepo")
  }
}
