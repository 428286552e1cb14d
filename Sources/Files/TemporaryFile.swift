#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file that is written under a name of its own and then put in place, or disappears.
///
/// For what arrives piece by piece and is worth keeping only when all of it came. Writing blocks, so
/// the owner decides on which thread it happens.
package final class TemporaryFile {
  package let path: String
  package private(set) var byteCount = 0
  private var descriptor: Descriptor?
  private var isPlaced = false

  /// Creates an empty file with a new name in a folder.
  ///
  /// - Throws: `FileFailure` where the folder is not there or cannot be written to.
  package init(in folder: String) throws {
    path = "\(folder)/adapterhub.tmp-\(uniqueSuffix())"
    descriptor = try Descriptor(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
  }

  deinit { if !isPlaced { unlink(path) } }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    try descriptor?.writeAll(bytes)
    byteCount += bytes.count
  }

  /// Brings the content to the disk and the file to its name; after this a crash cannot lose it.
  ///
  /// What has the name already is replaced in one step. The folders on the way are made.
  package func place(at destination: String) throws {
    guard !isPlaced, descriptor != nil else { return }
    try descriptor?.synchronize()
    try descriptor.take()?.closeChecked()
    let folder = parent(of: destination)
    try makeFolderDurably(folder)
    guard rename(path, destination) == 0 else {
      throw FileFailure(destination, systemError: "cannot be put in place")
    }
    isPlaced = true
    try synchronizeFolder(folder)
  }
}

/// A file that is open for reading, at any place and by any thread.
package final class ReadableFile: Sendable {
  package let path: String
  /// In bytes, when it was opened.
  package let byteCount: Int
  private let file: Descriptor

  package init(_ path: String) throws {
    self.path = path
    file = try Descriptor(path, O_RDONLY)
    byteCount = try file.status().size
  }

  /// Fills a buffer from a place in the file; how much was read, 0 at the end.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try file.read(into: buffer, at: offset)
  }

  /// Hands over the whole file, piece by piece.
  ///
  /// - Throws: ``FileFailure`` for a file that became shorter; what the body throws.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var buffer = [UInt8](repeating: 0, count: min(1 << 20, byteCount))
    var offset = 0
    while offset < byteCount {
      let count = try buffer.withUnsafeMutableBytes { try read(at: offset, into: $0) }
      guard count > 0 else { throw FileFailure(path, "became shorter while it was read") }
      try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += count
    }
  }
}

/// Makes a folder that a crash does not lose, with those it lies in.
package func makeFolderDurably(_ path: String) throws {
  guard !path.isEmpty, !fileExists(path) else { return }
  let outer = parent(of: path)
  try makeFolderDurably(outer)
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
    throw FileFailure(path, systemError: "cannot be created")
  }
  try synchronizeFolder(outer)
}

/// Removes a file; one that is not there is fine.
package func removeFile(_ path: String) throws {
  guard unlink(path) == 0 || errno == ENOENT else {
    throw FileFailure(path, systemError: "cannot be removed")
  }
}

/// Gives a file a second name, or a copy where the file system cannot.
package func linkOrCopy(_ source: String, to destination: String) throws {
  guard link(source, destination) != 0 else { return }
  let file = try ReadableFile(source)
  try writeAtomically(to: destination) { writer in
    try file.forEachPiece { try writer.write($0) }
  }
}

/// Gives a folder its final name; after this a crash cannot lose it.
package func moveDurably(_ source: String, to destination: String) throws {
  guard rename(source, destination) == 0 else {
    throw FileFailure(destination, systemError: "cannot be put in place")
  }
  try synchronizeFolder(parent(of: destination))
}
