/// A lock between processes: held while its file is open, gone with the process that held it.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Held from its making to its end.
final class FileLock: Sendable {
  private let descriptor: Descriptor

  /// Whether the file system has locks; without them nobody may share a temporary file.
  let isReal: Bool

  private init(_ descriptor: consuming Descriptor, isReal: Bool) {
    self.descriptor = descriptor
    self.isReal = isReal
  }

  /// Waits for a lock.
  ///
  /// Asks again and again instead of blocking a thread, so that a cancelled task ends.
  static func acquire(_ path: String) async throws -> FileLock {
    var pause = Duration.milliseconds(5)
    while true {
      let lock = try await onDisk { () -> FileLock? in
        try makeFolder(parent(of: path))
        let descriptor = try Descriptor(path, O_RDWR | O_CREAT)
        switch tryLock(descriptor.number) {
        case true?: return FileLock(descriptor, isReal: true)
        case false?: return nil
        case nil: return FileLock(descriptor, isReal: false)
        }
      }
      if let lock { return lock }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(200))
    }
  }
}
