#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The bytes of a file, or of a pipe to its end.
///
/// A file over the limit is refused before anything is allocated for it.
public func readFile(_ path: String, limit: Int = 1 << 31) throws -> [UInt8] {
  let file = try Descriptor(path, O_RDONLY)
  let status = try file.status()
  guard !status.isFolder else { throw FileFailure(path, "is a folder, expected a file") }
  guard status.size <= limit else {
    throw FileFailure(path, "is \(byteCount(status.size)) long, the limit is \(limit)")
  }
  // One more than the size, so that the end is seen without growing; pipes and /proc say 0.
  var bytes: [UInt8] = []
  var room = max(status.size + 1, 4096)
  while true {
    let count = bytes.count
    let wanted = room
    let chunk = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let got = try file.read(into: rest)
        guard got > 0 else { return }
        filled += got
      }
    }
    if count == 0 { bytes = chunk } else { bytes += chunk }
    guard bytes.count <= limit else {
      throw FileFailure(path, "is longer than the limit of \(byteCount(limit))")
    }
    if chunk.count < wanted { return bytes }
    room = min(bytes.count, 1 << 26)
  }
}

/// A file in memory without a copy of its own: pages are read when they are touched.
///
/// Map only what nobody cuts short in place: if another process does, reading ends the program
/// (SIGBUS). Files that are replaced by a rename, as everything here writes them, are safe.
public final class MappedFile: Sendable {
  public let path: String
  private nonisolated(unsafe) let base: UnsafeRawPointer?
  private let count: Int

  public init(_ path: String) throws {
    self.path = path
    let file = try Descriptor(path, O_RDONLY)
    let status = try file.status()
    guard status.isRegular else { throw FileFailure(path, "is not a regular file") }
    count = status.size
    guard count > 0 else {
      base = nil
      return
    }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.number, 0),
      address != MAP_FAILED
    else { throw FileFailure(path, systemError: "cannot be mapped into memory") }
    base = UnsafeRawPointer(address)
  }

  /// The whole file, valid as long as this object lives.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Lets the system take back the memory of pages that lie within a range of the file; they are read
  /// again when needed.
  func releasePages(_ range: Range<Int>) {
    guard let base else { return }
    let page = Int(getpagesize())
    let start = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard end > start else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }
}
