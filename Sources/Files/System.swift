#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An open file descriptor that closes itself.
///
/// Every call that the system may interrupt is
/// repeated, and every error becomes a `FileFailure` with the path and the system's own words.
package struct Descriptor: ~Copyable, Sendable {
  package let number: Int32
  package let path: String
  private var isOpen = true

  package init(_ path: String, _ flags: Int32, mode: UInt32 = 0o666) throws {
    guard !path.utf8.contains(0) else { throw FileFailure(path, "a path cannot hold a NUL") }
    var number: Int32
    repeat {
      number = open(path, flags | O_CLOEXEC, mode_t(mode))
    } while number < 0 && errno == EINTR
    guard number >= 0 else { throw FileFailure(path, systemError: "cannot be opened") }
    self.number = number
    self.path = path
  }

  /// Takes over a descriptor that is open.
  init(number: Int32, path: String) {
    self.number = number
    self.path = path
  }

  deinit { if isOpen { _ = close(number) } }

  /// Gives the number to an owner that closes it.
  consuming func release() -> Int32 {
    isOpen = false
    return number
  }

  /// Closes now and reports what went wrong: some file systems tell of a full disk only here.
  package consuming func closeChecked() throws {
    isOpen = false
    // On Linux the descriptor is gone even after EINTR, so close is never repeated.
    guard close(number) == 0 || errno == EINTR else {
      throw FileFailure(path, systemError: "cannot be closed")
    }
  }

  package func status() throws -> (size: Int, isFolder: Bool, isRegular: Bool) {
    var status = stat()
    guard fstat(number, &status) == 0 else {
      throw FileFailure(path, systemError: "cannot be examined")
    }
    let type = status.st_mode & S_IFMT
    return (Int(status.st_size), type == S_IFDIR, type == S_IFREG)
  }

  /// Fills as much of a buffer as one call gives; 0 at the end of the file.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(number, buffer.baseAddress, buffer.count)
      #elseif canImport(Musl)
        let count = Musl.read(number, buffer.baseAddress, buffer.count)
      #else
        let count = Darwin.read(number, buffer.baseAddress, buffer.count)
      #endif
      if count >= 0 { return count }
      guard errno == EINTR else { throw FileFailure(path, systemError: "cannot be read") }
    }
  }

  /// The same from a place, without moving where the next read begins.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    while true {
      let count = pread(number, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      guard errno == EINTR else { throw FileFailure(path, systemError: "cannot be read") }
    }
  }

  package func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      // A call writes 2 GiB at most anyway; asking for less keeps every platform content.
      let count = write(number, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(path, systemError: "cannot be written") }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// The same at a place, without moving where the next write goes.
  func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var (rest, offset) = (bytes, offset)
    while !rest.isEmpty {
      let count = pwrite(number, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(path, systemError: "cannot be written") }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      offset += count
    }
  }

  /// Brings what was written to the disk.
  ///
  /// Never repeated: after a failure the kernel may have
  /// dropped the pages, and a second call would report success.
  package func synchronize() throws {
    guard fsync(number) == 0 else {
      throw FileFailure(path, systemError: "cannot be brought to the disk")
    }
  }
}

extension FileFailure {
  /// A failed system call, in the system's words and with the usual cure.
  package init(_ path: String, systemError problem: String) {
    let code = errno
    let hint: String? =
      switch code {
      case ENOSPC, EDQUOT: "free some space and try again"
      case EACCES, EPERM: "check who owns it and its permissions"
      case EROFS: "the file system is mounted read-only"
      default: nil
      }
    if code == ENOENT {
      self.init(path, "no such file or folder")
    } else {
      self.init(path, "\(problem): \(String(cString: strerror(code)))", hint: hint)
      isDiskFull = code == ENOSPC || code == EDQUOT
    }
  }
}

/// The folder a path lies in.
package func parent(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Whether a file or folder is there.
public func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Whether a path leads to a file with a content of its own: no folder, pipe or device.
public func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// Whether two paths lead to one file.
public func isSameFile(_ a: String, _ b: String) -> Bool {
  var (first, second) = (stat(), stat())
  return stat(a, &first) == 0 && stat(b, &second) == 0
    && first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

/// The names in a folder, sorted, without `.` and `..`.
public func namesInFolder(_ path: String) throws -> [String] {
  guard let folder = opendir(path) else {
    throw FileFailure(path, systemError: "cannot be listed")
  }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
