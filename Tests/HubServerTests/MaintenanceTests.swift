import Crypto
import Files
import Foundation
import GRDB
import HTTPTypes
import HubClient
import HummingbirdTesting
import Testing

@testable import HubServer

func SHA256Digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

@Suite struct `A hub's data` {
  /// All files below the blobs' folder.
  private func blobs(_ hub: TestHub) throws -> Int {
    var count = 0
    try hub.core.blobs.forEach { _, _, _ in count += 1 }
    return count
  }

  @Test func `is swept of what nothing refers to, and of nothing else`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("kept")
      try await call.create("gone")
      try await call.commit(["a": "shared", "b": "kept"], to: "alice/kept")
      try await call.commit(["a": "shared", "b": "gone", "sub/c": "gone too"], to: "alice/gone")
      _ = try await call(.delete, "/api/repos/delete", body: #"{"name": "gone"}"#)
    }
    #expect(try blobs(hub) == 4)
    _ = try await hub.core.collectGarbage(graceSeconds: 3600, isDryRun: false)
    #expect(try blobs(hub) == 4)
    _ = try await hub.core.collectGarbage(graceSeconds: -1, isDryRun: true)
    #expect(try blobs(hub) == 4)
    _ = try await hub.core.collectGarbage(graceSeconds: -1, isDryRun: false)
    #expect(try blobs(hub) == 2)
    #expect(try await hub.core.check(isDeep: true).isGood)
    try await hub.serve { call in
      #expect(try await call(.get, "/alice/kept/resolve/main/b").text == "kept")
      // The same content again, after it was swept.
      try await call.create("again")
      try await call.commit(["b": "gone"], to: "alice/again")
    }
    #expect(try await hub.core.check(isDeep: true).isGood)
  }

  @Test func `loses its history, and its old files, when it is squashed`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      try await call.commit(["a": "old"], to: "alice/demo")
      try await call.commit(["a": "new"], to: "alice/demo")
      let squashed = try await call(
        .post, "/api/models/alice/demo/super-squash/main", body: #"{"message": "one"}"#)
      #expect(squashed.status == .ok)
      #expect(
        try await call(.get, "/api/models/alice/demo/commits/main").json.elements.count == 1)
    }
    _ = try await hub.core.collectGarbage(graceSeconds: -1, isDryRun: false)
    #expect(try blobs(hub) == 1)
    #expect(try await hub.core.check(isDeep: true).isGood)
  }

  @Test func `is backed up and restored as it was`() async throws {
    let hub = try await TestHub()
    let commit = try await hub.serve { call in
      try await call.create("demo", isPrivate: true)
      return try await call.commit(["a": "content", "README.md": "# Title"], to: "alice/demo")
    }
    let backup = "\(hub.folder)-backup"
    defer { try? FileManager.default.removeItem(atPath: backup) }
    _ = try await hub.core.backUp(to: backup)
    await #expect(throws: FileFailure.self) { try await hub.core.backUp(to: backup) }
    #expect(try verifyBackup(backup).contains("2 blobs"))

    let other = try await TestHub()
    await #expect(throws: FileFailure.self) {
      try await other.core.restore(from: backup, isReplacing: false)
    }
    _ = try await other.core.restore(from: backup, isReplacing: true)
    #expect(try await other.core.check(isDeep: true).isGood)
    try await other.serve { call in
      // Tokens came with it, so those of before do no more.
      #expect(try await call(.get, "/api/whoami-v2").status == .unauthorized)
      let file = try await call(
        .get, "/alice/demo/resolve/\(commit)/a", as: hub.tokens["alice"])
      #expect(file.text == "content")
    }

    // One bit, anywhere.
    let contents = try HubCore.checkedBackup(backup)
    let victim = contents[0].digest
    let path =
      "\(backup)/blobs/\(victim.prefix(2))/\(victim.dropFirst(2).prefix(2))/\(victim)"
    var bytes = try readFile(path)
    bytes[0] ^= 1
    try FileManager.default.removeItem(atPath: path)
    try writeAtomically(bytes, to: path)
    #expect(throws: FileFailure.self) { try verifyBackup(backup) }
  }

  @Test func `is checked to the last byte`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      try await call.commit(["a": "content"], to: "alice/demo")
    }
    #expect(try await hub.core.check(isDeep: true).isGood)
    let path = hub.core.blobs.path(hexadecimal(SHA256Digest("content")))
    try writeAtomically("contenT", to: path)
    #expect(try await !hub.core.check(isDeep: true).isGood)
    #expect(try await hub.core.check(isDeep: false).isGood)
    try writeAtomically("conten", to: path)
    #expect(try await !hub.core.check(isDeep: false).isGood)
    try FileManager.default.removeItem(atPath: path)
    #expect(try await !hub.core.check(isDeep: false).isGood)
  }

  @Test(arguments: [
    "UPDATE audit SET actor = 'bob' WHERE id = 2", "DELETE FROM audit WHERE id = 2",
    "UPDATE commits SET title = 'other'", "UPDATE trees SET content = x'00' WHERE length(content)",
    "PRAGMA foreign_keys = OFF; DELETE FROM commits WHERE parent IS NOT NULL",
  ])
  func `cannot be changed unseen`(_ statement: String) async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      try await call.commit(["a": "content"], to: "alice/demo")
    }
    let registry = try #require(hub.core.registry as? Registry)
    try await registry.pool.writeWithoutTransaction { database in
      try database.execute(sql: statement)
      try database.execute(sql: "PRAGMA foreign_keys = ON")
    }
    let answer = try await hub.core.check(isDeep: true)
    #expect(!answer.isGood)
  }

  @Test func `belongs to one process at a time`() async throws {
    let hub = try await TestHub()
    #expect(throws: FolderInUse.self) { try FolderLock(hub.folder) }
  }

  /// A file of each older layout, with a user and a token in it.
  @Test(arguments: 1..<Schema.steps.count)
  func `of an older program is brought to the newest layout, after a copy`(_ version: Int)
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "old-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let token = makeToken()
    do {
      let old = try DatabaseQueue(path: "\(folder)/hub.sqlite")
      try await old.write { database in
        for step in Schema.steps[..<version] { try database.execute(sql: step) }
        try database.execute(sql: "PRAGMA user_version = \(version)")
        try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        try database.execute(
          sql: "INSERT INTO accounts (id, name, kind, created_at) VALUES (1, 'alice', 'user', 0)")
        try database.execute(
          sql: """
            INSERT INTO tokens (account_id, name, hash, prefix, scope, created_at)
            VALUES (1, 't', ?, 'ahk_', 'write', 0)
            """, arguments: [hashOfToken(token)])
      }
      try old.close()
    }
    let hub = try Hub(
      ServerSettings(dataFolder: folder),
      inspect: { _ in AdapterFacts(library: .adapters, name: "a", method: "lora") })
    let registry = hub.core.registry
    let alice = try #require(try await registry.caller(token: token)?.account)
    #expect(alice.name == "alice")
    // What is new is there, and what was is left.
    let session = try await registry.makeSession(for: alice, client: "browser", address: "::1")
    #expect(try await registry.caller(session: session)?.account == alice)
    _ = try await registry.makeRepository("r", owner: alice, creator: alice, isPrivate: false)
    #expect(try await registry.list(ListQuery(), for: .anyone).repositories.count == 1)
    #expect(try await hub.core.check(isDeep: true).isGood)
    let copies = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/backups")
    #expect(copies.count == 1)
    let copy = try DatabaseQueue(path: "\(folder)/backups/\(copies[0])")
    let kept = try await copy.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    #expect(kept == version)
  }

  @Test func `of a newer program, or of another, is left alone`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID())").path
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let queue = try DatabaseQueue(path: "\(folder)/hub.sqlite")
    try await queue.write { try $0.execute(sql: "CREATE TABLE other (x)") }
    try queue.close()
    var settings = ServerSettings(dataFolder: folder)
    settings.logLevel = "error"
    #expect(throws: FileFailure.self) { try Hub(settings) { _ in throw CancellationError() } }
  }
}
