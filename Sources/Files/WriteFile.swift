#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes a file so that a crash at any moment leaves the old one or the new one, whole.
///
/// temporary file beside it → write → fsync → close → rename → fsync of the folder. Any failure
/// removes the temporary file and leaves the old one as it was.
public func writeAtomically(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
  try writeAtomically(to: path) { try $0.write(bytes) }
}

/// Writes a file atomically; see `writeAtomically(_:to:)`.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws {
  try bytes.withUnsafeBytes { try writeAtomically($0, to: path) }
}

/// Writes a text as UTF-8, atomically; see `writeAtomically(_:to:)`.
public func writeAtomically(_ text: String, to path: String) throws {
  try writeAtomically(Array(text.utf8), to: path)
}

/// Writes a note that can be made anew: whole or not there for every process, but a power cut may
/// take it.
///
/// Bringing something to the disk costs a hundred times what writing it does.
package func noteAtomically(_ text: String, to path: String) throws {
  let temporary = "\(path).tmp-\(uniqueSuffix())"
  do {
    let file = try Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL)
    try Array(text.utf8).withUnsafeBytes { try file.writeAll($0) }
    try renameFile(temporary, to: path)
  } catch {
    unlink(temporary)
    throw error
  }
}

/// Writes a file atomically, piece by piece, so that it need not be in memory as a whole.
///
/// A link stays, and what it leads to is replaced. What is no file is not: a device or a pipe that
/// was renamed over would be gone for every program.
public func writeAtomically(to path: String, _ body: (borrowing FileWriter) throws -> Void) throws {
  let destination = try destination(path, isFolder: false)
  let temporary = "\(destination).tmp-\(uniqueSuffix())"
  // The message names what the caller asked for, not the temporary file.
  let file: Descriptor
  do throws(any Error) {
    file = try Descriptor(temporary, O_RDWR | O_CREAT | O_EXCL)
  } catch let failure as FileFailure {
    throw FileFailure(path, failure.problem, hint: failure.hint ?? "is the folder there?")
  }
  do {
    let writer = FileWriter(file: file)
    try body(writer)
    try writer.finish()
    try renameFile(temporary, to: destination)
  } catch {
    unlink(temporary)
    guard let failure = error as? FileFailure, [temporary, destination].contains(failure.path)
    else { throw error }
    throw FileFailure(path, at: failure.place, failure.problem, hint: failure.hint)
  }
  try synchronizeFolder(parent(of: destination))
}

/// What the body of `writeAtomically(to:_:)` writes into.
public struct FileWriter: ~Copyable {
  fileprivate let file: Descriptor

  public func write(_ bytes: UnsafeRawBufferPointer) throws { try file.writeAll(bytes) }

  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// The file a second time, for an owner who writes to it while the body runs.
  func duplicate() throws -> Descriptor {
    let number = dup(file.number)
    guard number >= 0 else { throw FileFailure(file.path, systemError: "cannot be opened again") }
    return Descriptor(number: number, path: file.path)
  }

  fileprivate consuming func finish() throws {
    try file.synchronize()
    try file.closeChecked()
  }
}

/// Writes a folder of files so that a crash at any moment leaves the old one or the new one.
///
/// The body fills the folder, which has a temporary name while it does. A folder that is there is
/// replaced as a whole; a link to one stays, and leads to the new one.
public func writeFolderAtomically(
  _ path: String, _ body: (_ temporary: String) throws -> Void
) throws {
  let path = withoutTrailingSlashes(path)
  let destination = try destination(path, isFolder: true)
  let temporary = "\(destination).tmp-\(uniqueSuffix())"
  guard mkdir(temporary, 0o777) == 0 else {
    throw FileFailure(path, systemError: "cannot be created")
  }
  do {
    try body(temporary)
    try synchronizeTree(temporary)
    try replaceFolder(destination, by: temporary)
  } catch {
    removeTree(temporary)
    guard let failure = error as? FileFailure, failure.path.hasPrefix(temporary) else {
      throw error
    }
    // The message names what the caller asked for, not the temporary folder.
    throw FileFailure(
      path + failure.path.dropFirst(temporary.count), at: failure.place, failure.problem,
      hint: failure.hint)
  }
  try synchronizeFolder(parent(of: destination))
}

/// What is to be replaced at a path: the path itself, or what it leads to as a link.
///
/// - Throws: `FileFailure` for a folder where a file is to be, and the reverse, and for what is
///   neither: devices, pipes, sockets.
private func destination(_ path: String, isFolder: Bool) throws -> String {
  guard !path.utf8.contains(0) else { throw FileFailure(path, "a path cannot hold a NUL") }
  var status = stat()
  if stat(path, &status) == 0 {
    let type = status.st_mode & S_IFMT
    guard type == (isFolder ? S_IFDIR : S_IFREG) else {
      let found =
        switch type {
        case S_IFDIR: "a folder"
        case S_IFREG: "a file"
        default: "a device, a pipe or a socket"
        }
      throw FileFailure(
        path, "is \(found), expected \(isFolder ? "a folder" : "a file")",
        hint: "choose another name: this one would be replaced")
    }
  }
  // As many links as Linux itself follows.
  var path = path
  for _ in 0..<40 {
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
    let target = try linkTarget(path)
    path = target.hasPrefix("/") ? target : "\(parent(of: path))/\(target)"
  }
  throw FileFailure(path, "is a link in a circle")
}

private func linkTarget(_ path: String) throws -> String {
  let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
    guard let base = buffer.baseAddress else { return }
    filled = max(
      0,
      readlink(
        path, UnsafeMutableRawPointer(base).assumingMemoryBound(to: CChar.self), buffer.count))
  }
  guard !bytes.isEmpty else { throw FileFailure(path, systemError: "cannot be followed") }
  return String(decoding: bytes, as: UTF8.self)
}

/// Moves a new folder into the place of an old one, if there is one.
private func replaceFolder(_ path: String, by temporary: String) throws {
  guard fileExists(path) else { return try renameFile(temporary, to: path) }
  if exchange(path, temporary) { return removeTree(temporary) }
  // A rename cannot replace a folder that is not empty, so the old one steps aside first.
  let old = "\(path).old-\(uniqueSuffix())"
  try renameFile(path, to: old)
  do {
    try renameFile(temporary, to: path)
  } catch {
    try renameFile(old, to: path)
    throw error
  }
  removeTree(old)
}

/// Lets two folders change places at once; false where the system cannot.
private func exchange(_ a: String, _ b: String) -> Bool {
  #if os(Linux)
    // Swift's Glibc does not show it, the library has had it since 2.28.
    typealias Function =
      @convention(c) (
        Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
      ) -> Int32
    guard let symbol = dlsym(nil, "renameat2") else { return false }
    let (here, exchanging): (Int32, UInt32) = (-100, 2)  // AT_FDCWD, RENAME_EXCHANGE
    return unsafeBitCast(symbol, to: Function.self)(here, a, here, b, exchanging) == 0
  #else
    return false
  #endif
}

package func renameFile(_ source: String, to destination: String) throws {
  guard rename(source, destination) == 0 else {
    throw FileFailure(destination, systemError: "cannot be put in place")
  }
}

package func synchronizeFolder(_ path: String) throws {
  let folder = try Descriptor(path, O_RDONLY)
  try folder.synchronize()
}

/// Brings every file and folder below a folder to the disk, the folder itself last.
private func synchronizeTree(_ path: String) throws {
  let entry = try Descriptor(path, O_RDONLY)
  if try entry.status().isFolder {
    for name in try namesInFolder(path) { try synchronizeTree("\(path)/\(name)") }
  }
  try entry.synchronize()
}

/// Removes a folder that was made here, as far as that succeeds: what is left harms nobody.
private func removeTree(_ path: String) {
  guard unlink(path) != 0 else { return }
  for name in (try? namesInFolder(path)) ?? [] { removeTree("\(path)/\(name)") }
  rmdir(path)
}

/// Makes a folder, with those it lies in, where it is not there yet.
public func makeFolder(_ path: String) throws {
  guard !path.isEmpty, !fileExists(path) else { return }
  try makeFolder(parent(of: path))
  guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
    throw FileFailure(path, systemError: "cannot be created")
  }
}

/// Removes a folder and all that is in it; one that is not there is fine.
///
/// - Throws: `FileFailure` when something is left.
public func removeFolder(_ path: String) throws {
  guard fileExists(path) else { return }
  removeTree(path)
  guard !fileExists(path) else { throw FileFailure(path, "cannot be removed") }
}

package func uniqueSuffix() -> String {
  "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
}
