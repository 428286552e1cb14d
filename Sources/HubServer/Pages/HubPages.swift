/// Administration: how the hub is, what it holds, what was done, and work in the background.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import HubClient
internal import Hummingbird
internal import Synchronization

let hubPages = [
  Endpoint(page: "/hub", .inspectHub, "How the hub is", overview),
  Endpoint(page: "/hub/storage", .inspectHub, "What takes up room", storage),
  Endpoint(page: "/hub/audit", .inspectHub, "What was done by whom", auditLog),
  Endpoint(page: "/hub/jobs", .inspectHub, "Work in the background") { jobsPage($0) },
  Endpoint(form: "/hub/jobs", .administerHub, "Start a check or a sweep", startJob),
]

// MARK: - Overview

private func overview(_ call: Call) async throws -> Response {
  let counts = try await call.registry.counts()
  let summary = call.hub.metrics.summary
  let settings = call.hub.settings
  let isAnswering = (try? await call.registry.isAnswering()) != nil
  let isDraining = call.hub.isDraining.load(ordering: .relaxed)
  let disk = try? FileManager.default.attributesOfFileSystem(forPath: settings.dataFolder)
  let free = (disk?[.systemFreeSize] as? NSNumber)?.intValue
  let whole = (disk?[.systemSize] as? NSNumber)?.intValue
  var values: [String: Any] = [
    "isOverview": true, "isHealthy": isAnswering && !isDraining, "isDraining": isDraining,
    "repositories": grouped(counts.repositories), "accounts": grouped(counts.accounts),
    "stored": byteText(counts.storedBytes), "uptime": durationText(summary.uptimeSeconds),
    "requests": grouped(summary.requests), "failures": grouped(summary.failures),
    "hasFailures": summary.failures > 0, "inFlight": grouped(summary.inFlight),
    "commits": grouped(summary.commits), "sent": byteText(summary.sentBytes),
    "received": byteText(summary.receivedBytes), "median": millisecondText(summary.median),
    "slow": millisecondText(summary.slow), "version": hubVersion,
    "statuses": summary.statuses.map { ["status": $0.status, "count": grouped($0.count)] },
    "settings": settingRows(settings),
  ]
  if let free, let whole, whole > 0 {
    values["disk"] =
      [
        "free": byteText(free), "whole": byteText(whole), "used": "\((whole - free) * 100 / whole)",
        "isLow": free < whole / 20,
      ] as [String: Any]
  }
  return Page("Administration", "hub", values, problem: nil).response(call)
}

/// How the hub was set up, without anything that is a secret.
private func settingRows(_ settings: ServerSettings) -> [[String: String]] {
  let limits = settings.limits
  let rates = settings.rates
  return [
    ("data", settings.dataFolder), ("host", "\(settings.host):\(settings.port)"),
    ("public-url", settings.publicURL ?? "as each request says"),
    ("trusted-proxy", settings.trustedProxies.joined(separator: ", ")),
    ("sign-up", settings.signUp.rawValue),
    ("regular-limit", byteText(limits.regularBytes)), ("file-limit", byteText(limits.fileBytes)),
    ("quota", limits.quotaBytes.map(byteText) ?? "none"),
    (
      "rate-limit",
      rates.isLimited
        ? "\(rates.calls) calls, \(rates.files) files in \(rates.windowSeconds) seconds" : "none"
    ),
    ("drain-seconds", "\(settings.drainSeconds)"), ("part-size", byteText(settings.partBytes)),
    ("log-level", settings.logLevel), ("log-format", settings.logsJSON ? "json" : "text"),
  ].map { ["name": $0.0, "value": $0.1.isEmpty ? "none" : $0.1] }
}

/// The version of the hub, and of the program that it is a part of.
public let hubVersion = "0.1.0"

private func durationText(_ seconds: Double) -> String {
  let minutes = Int(seconds) / 60
  if minutes < 60 { return "\(minutes) min" }
  if minutes < 48 * 60 { return "\(minutes / 60) h \(minutes % 60) min" }
  return "\(minutes / 1440) days"
}

private func millisecondText(_ seconds: Double?) -> String {
  guard let seconds else { return "over 10 s" }
  let milliseconds = seconds * 1000
  return "≤ \(milliseconds < 10 ? "\(milliseconds)" : "\(Int(milliseconds))") ms"
}

// MARK: - Storage

private func storage(_ call: Call) async throws -> Response {
  let repositories = try await call.registry.largestRepositories(limit: 25)
  let owners = try await call.registry.largestOwners(limit: 25)
  let largest = max(1, repositories.first?.usedBytes ?? 1)
  let fallback = call.hub.settings.limits.quotaBytes
  return Page(
    "Storage", "hub-storage",
    [
      "isStorage": true, "hasRepositories": !repositories.isEmpty,
      "repositories": repositories.map { repository in
        [
          "name": repository.fullName, "size": byteText(repository.usedBytes),
          "isPrivate": repository.isPrivate,
          "share": "\(repository.usedBytes * 100 / largest)",
          "updated": repository.updatedAt.values,
        ] as [String: Any]
      },
      "owners": owners.map { account, details in
        var values: [String: Any] = [
          "name": account.name, "size": byteText(details.usedBytes),
          "count": grouped(details.repositoryCount),
        ]
        if let quota = details.quotaBytes ?? fallback {
          values["quota"] = byteText(quota)
          values["part"] = "\(min(100, quota > 0 ? details.usedBytes * 100 / quota : 100))"
        }
        return values
      },
    ], problem: nil
  ).response(call)
}

// MARK: - Audit log

private func auditLog(_ call: Call) async throws -> Response {
  let limit = 100
  var filter = AuditFilter()
  filter.actor = try call.query.text("actor")
  filter.action = try call.query.text("action")
  filter.subject = try call.query.text("subject")
  filter.before = try call.query.integer("before").map(Int64.init)
  let rows = try await call.registry.auditPage(filter, limit: limit + 1)
  let items = [("actor", filter.actor), ("action", filter.action), ("subject", filter.subject)]
    .filter { !$0.1.isEmpty }.map { "\($0.0)=\(percentEncoded($0.1))" }
  var values: [String: Any] = [
    "isAudit": true, "actor": filter.actor, "action": filter.action, "subject": filter.subject,
    "isFiltered": !items.isEmpty, "isLater": filter.before != nil, "hasRows": !rows.isEmpty,
    "query": items.joined(separator: "&"),
    "rows": rows.prefix(limit).map { row in
      [
        "id": String(row.id), "time": row.time.values, "actor": row.actor, "action": row.action,
        "subject": row.subject, "detail": row.detail == "{}" ? "" : row.detail,
      ] as [String: Any]
    },
  ]
  if rows.count > limit, let last = rows.prefix(limit).last {
    values["older"] = (items + ["before=\(last.id)"]).joined(separator: "&")
  }
  if call.query["check"] != nil {
    let broken = try await call.registry.brokenAuditRow()
    values["check"] = broken == nil ? "The log is whole: every row fits the one before it." : nil
    values["broken"] = broken.map {
      "The log was changed: row \($0) does not fit the one before it."
    }
  }
  return Page("Audit log", "hub-audit", values, problem: nil).response(call)
}

// MARK: - Jobs

private let jobNames = [
  "check": "Quick check", "deep-check": "Deep check", "dry-sweep": "Trial sweep", "sweep": "Sweep",
]

private func jobsPage(_ call: Call, problem: Problem? = nil) -> Response {
  let job = call.hub.jobs.current
  var page = Page("Jobs", "hub-jobs", ["isJobs": true], problem: problem)
  if let job {
    let isRunning = job.endedAt == nil
    let end = job.endedAt ?? Moment()
    page.values["job"] =
      [
        "name": job.name, "actor": job.actor, "started": job.startedAt.values,
        "isRunning": isRunning, "isGood": job.isGood, "isBad": !isRunning && !job.isGood,
        "seconds": "\((end.milliseconds - job.startedAt.milliseconds) / 1000)",
        "lines": job.lines.prefix(1000).joined(separator: "\n"),
      ] as [String: Any]
    // Looks again by itself, with or without a script.
    if isRunning { page.headers[.refresh] = "2" }
    page.values["isBusy"] = isRunning
  }
  return page.response(call)
}

private func startJob(_ call: Call, _ form: Query) async throws -> Response {
  let hub = call.hub
  return try await orShownAgain({ jobsPage(call, problem: $0) }) {
    let job = form["job"] ?? ""
    guard let name = jobNames[job] else { throw Problem.unprocessable("There is no such job") }
    let hours = Double(form["hours"] ?? "24") ?? -1
    guard (0...100_000).contains(hours) else {
      throw Problem.unprocessable("The grace time is a number of hours, 0 or more")
    }
    try hub.jobs.start(name, by: call.caller.name) {
      switch job {
      case "check": try await hub.check(isDeep: false)
      case "deep-check": try await hub.check(isDeep: true)
      default:
        try await hub.collectGarbage(graceSeconds: hours * 3600, isDryRun: job == "dry-sweep")
      }
    }
    try await call.registry.note("hub.job", subject: job, by: call.caller.name)
    return .seeOther("/hub/jobs")
  }
}

extension HTTPField.Name {
  static let refresh = Self("Refresh").orAccept
}
