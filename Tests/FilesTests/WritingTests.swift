import Files
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes bytes without any care, which tests that write thousands of files can do without.
func overwrite(_ path: String, _ bytes: [UInt8]) throws {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  defer { close(file) }
  guard write(file, bytes, bytes.count) == bytes.count else {
    throw FileFailure(path, "cannot be written")
  }
}

@Suite struct `A file written atomically` {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `replaces the old one and leaves nothing beside it`() throws {
    let path = "\(folder.path)/a.txt"
    try writeAtomically("old", to: path)
    try writeAtomically("new text", to: path)
    #expect(try readFile(path) == Array("new text".utf8))
    #expect(try namesInFolder(folder.path) == ["a.txt"])
  }

  @Test func `leaves the old one when writing fails`() throws {
    let path = "\(folder.path)/a.txt"
    try writeAtomically("old", to: path)
    #expect(throws: FileFailure.self) {
      try writeAtomically(to: path) { file in
        try file.write(Array("half".utf8))
        throw FileFailure(path, "no more")
      }
    }
    #expect(try readFile(path) == Array("old".utf8))
    #expect(try namesInFolder(folder.path) == ["a.txt"])
  }

  @Test func `cannot be where there is no folder, or a folder has its name`() throws {
    for path in ["\(folder.path)/none/a.txt", folder.path, "/proc/adapterhub.txt", "a\0b"] {
      let failure = #expect(throws: FileFailure.self) { try writeAtomically("x", to: path) }
      #expect(failure?.path == path)
    }
  }

  @Test func `takes the place of what a link leads to`() throws {
    try writeAtomically("old", to: "\(folder.path)/a.txt")
    for (link, target) in [("near", "a.txt"), ("far", "\(folder.path)/near"), ("new", "b.txt")] {
      symlink(target, "\(folder.path)/\(link)")
      try writeAtomically(link, to: "\(folder.path)/\(link)")
    }
    #expect(try readFile("\(folder.path)/a.txt") == Array("far".utf8))
    #expect(try readFile("\(folder.path)/b.txt") == Array("new".utf8))
    #expect(try namesInFolder(folder.path) == ["a.txt", "b.txt", "far", "near", "new"])
    symlink("round", "\(folder.path)/round")
    #expect(throws: FileFailure.self) { try writeAtomically("x", to: "\(folder.path)/round") }
  }

  @Test func `never takes the place of a device or a pipe`() throws {
    let pipe = "\(folder.path)/pipe"
    mkfifo(pipe, 0o600)
    symlink("pipe", "\(folder.path)/link")
    for path in [pipe, "\(folder.path)/link"] {
      for write in [
        { try writeAtomically("x", to: $0) }, { try writeFolderAtomically($0) { _ in } },
      ] as [(String) throws -> Void] {
        let failure = #expect(throws: FileFailure.self) { try write(path) }
        #expect(failure?.path == path)
        #expect(failure?.problem.contains("a pipe") == true)
      }
    }
    var status = stat()
    #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(try namesInFolder(folder.path) == ["link", "pipe"])
  }

  @Test func `is refused over the limit, or when it is a folder`() throws {
    let path = "\(folder.path)/a.txt"
    try writeAtomically("12345", to: path)
    #expect(try readFile(path, limit: 5).count == 5)
    #expect(throws: FileFailure.self) { try readFile(path, limit: 4) }
    #expect(throws: FileFailure.self) { try readFile(folder.path) }
    #expect(throws: FileFailure.self) { try MappedFile(folder.path) }
    #expect(throws: FileFailure.self) { try readFile("/dev/zero", limit: 10_000) }
  }

  @Test(arguments: [0, 1, 4095, 4096, 4097, 1_000_000])
  func `is read as it is, mapped or not`(_ count: Int) throws {
    let path = "\(folder.path)/a.bin"
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try writeAtomically(bytes, to: path)
    #expect(try readFile(path) == bytes)
    let file = try MappedFile(path)
    withExtendedLifetime(file) { #expect([UInt8](file.bytes) == bytes) }
  }
}

@Suite struct `A folder written atomically` {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `replaces the old one as a whole`() throws {
    let path = "\(folder.path)/adapter"
    try writeFolderAtomically(path) { try writeAtomically("1", to: "\($0)/old.txt") }
    try writeFolderAtomically(path + "/") { try writeAtomically("2", to: "\($0)/new.txt") }
    #expect(try namesInFolder(path) == ["new.txt"])
    #expect(try namesInFolder(folder.path) == ["adapter"])
  }

  @Test func `takes the place of what a link leads to`() throws {
    try writeFolderAtomically("\(folder.path)/real") { try writeAtomically("1", to: "\($0)/a") }
    symlink("real", "\(folder.path)/link")
    try writeFolderAtomically("\(folder.path)/link") { try writeAtomically("2", to: "\($0)/b") }
    #expect(try namesInFolder("\(folder.path)/real") == ["b"])
    #expect(try namesInFolder(folder.path) == ["link", "real"])
  }

  @Test func `is not put in the place of a file`() throws {
    let path = "\(folder.path)/a.txt"
    try writeAtomically("old", to: path)
    #expect(throws: FileFailure.self) { try writeFolderAtomically(path) { _ in } }
    #expect(try readFile(path) == Array("old".utf8))
  }

  @Test func `leaves the old one when filling it fails`() throws {
    let path = "\(folder.path)/adapter"
    try writeFolderAtomically(path) { try writeAtomically("1", to: "\($0)/old.txt") }
    #expect(throws: FileFailure.self) {
      try writeFolderAtomically(path) {
        try writeAtomically("2", to: "\($0)/new.txt")
        throw FileFailure("x", "no more")
      }
    }
    #expect(try namesInFolder(path) == ["old.txt"])
    #expect(try namesInFolder(folder.path) == ["adapter"])
  }
}
