/// The front page.
internal import Files
internal import Hummingbird

let homePages = [
  Endpoint(page: "/", .anyone, "The front page", home)
]

private func home(_ call: Call) async throws -> Response {
  let counts = try await call.registry.counts()
  var page = Page(
    "AdapterHub", "home",
    ["repositories": counts.repositories, "url": call.baseURL])
  page.description =
    "Keep one model in memory and an adapter for each task: explore, pull, publish."
  return page.response(call)
}
