/// The audit log: a chain of hashes, so that a row cannot be changed or taken out unseen.
internal import Crypto
internal import Files
internal import Foundation
internal import GRDB

extension Registry {
  /// Adds a row, within the transaction that does what it tells of.
  static func record(
    _ action: String, subject: String, by actor: String, detail: JSON = [:], _ database: Database
  ) throws {
    let before =
      try String.fetchOne(database, sql: "SELECT hash FROM audit ORDER BY id DESC LIMIT 1") ?? ""
    let time = Moment().milliseconds
    let detail = detail.text(.compactSorted)
    let hash = link(before, time: time, actor, action, subject, detail)
    try database.execute(
      sql: """
        INSERT INTO audit (time, actor, action, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?)
        """, arguments: [time, actor, action, subject, detail, hash])
    // The newest row has none behind it that would tell of it.
    try database.execute(
      sql: "INSERT OR REPLACE INTO settings (name, value) VALUES ('audit-head', ?)",
      arguments: [hash])
  }

  private static func link(
    _ before: String, time: Int64, _ actor: String, _ action: String, _ subject: String,
    _ detail: String
  ) -> String {
    // As JSON, so that no text can be moved from one part into the next.
    let row = JSON.array([
      .string(before), .integer(Int(time)), .string(actor), .string(action), .string(subject),
      .string(detail),
    ])
    return hexadecimal(SHA256.hash(data: Data(row.text(.minified).utf8)))
  }

  /// The row at which the chain breaks; nil where it is whole.
  static func brokenAuditRow(_ database: Database) throws -> Int64? {
    var before = ""
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM audit ORDER BY id")
    var expected: Int64 = 1
    while let row = try rows.next() {
      let id: Int64 = row["id"]
      let hash = link(
        before, time: row["time"], row["actor"], row["action"], row["subject"], row["detail"])
      if hash != row["hash"] || expected != id { return id }
      expected = id + 1
      before = hash
    }
    let head = try String.fetchOne(
      database, sql: "SELECT value FROM settings WHERE name = 'audit-head'")
    return head ?? "" == before ? nil : expected
  }

  /// The log's rows as JSON, oldest first.
  func auditLog(after id: Int64, limit: Int) async throws -> [JSON] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?",
        arguments: [id, limit]
      ).map { row in
        let detail: String = row["detail"]
        return [
          "id": .integer(row["id"]),
          "time": .string(Moment(milliseconds: row["time"]).text),
          "actor": .string(row["actor"]), "action": .string(row["action"]),
          "subject": .string(row["subject"]),
          "detail": (try? JSON(parsing: Array(detail.utf8), path: "audit")) ?? .null,
          "hash": .string(row["hash"]),
        ]
      }
    }
  }

  func note(_ action: String, subject: String, by actor: String) async throws {
    try await write { try Self.record(action, subject: subject, by: actor, $0) }
  }

  func brokenAuditRow() async throws -> Int64? { try await read { try Self.brokenAuditRow($0) } }

  /// A page of the log, newest first.
  func auditPage(_ filter: AuditFilter, limit: Int) async throws -> [AuditRow] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM audit WHERE id < ?1 AND (?2 = '' OR actor = ?2 COLLATE NOCASE)
            AND (?3 = '' OR action = ?3 OR substr(action, 1, length(?3) + 1) = ?3 || '.')
            AND (?4 = '' OR instr(lower(subject), lower(?4)))
          ORDER BY id DESC LIMIT ?5
          """,
        arguments: [filter.before ?? .max, filter.actor, filter.action, filter.subject, limit]
      ).map { row in
        AuditRow(
          id: row["id"], time: Moment(milliseconds: row["time"]), actor: row["actor"],
          action: row["action"], subject: row["subject"], detail: row["detail"])
      }
    }
  }
}

/// A row of the log without its hash.
struct AuditRow: Sendable, Equatable {
  let id: Int64
  let time: Moment
  let actor: String
  let action: String
  let subject: String
  /// JSON.
  let detail: String
}

/// Which rows of the log are asked for; what is empty asks for nothing.
struct AuditFilter: Sendable, Equatable {
  var actor = ""
  /// An action, or the first word of several: `token`.
  var action = ""
  var subject = ""
  /// Rows older than this one.
  var before: Int64?
}
