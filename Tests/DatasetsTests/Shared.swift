import Files
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The folder of data that several projects test with; it is not part of the repository.
enum Shared {
  static let hint = "needs the shared test data; set ADAPTERHUB_SHARED to its folder"

  static let folder: String = {
    if let path = getenv("ADAPTERHUB_SHARED") { return String(cString: path) }
    // Tests/DatasetsTests/Shared.swift is three levels below the package.
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/../shared"
  }()

  static var isPresent: Bool { access("\(folder)/badfiles/MANIFEST.tsv", R_OK) == 0 }

  static func data(_ path: String) -> String { "\(folder)/data/\(path)" }

  /// A row of the list of valid and hostile files.
  struct Case: Sendable, CustomTestStringConvertible {
    let path: String
    let kind: String
    let problem: String
    let isValid: Bool
    var testDescription: String { "\(path): \(problem)" }
  }

  /// The data files in the list.
  static let cases: [Case] = {
    guard isPresent, let bytes = try? readFile("\(folder)/badfiles/MANIFEST.tsv") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().compactMap {
      let fields = $0.split(separator: "\t").map(String.init)
      guard fields.count == 4, fields[1].hasPrefix("data_") else { return nil }
      return Case(
        path: "\(folder)/badfiles/files/\(fields[0])", kind: fields[1], problem: fields[2],
        isValid: fields[3] == "accept")
    }
  }()
}

/// Runs the body with a file of the given content, removed afterwards.
func withFile<Result>(
  _ content: some Sequence<UInt8>, _ suffix: String, _ body: (String) throws -> Result
) throws -> Result {
  let path = "\(temporaryFolder)/datasets-\(getpid())-\(UInt64.random(in: 0 ... .max))\(suffix)"
  try writeAtomically(Array(content), to: path)
  defer { unlink(path) }
  return try body(path)
}

private let temporaryFolder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
