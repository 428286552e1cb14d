/// The things a registry knows, as values.
internal import Files
internal import Foundation
internal import GRDB
internal import HubClient

/// A user or an organisation.
struct Account: Sendable, Equatable {
  enum Kind: String, Sendable { case user, organisation = "org" }

  let id: Int64
  let name: String
  let kind: Kind
  let fullName: String
  let email: String?
  let isAdministrator: Bool
  let createdAt: Moment
}

/// What a member of an organisation may do in it.
///
/// A contributor may create repositories, and write to those alone.
enum Role: String, Sendable, CaseIterable, Comparable {
  case read, contributor, write, admin

  static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What a caller may do with a repository; each includes those before it.
enum Level: Int, Sendable, Comparable {
  case nothing, read, write, admin

  static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
}

/// Who must be let in before files can be read.
enum Gate: String, Sendable { case no, auto, manual }

struct Repository: Sendable, Equatable {
  let id: Int64
  let ownerID: Int64
  let owner: String
  let name: String
  let creatorID: Int64?
  let isPrivate: Bool
  let gate: Gate
  let createdAt: Moment
  let updatedAt: Moment
  let downloads: Int
  let downloadsOfAllTime: Int
  let likes: Int
  let trending: Double
  let usedBytes: Int

  var fullName: String { "\(owner)/\(name)" }
}

/// A name that leads to a commit: a branch, which moves, or a tag, which does not.
struct Revision: Sendable, Equatable {
  enum Kind: String, Sendable { case branch, tag }

  let kind: Kind
  let name: String
  let commit: String
}

/// A file as a commit holds it.
struct StoredFile: Sendable, Equatable {
  let path: String
  /// Git's name of the content: of the pointer, for a large file.
  let name: String
  /// The SHA-256 of the content itself.
  let digest: String
  let byteCount: Int
  /// Kept by LFS in git's terms.
  let isLarge: Bool

  /// What a download's `ETag` is: the content's SHA-256 for large files, git's name for others.
  var entityTag: String { isLarge ? digest : name }
}

/// A moment in milliseconds since 1970.
struct Moment: Sendable, Equatable, Comparable {
  let milliseconds: Int64

  init(milliseconds: Int64) { self.milliseconds = milliseconds }
  init(_ date: Date = Date()) { milliseconds = Int64(date.timeIntervalSince1970 * 1000) }

  static func < (a: Moment, b: Moment) -> Bool { a.milliseconds < b.milliseconds }

  var seconds: Int { Int(milliseconds / 1000) }
  var day: Int { seconds / 86_400 }

  /// As the protocol writes it: `2026-11-24T09:30:00.000Z`.
  var text: String {
    let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    // The civil calendar from days, counted in eras of 400 years that begin in March.
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(padded(year, 4))-\(padded(civilMonth, 2))-\(padded(day, 2))T"
      + "\(padded(rest / 3_600_000, 2)):\(padded(rest / 60_000 % 60, 2)):"
      + "\(padded(rest / 1000 % 60, 2)).\(padded(rest % 1000, 3))Z"
  }
}

extension Account {
  init(_ row: Row) {
    self.init(
      id: row["id"], name: row["name"], kind: Kind(rawValue: row["kind"]) ?? .user,
      fullName: row["full_name"], email: row["email"], isAdministrator: row["is_administrator"],
      createdAt: Moment(milliseconds: row["created_at"]))
  }
}

extension Repository {
  /// The columns that `init(_:)` reads, of tables named r and o.
  static let columns = """
    r.id, r.owner_id, o.name AS owner, r.name, r.creator_id, r.is_private, r.gated, r.created_at, \
    r.updated_at, r.downloads, r.downloads_all_time, r.likes, r.trending, r.used_bytes
    """

  init(_ row: Row) {
    self.init(
      id: row["id"], ownerID: row["owner_id"], owner: row["owner"], name: row["name"],
      creatorID: row["creator_id"], isPrivate: row["is_private"],
      gate: Gate(rawValue: row["gated"]) ?? .no,
      createdAt: Moment(milliseconds: row["created_at"]),
      updatedAt: Moment(milliseconds: row["updated_at"]), downloads: row["downloads"],
      downloadsOfAllTime: row["downloads_all_time"], likes: row["likes"],
      trending: row["trending"], usedBytes: row["used_bytes"])
  }
}
