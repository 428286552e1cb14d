import Foundation
import Testing

@testable import HubServer

/// Whether the git program is here, to compare with.
private let hasGit = FileManager.default.isExecutableFile(atPath: "/usr/bin/git")

@Suite struct `Git's names` {
  @Test func `of contents are git's`() {
    #expect(GitObject.name("blob", []) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    #expect(
      GitObject.name("blob", Array("hello\n".utf8)) == "ce013625030ba8dba906f756967f9e9ca394464a")
    #expect(GitTree([]).root == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
  }

  @Test(.enabled(if: hasGit)) func `of trees and commits are those that git computes`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "git-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Names around a slash sort in an order of their own.
    let paths = ["README.md", "a-b/x", "a.txt", "a/b", "a/c/d", "a0", "sub/é.txt", "z"]
    var files: [(path: String, name: String)] = []
    for path in paths {
      let url = folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(path.utf8).write(to: url)
      files.append((path, GitObject.name("blob", Array(path.utf8))))
    }
    func git(_ arguments: String...) throws -> String {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/git")
      process.arguments = ["-C", folder.path] + arguments
      process.environment = [
        "GIT_AUTHOR_NAME": "alice", "GIT_AUTHOR_EMAIL": "alice@users.noreply",
        "GIT_COMMITTER_NAME": "alice", "GIT_COMMITTER_EMAIL": "alice@users.noreply",
        "GIT_AUTHOR_DATE": "1764000000 +0000", "GIT_COMMITTER_DATE": "1764000000 +0000",
      ]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
    _ = try git("init", "--quiet")
    _ = try git("add", "--all")
    let tree = GitTree(files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
    #expect(try git("write-tree") == tree.root)
    #expect(
      try git("commit-tree", tree.root, "-m", "Title", "-m", "More.")
        == GitCommit(
          tree: tree.root, parent: nil, author: "alice", time: 1_764_000_000, title: "Title",
          message: "More."
        ).name)
    #expect(tree.folders.keys.sorted() == ["", "a", "a-b", "a/c", "sub"])
  }

  @Test func `of a folder lead back to what it holds`() throws {
    let name = GitObject.name("blob", [1])
    let tree = GitTree([("a/b", name), ("c", name)])
    let root = try #require(tree.objects[tree.root])
    let entries = GitTree.entries(root)
    #expect(entries.map(\.name) == ["a", "c"])
    #expect(entries.map(\.isFolder) == [true, false])
    #expect(entries[1].object == name)
  }
}
