/// All endpoints, and which of them a request is for.
internal import HTTPTypes

struct EndpointTable: Sendable {
  let endpoints: [Endpoint]
  /// By the first part of the path where that is fixed, so that few are tried.
  private let byFirstPart: [String: [Endpoint]]
  private let others: [Endpoint]

  init(_ endpoints: [Endpoint]) {
    self.endpoints = endpoints
    var byFirstPart: [String: [Endpoint]] = [:]
    var others: [Endpoint] = []
    for endpoint in endpoints {
      if case .literal(let first)? = endpoint.pattern.parts.first {
        byFirstPart[first, default: []].append(endpoint)
      } else {
        others.append(endpoint)
      }
    }
    self.byFirstPart = byFirstPart
    self.others = others
  }

  enum Match {
    case endpoint(Endpoint, values: [String: String])
    /// The path is right, the method is not; these would be.
    case otherMethods([HTTPRequest.Method])
    case none
  }

  /// Finds the endpoint of a request; one for GET answers HEAD too.
  func match(_ method: HTTPRequest.Method, _ path: [String]) -> Match {
    let candidates = path.first.flatMap { byFirstPart[$0] } ?? others
    var allowed: [HTTPRequest.Method] = []
    // `alice/refs` is rather a repository than the `refs` of a repository `alice`.
    for repositoryParts in [2, 1] {
      for endpoint in candidates where repositoryParts == 2 || endpoint.pattern.hasRepository {
        guard let values = endpoint.pattern.match(path, repositoryParts: repositoryParts) else {
          continue
        }
        if endpoint.method == method || (method == .head && endpoint.method == .get) {
          return .endpoint(endpoint, values: values)
        }
        allowed.append(endpoint.method)
      }
      if !allowed.isEmpty { break }
    }
    if allowed.contains(.get), !allowed.contains(.head) { allowed.append(.head) }
    return allowed.isEmpty ? .none : .otherMethods(allowed)
  }
}
