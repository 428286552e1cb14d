#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An input that can be read from its beginning more than once: a file, or a copy of what a pipe gave.
///
/// The copy is a file without a name, which is gone when nobody reads it any more.
public final class RereadableInput: Sendable {
  private let path: String?
  private let copy: Int32

  /// - Parameter path: a file; nil or `-` for standard input, which is read to its end.
  /// - Throws: ``FileFailure`` for a file that cannot be opened, or no room for a copy.
  public init(_ path: String?) throws {
    let isStandardInput = path == nil || path == "-"
    self.path = isStandardInput ? nil : path
    let file =
      try isStandardInput ? Descriptor(duplicating: STDIN_FILENO) : Descriptor(path ?? "", O_RDONLY)
    guard try !file.status().isRegular || isStandardInput else {
      copy = -1
      return
    }
    var name = Array("\(temporaryFolder())/adapterhub-XXXXXX".utf8CString)
    let number = mkstemp(&name)
    guard number >= 0 else {
      throw FileFailure(temporaryFolder(), systemError: "no file can be made in it")
    }
    unlink(name)
    copy = number
    let target = Descriptor(number: dup(number), path: temporaryFolder())
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
      guard count > 0 else { return }
      try buffer.withUnsafeBytes {
        try target.writeAll(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
    }
  }

  deinit { if copy >= 0 { _ = close(copy) } }

  /// The lines from the beginning; whoever read them before has to be done.
  public func lines(lengthLimit: Int = LineReader.usualLengthLimit) throws -> LineReader {
    guard copy >= 0 else { return try LineReader(path, lengthLimit: lengthLimit) }
    guard lseek(copy, 0, SEEK_SET) == 0 else {
      throw FileFailure(path ?? "standard input", systemError: "cannot be read again")
    }
    return LineReader(
      Descriptor(number: dup(copy), path: path ?? "standard input"), lengthLimit: lengthLimit)
  }
}

private func temporaryFolder() -> String {
  getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
}
