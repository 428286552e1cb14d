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
}
