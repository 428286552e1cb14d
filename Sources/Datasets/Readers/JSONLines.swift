internal import Files

/// JSON Lines: an object on each line; empty lines are passed over.
extension TextFile {
  /// Reads each line's object; what is wrong with one names its line.
  func objects<Row>(
    _ bad: inout BadRows, _ read: (_ object: Field, _ line: Int) throws -> Row
  ) throws -> [Row] {
    var rows: [Row] = []
    for line in lines where !isBlank(line) {
      let row = try bad.collecting { try object(on: line, read) }
      if let row { rows.append(row) }
    }
    return rows
  }

  private func isBlank(_ line: Line) -> Bool {
    bytes[line.range].allSatisfy { $0 == .space || $0 == .tab }
  }

  private func object<Row>(
    on line: Line, _ read: (_ object: Field, _ line: Int) throws -> Row
  ) throws -> Row {
    // Strict UTF-8 and NUL bytes first, so that they are named as such.
    let text = try text(line)
    do {
      let json = try JSON(parsing: Array(bytes[line.range]), path: path)
      guard case .object = json else {
        throw FileFailure(path, "expected an object such as {\"text\": …, \"label\": …}")
      }
      return try read(Field(json, file: path), line.number)
    } catch let failure as FileFailure {
      // The row was parsed as a file of its own, whose only line is the first.
      let parsed = "line 1, "
      let isSyntax = failure.place?.hasPrefix(parsed) == true
      let place = failure.place.map { ", " + (isSyntax ? String($0.dropFirst(parsed.count)) : $0) }
      throw FileFailure(
        path, at: "line \(line.number)" + (place ?? ""),
        "\(failure.problem); the row begins \(excerpt(text))",
        hint: failure.hint
          ?? (isSyntax ? "each line must be a whole JSON object; was the file cut?" : nil))
    }
  }
}
