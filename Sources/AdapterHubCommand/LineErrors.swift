/// Errors about a line of a file that was read before they were found.
import BaseModels
import Files

/// A line of a file.
struct LineOrigin {
  let path: String
  let line: Int

  /// What is wrong, with the line it is about.
  func failure(_ error: any Error) -> FileFailure {
    switch error {
    case let failure as FileFailure where failure.path == path: return failure
    case let failure as FileFailure:
      let parts = [failure.path, failure.place, failure.problem].compactMap(\.self)
      return FileFailure(
        path, at: "line \(line)", parts.map { escaped($0) }.joined(separator: ": "),
        hint: failure.hint)
    case let failure as InputFailure:
      return FileFailure(path, at: "line \(line)", failure.description)
    default: return FileFailure(path, at: "line \(line)", "\(error)")
    }
  }
}
