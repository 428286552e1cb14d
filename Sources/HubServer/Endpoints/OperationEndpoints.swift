/// For those who run the hub: is it well, what does it do, what can be asked of it.
internal import Files
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

let operationEndpoints = [
  Endpoint(
    .get, "/healthz", .anyone, "Whether the process answers", answer: "text/plain",
    { _ in .text("ok\n") }),
  Endpoint(
    .get, "/readyz", .anyone, "Whether requests should be sent here", answer: "text/plain", ready),
  Endpoint(
    .get, "/metrics", .inspectHub, "Counters and gauges for Prometheus", answer: "text/plain",
    metrics),
  Endpoint(
    .get, "/api/openapi.json", .anyone, "This description",
    { call in .json(openAPI(allEndpoints(), baseURL: call.baseURL)) }),
  Endpoint(
    .get, "/api/audit", .inspectHub, "What was done by whom",
    query: [
      ("after", "integer", "The id after which to begin"),
      ("limit", "integer", "How many rows, 1000 at most"),
    ], audit),
  // Newer clients ask this once a day.
  Endpoint(
    .get, "/api/agent-harnesses", .anyone, "None",
    { _ in .json(["standardEnvVars": [], "harnesses": [:]]) }),
  Endpoint(
    .get, "/api/telemetry/{rest...}", .anyone, "Nothing is collected", answer: "text/plain",
    { _ in .text("") }),
]

private func ready(_ call: Call) async throws -> Response {
  guard !call.hub.isDraining.load(ordering: .relaxed) else {
    return .text("draining\n", .serviceUnavailable)
  }
  do {
    try await call.registry.isAnswering()
    return .text("ready\n")
  } catch {
    return .text("the database does not answer\n", .serviceUnavailable)
  }
}

private func metrics(_ call: Call) async throws -> Response {
  let counts = try await call.registry.counts()
  return .text(
    call.hub.metrics.text([
      ("repositories", "Repositories there are.", Double(counts.repositories)),
      ("accounts", "Users and organisations.", Double(counts.accounts)),
      (
        "stored_bytes", "Bytes of the files that repositories hold, each counted once.",
        Double(counts.storedBytes)
      ),
    ]), type: "text/plain; version=0.0.4; charset=utf-8")
}

private func audit(_ call: Call) async throws -> Response {
  let after = try call.query.integer("after") ?? 0
  let limit = try min(max(1, call.query.integer("limit") ?? 100), 1000)
  return .json(.array(try await call.registry.auditLog(after: Int64(after), limit: limit)))
}
