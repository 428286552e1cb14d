/// A file on its way into the cache: written, summed, and given its name only when it is right.
internal import Files
internal import NIOCore
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An open temporary file that only one writer has: under a lock, or by a name of its own.
final class PartialFile: Sendable {
  private struct State: ~Copyable {
    var file: Descriptor
    var digest: Digest
    var count: Int
  }

  let path: String
  private let expected: RepositoryFile
  private let state: Mutex<State>

  /// Opens a file, and sums what an interrupted transfer left in it.
  init(_ path: String, for expected: RepositoryFile) throws {
    self.path = path
    self.expected = expected
    let file = try Descriptor(path, O_RDWR | O_CREAT)
    var digest = Digest(etag: expected.etag, size: expected.size)
    var count = 0
    let size = try file.status().size
    if size > expected.size {
      try rewindEmpty(file)
    } else if size > 0 {
      try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
        while case let got = try file.read(into: buffer), got > 0 {
          digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
          count += got
        }
      }
    }
    state = Mutex(State(file: file, digest: digest, count: count))
  }

  /// How many bytes are there.
  var count: Int { state.withLock { $0.count } }

  /// Forgets everything.
  func restart() throws {
    try state.withLock { state in
      try rewindEmpty(state.file)
      state.digest = Digest(etag: expected.etag, size: expected.size)
      state.count = 0
    }
  }

  func append(_ buffers: [ByteBuffer]) throws {
    try state.withLock { state in
      for buffer in buffers {
        try buffer.withUnsafeReadableBytes { bytes in
          guard state.count + bytes.count <= expected.size else {
            throw HubFailure(
              .damaged, expected.path, "is longer than the \(expected.size) bytes announced")
          }
          try state.file.writeAll(bytes)
          state.digest.update(bytes)
          state.count += bytes.count
        }
      }
    }
  }

  /// Checks length and sum, brings the bytes to the disk, and gives them their name.
  ///
  /// - Throws: ``HubFailure`` where they are wrong; the file is removed then.
  func publish(as destination: String) throws {
    try state.withLock { state in
      guard state.count == expected.size, state.digest.hexadecimal == expected.etag else {
        try? removeFile(path)
        throw HubFailure(
          .damaged, expected.path,
          state.count == expected.size
            ? "its bytes are not those announced: their sum is \(state.digest.hexadecimal), "
              + "not \(expected.etag)"
            : "has \(state.count) bytes, \(expected.size) were announced",
          hint: "nothing was kept; try again, and tell the hub's keeper if it stays so")
      }
      try state.file.synchronize()
      try renameFile(path, to: destination)
    }
  }

  func remove() { try? removeFile(path) }
}
