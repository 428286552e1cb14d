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
