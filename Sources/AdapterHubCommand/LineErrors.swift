/// Errors about a line of a file that was read before they were found.
import BaseModels
import Files

/// A line of a file.
struct LineOrigin {
  let path: String
  let line: Int

  /// An error that says which line it is about.
  func failure(_ failure: FileFailure) -> FileFailure {
    let parts = [failure.path, failure.place, failure.problem].compactMap(\.self)
    return FileFailure(
      path, at: "line \(line)", parts.map { escaped($0) }.joined(separator: ": "),
      hint: failure.hint)
  }

  /// What a body gives, with this line in its errors.
  func naming<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let failure as FileFailure {
      throw self.failure(failure)
    } catch let failure as InputFailure {
      throw FileFailure(path, at: "line \(line)", failure.description)
    }
  }
}
