/// How the rows of a file are written, by its extension.
enum FileFormat: Equatable {
  case jsonLines
  case delimited(separator: UInt8)
  /// Any other extension, for the reader to judge.
  case other(String)
}

extension TextFile {
  /// How the rows are written, by an extension: the one that is given, or the file's own.
  func format(as suffix: String? = nil) -> FileFormat {
    let name = path.split(separator: "/").last ?? ""
    let parts = name.split(separator: ".")
    let own = parts.count > 1 ? parts.last.map(String.init) : nil
    guard let last = suffix ?? own else { return .other("a file without extension") }
    return switch last.lowercased() {
    case "jsonl", "ndjson": .jsonLines
    case "csv": .delimited(separator: .comma)
    case "tsv": .delimited(separator: .tab)
    default: .other(".\(last)")
    }
  }
}
