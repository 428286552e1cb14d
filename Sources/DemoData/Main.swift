internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Makes the data of `make demo` from two packages of a public index; nothing of it is in the
/// repository.
///
///     DemoData sentiment --archive-folder DIR --output DIR
///     DemoData home --package DIR --output DIR
@main
struct Main {
  private static let usage = """
    usage: DemoData sentiment --archive-folder DIR --output DIR
           DemoData home --package DIR --output DIR

    sentiment  two classes from VADER's movie reviews (the folder hutto_ICWSM_2014)
    home       intents and slots from the sentence templates of home-assistant-intents
    """

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      switch arguments.first {
      case "sentiment":
        guard let (input, output) = folders(arguments, "--archive-folder") else { stop(64, usage) }
        try report(output, makeSentiment(from: input))
      case "home":
        guard let (input, output) = folders(arguments, "--package") else { stop(64, usage) }
        try report(output, makeHome(from: input))
      default: stop(64, usage)
      }
    } catch {
      stop(1, "error: \(error)")
    }
  }

  /// The two folders, which may come in either order.
  private static func folders(_ arguments: [String], _ input: String) -> (String, String)? {
    guard arguments.count == 5 else { return nil }
    let options = [arguments[1]: arguments[2], arguments[3]: arguments[4]]
    guard let from = options[input], let to = options["--output"] else { return nil }
    return (from, to)
  }

  /// Writes the files and says how large they are.
  private static func report(_ folder: String, _ files: [DataFile]) throws {
    try writeFolderAtomically(folder) { temporary in
      for file in files {
        let lines = file.rows.map { $0.text(.compact) + "\n" }
        try writeAtomically(lines.joined(), to: "\(temporary)/\(file.name)")
      }
    }
    for file in files { print("\(folder)/\(file.name): \(file.rows.count) rows") }
  }

  private static func stop(_ status: Int32, _ message: String) -> Never {
    _ = Array((message + "\n").utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    exit(status)
  }
}

/// A file of JSON Lines to be written.
struct DataFile {
  let name: String
  let rows: [JSON]
}
