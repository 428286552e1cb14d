import Files
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import HubServer

@Suite struct `A repository over HTTP` {
  @Test func `is made once, described, moved and deleted`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      let again = try await call(.post, "/api/repos/create", body: #"{"name": "demo"}"#)
      #expect(again.status == .conflict)
      #expect(again.json["url"]?.string == "http://hub.test/alice/demo")
      let info = try await call(.get, "/api/models/alice/demo", as: nil)
      #expect(info.json["id"]?.string == "alice/demo")
      #expect(info.json["private"] == false)

      let move = try await call(
        .post, "/api/repos/move", body: #"{"fromRepo": "alice/demo", "toRepo": "alice/other"}"#)
      #expect(move.status == .ok)
      let old = try await call(.get, "/api/models/alice/demo/tree/main?recursive=true")
      #expect(old.status == .temporaryRedirect)
      #expect(
        old.headers[.location] == "/api/models/alice/other/tree/main?recursive=true")

      let foreign = try await call(
        .delete, "/api/repos/delete", as: "bob", body: #"{"name": "alice/other"}"#)
      #expect(foreign.status == .forbidden)
      let gone = try await call(
        .delete, "/api/repos/delete", body: #"{"name": "other", "organization": "alice"}"#)
      #expect(gone.status == .ok)
      let after = try await call(.get, "/api/models/alice/other")
      #expect(after.status == .notFound)
      #expect(after.headers[.errorCode] == "RepoNotFound")
      // The name is free again.
      try await call.create("other")
    }
  }

  @Test func `of somebody else stays unseen while it is private`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("secret", isPrivate: true)
      try await call.commit(["README.md": "# hidden words", "a.txt": "x"], to: "alice/secret")
      for user in [nil, "bob"] as [String?] {
        for path in [
          "/api/models/alice/secret", "/alice/secret/resolve/main/a.txt",
          "/api/models/alice/secret/tree/main", "/api/models/alice/secret/refs",
        ] {
          let response = try await call(.get, path, as: user)
          #expect(response.status == (user == nil ? .unauthorized : .notFound))
          #expect(response.headers[.errorCode] == "RepoNotFound")
          // The same as for what is not there at all.
          let none = try await call(
            .get, path.replacingOccurrences(of: "secret", with: "nothing"), as: user)
          #expect(none.status == response.status)
        }
        for query in ["search=hidden", "author=alice", ""] {
          #expect(try await call(.get, "/api/models?\(query)", as: user).json.elements.isEmpty)
        }
      }
      #expect(try await call(.get, "/api/models?search=hidden").json.elements.count == 1)
      #expect(try await call(.get, "/api/models", as: "admin").json.elements.count == 1)
    }
  }
}

@Suite struct `A file over HTTP` {
  @Test func `comes with all that clients check`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      let commit = try await call.commit(
        ["a/b c.txt": "0123456789", "empty": ""], to: "alice/demo")
      let path = "/alice/demo/resolve/main/a/b%20c.txt"
      let tag = "\"\(GitObject.name("blob", Array("0123456789".utf8)))\""
      for method in [HTTPRequest.Method.get, .head] {
        let response = try await call(method, path, as: nil)
        #expect(response.status == .ok)
        #expect(response.headers[.repositoryCommit] == commit)
        #expect(response.headers[.eTag] == tag)
        #expect(response.headers[.contentLength] == "10")
        #expect(response.headers[.acceptRanges] == "bytes")
        #expect(response.text == (method == .get ? "0123456789" : ""))
      }
      let part = try await call(.get, path, headers: [.range: "bytes=4-"])
      #expect(part.status == .partialContent)
      #expect(part.headers[.contentRange] == "bytes 4-9/10")
      #expect(part.text == "456789")
      // Another content than the one that was begun: from the start.
      let other = try await call(.get, path, headers: [.range: "bytes=4-", .ifRange: "\"x\""])
      #expect(other.status == .ok)
      let beyond = try await call(.get, path, headers: [.range: "bytes=10-"])
      #expect(beyond.status == .rangeNotSatisfiable)
      #expect(beyond.headers[.contentRange] == "bytes */10")
      let same = try await call(.get, path, headers: [.ifNoneMatch: "W/\(tag)"])
      #expect(same.status == .notModified)
      #expect(try await call(.get, "/alice/demo/resolve/\(commit)/empty").text == "")

      let missing = try await call(.head, "/alice/demo/resolve/main/none")
      #expect(missing.status == .notFound)
      #expect(missing.headers[.errorCode] == "EntryNotFound")
      #expect(missing.headers[.repositoryCommit] == commit)
      let revision = try await call(.head, "/alice/demo/resolve/nowhere/none")
      #expect(revision.headers[.errorCode] == "RevisionNotFound")
    }
  }
}

@Suite struct `A commit over HTTP` {
  @Test func `lands once, however often it is sent`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      let first = try await call.commit(["a": "1"], to: "alice/demo")
      let second = try await call.commit(["a": "2"], to: "alice/demo", parent: first)
      // The answer was lost: the same request again, with its parent and without.
      #expect(try await call.commit(["a": "2"], to: "alice/demo", parent: first) == second)
      #expect(try await call.commit(["a": "2"], to: "alice/demo") == second)
      let stale = try await call(
        .post, "/api/models/alice/demo/commit/main", body: commitLines(["a": "3"], parent: first))
      #expect(stale.status == .preconditionFailed)
      let history = try await call(.get, "/api/models/alice/demo/commits/main")
      #expect(history.json.elements.compactMap { $0["id"]?.string }.prefix(2) == [second, first])
      #expect(history.json.elements.count == 3)
    }
  }

  @Test func `of a broken card is refused and leaves nothing`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      for body in [
        commitLines(["../x": "1"]), "{}", "", commitLines(["a": "1"]) + #"{"key": "file", "#,
        #"{"key":"file","value":{"path":"a","content":"QQ=="}}"#,
        #"{"key":"header","value":{}}"# + "\n"
          + #"{"key":"lfsFile","value":{"path":"a","oid":"\#(String(repeating: "0", count: 64))","size":1}}"#,
      ] {
        let response = try await call(.post, "/api/models/alice/demo/commit/main", body: body)
        #expect((400..<500).contains(response.status.code), "\(body)")
      }
      let tree = try await call(.get, "/api/models/alice/demo/tree/main")
      #expect(tree.json.elements.isEmpty)
      let foreign = try await call(
        .post, "/api/models/alice/demo/commit/main", as: "bob", body: commitLines(["a": "1"]))
      #expect(foreign.status == .forbidden)
    }
    #expect(try await hub.core.check(isDeep: true).isGood)
    #expect(try namesInFolder("\(hub.folder)/incoming").isEmpty)
  }

  @Test func `goes to a branch of its own until it is merged`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      try await call.create("demo")
      let main = try await call.commit(["a": "1"], to: "alice/demo")
      #expect(try await call(.post, "/api/models/alice/demo/branch/feature%2Fx").status == .ok)
      #expect(
        try await call(.post, "/api/models/alice/demo/branch/feature%2Fx").status == .conflict)
      let landed = try await call(
        .post, "/api/models/alice/demo/commit/feature%2Fx", body: commitLines(["b": "2"]))
      #expect(landed.status == .ok)
      #expect(
        try await call(.get, "/api/models/alice/demo").json["sha"]?.string == main)
      let tag = try await call(
        .post, "/api/models/alice/demo/tag/feature%2Fx", body: #"{"tag": "v1"}"#)
      #expect(tag.status == .ok)
      #expect(try await call(.get, "/alice/demo/resolve/v1/b").text == "2")
      #expect(try await call(.delete, "/api/models/alice/demo/branch/main").status == .forbidden)
      #expect(
        try await call(.delete, "/api/models/alice/demo/branch/feature%2Fx").status == .ok)
      #expect(try await call(.get, "/alice/demo/resolve/v1/b").text == "2")
    }
  }
}

@Suite struct `A large file over HTTP` {
  @Test(arguments: [1000, 7]) func `comes whole or in parts`(_ partBytes: Int) async throws {
    let hub = try await TestHub {
      $0.partBytes = partBytes
      $0.limits.regularBytes = 10
    }
    let content = "forty bytes, more or less, of a large file"
    let digest = hexadecimal(SHA256Digest(content))
    try await hub.serve { call in
      try await call.create("demo")
      let ask =
        #"{"operation":"upload","transfers":["basic","multipart"],"objects":[{"oid":"\#(digest)","size":\#(content.utf8.count)}]}"#
      let batch = try await call(.post, "/alice/demo.git/info/lfs/objects/batch", body: ask)
      let object = try #require(batch.json["objects"]?.elements.first)
      func path(_ json: JSON?) throws -> String {
        String(try #require(json?.string).dropFirst("http://hub.test".count))
      }
      let action = object["actions"]?["upload"]
      if partBytes < content.utf8.count {
        #expect(batch.json["transfer"] == "multipart")
        let bytes = Array(content.utf8)
        for start in stride(from: 0, to: bytes.count, by: partBytes) {
          let part = String(
            decoding: bytes[start..<min(start + partBytes, bytes.count)], as: UTF8.self)
          let target = try path(action?["header"]?[String(start / partBytes + 1)])
          let sent = try await call(.put, target, as: nil, body: part)
          #expect(sent.status == .ok)
          #expect(sent.headers[.eTag] != nil)
        }
        let done = try await call(
          .post, try path(action?["href"]), as: nil, body: #"{"oid":"","parts":[]}"#)
        #expect(done.status == .ok)
      } else {
        let target = try path(action?["href"])
        let wrong = try await call(
          .put, target, as: nil, body: String(repeating: "x", count: content.utf8.count))
        #expect(wrong.status == .unprocessableContent)
        #expect(try await call(.put, target, as: nil, body: "short").status == .badRequest)
        let forged = target.replacingOccurrences(of: "signature=", with: "signature=0")
        #expect(try await call(.put, forged, as: nil, body: content).status == .forbidden)
        #expect(try await call(.put, target, as: nil, body: content).status == .ok)
      }
      let verify = try await call(
        .post, "/alice/demo.git/info/lfs/verify",
        body: #"{"oid":"\#(digest)","size":\#(content.utf8.count)}"#)
      #expect(verify.status == .ok)
      let commit = try await call(
        .post, "/api/models/alice/demo/commit/main",
        body: #"{"key":"header","value":{"summary":"large"}}"# + "\n"
          + #"{"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"\#(digest)","size":\#(content.utf8.count)}}"#
      )
      #expect(commit.status == .ok)
      let file = try await call(.get, "/alice/demo/resolve/main/w.bin", as: nil)
      #expect(file.text == content)
      #expect(file.headers[.linkedEntityTag] == "\"\(digest)\"")
      // Now it is there, and is not asked for again; in another repository it is.
      let known = try await call(.post, "/alice/demo.git/info/lfs/objects/batch", body: ask)
      #expect(known.json["objects"]?.elements.first?["actions"] == nil)
      try await call.create("copy", as: "bob")
      let other = try await call(
        .post, "/bob/copy.git/info/lfs/objects/batch", as: "bob", body: ask)
      #expect(other.json["objects"]?.elements.first?["actions"]?["upload"] != nil)
      let stolen = try await call(
        .post, "/api/models/bob/copy/commit/main", as: "bob",
        body: #"{"key":"header","value":{"summary":"steal"}}"# + "\n"
          + #"{"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"\#(digest)","size":\#(content.utf8.count)}}"#
      )
      #expect(stolen.status == .unprocessableContent)
    }
    #expect(try await hub.core.check(isDeep: true).isGood)
  }
}

@Suite struct `A list over HTTP` {
  @Test func `comes in pages that miss and repeat nothing`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      for index in 0..<25 {
        try await call.create("r\(index)")
        try await call.commit(
          ["README.md": "---\ntags: [x\(index % 2)]\n---\nword\(index % 5) text"],
          to: "alice/r\(index)")
      }
      for sort in ["lastModified", "createdAt", "downloads", "likes", "trendingScore"] {
        var (seen, next): ([String], String?) = ([], "/api/models?limit=7&sort=\(sort)")
        while let path = next {
          let page = try await call(.get, path)
          #expect(page.status == .ok)
          seen += page.json.elements.compactMap { $0["id"]?.string }
          next = page.headers[.link].flatMap { link in
            link.split(separator: ">").first.map { String($0.dropFirst("<http://hub.test".count)) }
          }
        }
        #expect(Set(seen).count == 25)
        #expect(seen.count == 25)
      }
      func count(_ query: String) async throws -> Int {
        try await call(.get, "/api/models?limit=100&\(query)").json.elements.count
      }
      #expect(try await count("filter=x0") == 13)
      #expect(try await count("filter=x0&filter=x1") == 0)
      #expect(try await count("search=word3") == 5)
      #expect(try await count("search=word3%20text&filter=x1") == 3)
      #expect(try await count("author=bob") == 0)
      #expect(try await call(.get, "/api/models?sort=name").status == .badRequest)
      #expect(try await call(.get, "/api/models?cursor=zz").status == .badRequest)
    }
  }
}

@Suite struct `The interface` {
  @Test func `says which methods a path has`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      let response = try await call(.patch, "/api/models/alice/demo")
      #expect(response.status == .methodNotAllowed)
      #expect(response.headers[.allow] == "GET, HEAD")
      #expect(try await call(.get, "/nothing/is/here/at/all").status == .notFound)
      #expect(try await call(.get, "/api/datasets/a/b").status == .notFound)
      #expect(
        try await call(.post, "/api/repos/create", body: #"{"name":"x","type":"dataset"}"#).status
          == .notFound)
    }
  }

  @Test func `is described whole`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      let description = try await call(.get, "/api/openapi.json", as: nil).json
      var count = 0
      if case .object(let paths)? = description["paths"] {
        for (_, methods) in paths.members {
          if case .object(let methods) = methods { count += methods.count }
        }
      }
      #expect(count == allEndpoints().count { $0.kind == .program })
    }
  }

  @Test func `knows its tokens, and ends them`() async throws {
    let hub = try await TestHub()
    try await hub.serve { call in
      let wrong = try await call(.get, "/api/whoami-v2", as: "ahk_wrong")
      #expect(wrong.status == .unauthorized)
      #expect(
        wrong.headers[.errorMessage] == "Invalid credentials in Authorization header")
      #expect(try await call(.get, "/api/whoami-v2", as: nil).status == .unauthorized)
      let made = try await call(
        .post, "/api/settings/tokens", body: #"{"name": "ci", "scope": "read", "days": 1}"#)
      let token = try #require(made.json["token"]?.string)
      let who = try await call(.get, "/api/whoami-v2", as: token)
      #expect(who.json["auth"]?["accessToken"]?["role"] == "read")
      let write = try await call(.post, "/api/repos/create", as: token, body: #"{"name": "x"}"#)
      #expect(write.status == .forbidden)
      let list = try await call(.get, "/api/settings/tokens").json.elements
      #expect(list.count == 2)
      #expect(!list.contains { $0.text(.compact).contains(token) })
      #expect(try await call(.delete, "/api/settings/tokens/ci").status == .ok)
      #expect(try await call(.get, "/api/whoami-v2", as: token).status == .unauthorized)
    }
  }

  @Test func `says no to more requests than are allowed`() async throws {
    let hub = try await TestHub {
      $0.rates.isLimited = true
      $0.rates.calls = 3
    }
    try await hub.serve { call in
      for left in [2, 1, 0] {
        let response = try await call(.get, "/api/whoami-v2")
        #expect(response.status == .ok)
        #expect(response.headers[.rateLimit]?.hasPrefix("\"api\";r=\(left);t=") ?? false)
      }
      let refused = try await call(.get, "/api/whoami-v2")
      #expect(refused.status == .tooManyRequests)
      #expect(Int(refused.headers[.retryAfter] ?? "") != nil)
      #expect(refused.headers[.rateLimit]?.hasPrefix("\"api\";r=0;t=") ?? false)
      // Others are not concerned, and health is always told.
      #expect(try await call(.get, "/api/whoami-v2", as: "bob").status == .ok)
      #expect(try await call(.get, "/healthz").status == .ok)
    }
  }
}
