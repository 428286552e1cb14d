/// How the rows of a file are written, by its extension.
enum FileFormat: Equatable {
  case jsonLines
  case delimited(separator: UInt8)
  /// Any other extension, for the reader to judge.
  case other(String)
}

extension TextFile {
  var format: FileFormat {
    let name = path.split(separator: "/").last ?? ""
    let parts = name.split(separator: ".")
    guard parts.count > 1, let last = parts.last else { return .other("a file without extension") }
    return switch last.lowercased() {
    case "jsonl", "ndjson": .jsonLines
    case "csv": .delimited(separator: .comma)
    case "tsv": .delimited(separator: .tab)
    default: .other(".\(last)")
    }
  }
}
