/// What this hub has not, said plainly: data sets, spaces, discussions and pull requests.
internal import Files
internal import HTTPTypes
internal import Hummingbird

let discussionEndpoints =
  [
    // Libraries look for a conversion's pull request; that there is none is a good answer.
    Endpoint(
      .get, "/api/models/{repo}/discussions", .seeRepository, "Discussions: there are none",
      { _ in .json(["discussions": [], "count": 0, "start": 0, "numClosedDiscussions": 0]) }),
    Endpoint(
      .post, "/api/models/{repo}/discussions", .seeRepository, "Not in this hub",
      { _ in throw Problem.noDiscussions }),
    Endpoint(
      .get, "/api/models/{repo}/discussions/{rest...}", .seeRepository, "Not in this hub",
      { _ in throw Problem.notFound("This hub has no discussions and no pull requests") }),
    Endpoint(
      .post, "/api/models/{repo}/discussions/{rest...}", .seeRepository, "Not in this hub",
      { _ in throw Problem.noDiscussions }),
    Endpoint(
      .get, "/api/models/{repo}/xet-write-token/{revision}", .seeRepository, "Not in this hub",
      { _ in throw Problem.noXet }),
    Endpoint(
      .get, "/api/models/{repo}/xet-read-token/{revision}", .seeRepository, "Not in this hub",
      { _ in throw Problem.noXet }),
    Endpoint(
      .get, "/api/datasets", .anyone, "Data sets: there are none", { _ in .json([]) }),
    Endpoint(.get, "/api/spaces", .anyone, "Spaces: there are none", { _ in .json([]) }),
  ]
  + ["datasets", "spaces"].flatMap { type in
    [HTTPRequest.Method.get, .post, .put, .delete].flatMap { method in
      ["/api/\(type)/{id}/{rest...}", "/\(type)/{id}/{rest...}"].map { pattern in
        Endpoint(method, pattern, .anyone, "Not in this hub") { _ in
          throw Problem(
            .notFound,
            "This hub holds models and adapters, no \(type)",
            code: "RepoNotFound")
        }
      }
    }
  }

extension Problem {
  fileprivate static let noDiscussions = Problem(
    .notFound, "This hub has no discussions and no pull requests: commit to a branch")
  fileprivate static let noXet = Problem(
    .notFound,
    "This hub does not speak Xet: set HF_HUB_DISABLE_XET=1 to send files of this size by LFS")
}
