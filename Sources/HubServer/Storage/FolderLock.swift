/// One process at a time for a data folder.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Holds the lock of a data folder as long as it lives; the system frees it when the process ends.
///
/// SQLite up to 3.51.2 can damage a database that two processes write at once, and a sweep in one
/// would not know what another is uploading.
final class FolderLock: Sendable {
  private let number: Int32

  /// - Throws: `FolderInUse` where another process holds it.
  init(_ folder: String) throws {
    let path = "\(folder)/lock"
    number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard number >= 0 else {
      throw FileFailure(
        path, "cannot be opened: \(String(cString: strerror(errno)))",
        hint: "check who owns the data folder and its permissions")
    }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(number)
      guard reason == EWOULDBLOCK else {
        throw FileFailure(path, "cannot be locked: \(String(cString: strerror(reason)))")
      }
      throw FolderInUse(folder: folder)
    }
  }

  deinit { close(number) }
}

/// Another process has the data folder open: a hub that runs.
public struct FolderInUse: Error, CustomStringConvertible {
  public let folder: String
  public var description: String {
    "\(escaped(folder)): another process uses this data folder (a hub that runs?)"
  }
}
