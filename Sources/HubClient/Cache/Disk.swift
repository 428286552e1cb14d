/// Work on the disk, off the threads that must not wait.
internal import Files
internal import NIOPosix

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Runs work that waits for the disk on a thread that may.
func onDisk<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
  -> Result
{
  try await NIOThreadPool.singleton.runIfActive(body)
}

/// The length of a file that a path leads to; nil where there is no such file.
func sizeOfFile(_ path: String) -> Int? {
  var status = stat()
  guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  return Int(status.st_size)
}

/// Whether something has this name, also a link that leads nowhere.
func hasEntry(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0
}

/// What a link says; nil for what is none.
func targetOfLink(_ path: String) -> String? {
  let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
    guard let base = buffer.baseAddress else { return }
    filled = max(
      0, readlink(path, UnsafeMutableRawPointer(base).assumingMemoryBound(to: CChar.self), 4096))
  }
  return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
}

/// Makes a link, or replaces one, at once: nobody ever sees none.
func replaceLink(_ path: String, to target: String) throws {
  if targetOfLink(path) == target { return }
  let temporary = "\(path).tmp-\(uniqueSuffix())"
  guard symlink(target, temporary) == 0 else {
    throw FileFailure(path, systemError: "cannot be linked")
  }
  do {
    try renameFile(temporary, to: path)
  } catch {
    unlink(temporary)
    throw error
  }
}

/// Removes a file; one that is not there is fine.
func removeFile(_ path: String) throws {
  guard unlink(path) != 0, errno != ENOENT else { return }
  throw FileFailure(path, systemError: "cannot be removed")
}

/// Takes a lock that ends with the process; false where another holds it, nil where there are none.
func tryLock(_ descriptor: Int32) -> Bool? {
  while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
    switch errno {
    case EINTR: continue
    case EWOULDBLOCK: return false
    default: return nil
    }
  }
  return true
}

/// Cuts an open file short and goes to its beginning.
func rewindEmpty(_ descriptor: borrowing Descriptor) throws {
  guard ftruncate(descriptor.number, 0) == 0, lseek(descriptor.number, 0, SEEK_SET) == 0 else {
    throw FileFailure(descriptor.path, systemError: "cannot be begun anew")
  }
}
