/// Appending to a file that only grows: a log.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes a text at a place of a file and ends the file there, durably; what was before the place
/// stays.
///
/// What a crash left behind the place is gone with the next call. A file that is not there is made.
///
/// - Throws: ``FileFailure`` also where the file is shorter than the place.
public func append(_ text: String, to path: String, at place: Int) throws {
  let file = try Descriptor(path, O_WRONLY | O_CREAT)
  guard try file.status().size >= place else {
    throw FileFailure(path, "is shorter than the \(place) bytes that were written to it")
  }
  guard ftruncate(file.number, off_t(place)) == 0, lseek(file.number, 0, SEEK_END) >= 0 else {
    throw FileFailure(path, systemError: "cannot be written")
  }
  try Array(text.utf8).withUnsafeBytes { try file.writeAll($0) }
  try file.synchronize()
  try file.closeChecked()
}
