/// Whether something could be written, learned before the work whose result it is.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Makes the folder that `path` will lie in, and writes and removes a file there.
///
/// - Throws: ``FileFailure`` naming the folder, when an hour's training could not be saved in it.
public func checkWritable(beside path: String) throws {
  let folder = parent(of: path)
  try makeFolder(folder)
  let probe = "\(folder)/.adapterhub-\(getpid())"
  do {
    try writeAtomically([], to: probe)
  } catch let failure as FileFailure {
    throw FileFailure(folder, failure.problem, hint: "choose another --output")
  }
  unlink(probe)
}
