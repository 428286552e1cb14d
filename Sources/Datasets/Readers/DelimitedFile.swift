internal import Files

/// A table after RFC 4180: a header, then records of quoted or plain fields.
///
/// Stricter than most readers where leniency becomes noise in training: a record has as many fields
/// as the header, nothing follows a closing quote, and a quote that never closes is reported where
/// it opens.
struct DelimitedFile {
  let file: TextFile
  let separator: UInt8
  /// The names of the columns.
  let header: [String]
  private let bodyStart: Position

  /// A record's fields as text, with the line it begins on.
  struct Record {
    let line: Int
    let fields: [String]
    /// An error that names a field of this record.
    let failure: (_ column: Int, _ problem: String, _ hint: String?) -> FileFailure
  }

  private struct Position {
    var offset = 0
    var line = 1
  }

  /// A field: its bytes without quotes, and where it lies in the file.
  private struct Cell {
    var bytes: [UInt8] = []
    let start: Position
    var end = 0
  }

  init(_ file: TextFile, separator: UInt8) throws {
    self.file = file
    self.separator = separator
    var position = Position()
    var cells: [Cell] = []
    while cells.isEmpty, position.offset < file.bytes.count {
      cells = try Self.cells(file, separator, &position)
    }
    header = try cells.map { try Self.text($0, file).trimmingSpaces() }
    bodyStart = position
    let twice = header.first { name in !name.isEmpty && header.count { $0 == name } > 1 }
    if let twice {
      throw FileFailure(
        file.path, at: "line 1", "two columns are named \(excerpt(twice))", hint: "rename one")
    }
  }

  /// The column of the first of these names that the header has.
  func column(_ names: [String]) -> Int? {
    for name in names {
      if let index = header.firstIndex(of: name) { return index }
    }
    return nil
  }

  func required(_ names: [String]) throws -> Int {
    if let index = column(names) { return index }
    let name = names.first ?? ""
    let found = header.prefix(8).map { excerpt($0) }.joined(separator: ", ")
    throw FileFailure(
      file.path, at: "line 1", "no column \(excerpt(name)); the first line has \(found)",
      hint: "the first line must name the columns, for example text and label")
  }

  /// Reads each record after the header; empty lines are passed over.
  func records<Row>(_ bad: inout BadRows, _ read: (Record) throws -> Row) throws -> [Row] {
    var rows: [Row] = []
    var position = bodyStart
    while position.offset < file.bytes.count {
      var next = position
      let row = try bad.collecting { () throws -> Row? in
        let cells = try Self.cells(file, separator, &next)
        return cells.isEmpty ? nil : try read(record(cells))
      }
      if let row = row ?? nil { rows.append(row) }
      // A record that could not even be cut is left by its first line.
      if next.offset == position.offset { next = Self.afterLine(file, position) }
      position = next
    }
    return rows
  }

  private func record(_ cells: [Cell]) throws -> Record {
    let start = cells[0].start
    guard cells.count == header.count else {
      throw file.failure(
        at: start.offset, line: start.line,
        "\(cells.count) fields where the header has \(header.count)",
        hint: cells.count > header.count
          ? "put a field that holds a separator into double quotes" : "a field is missing")
    }
    return Record(
      line: start.line, fields: try cells.map { try Self.text($0, file) },
      failure: { column, problem, hint in
        let place = cells.indices.contains(column) ? cells[column].start : start
        return file.failure(at: place.offset, line: place.line, problem, hint: hint)
      })
  }

  private static func afterLine(_ file: TextFile, _ position: Position) -> Position {
    let end = file.bytes[position.offset...].firstIndex(of: .lineFeed) ?? file.bytes.count
    return Position(offset: min(end + 1, file.bytes.count), line: position.line + 1)
  }

  /// The fields of the record at the position, which moves behind it; none on an empty line.
  private static func cells(
    _ file: TextFile, _ separator: UInt8, _ position: inout Position
  ) throws -> [Cell] {
    let bytes = file.bytes
    var at = position
    var cells: [Cell] = []
    while true {
      var cell = Cell(start: at)
      if at.offset < bytes.count, bytes[at.offset] == .quote {
        cell.bytes = try quoted(file, separator, &at)
      } else {
        let end = bytes[at.offset...].firstIndex { $0 == separator || $0 == .lineFeed }
        let stop = end ?? bytes.count
        cell.bytes = Array(bytes[at.offset..<stop])
        at.offset = stop
        if end == nil || bytes[stop] == .lineFeed, cell.bytes.last == .carriageReturn {
          cell.bytes.removeLast()
        }
      }
      cell.end = at.offset
      cells.append(cell)
      if at.offset < bytes.count, bytes[at.offset] == separator {
        at.offset += 1
        continue
      }
      if at.offset < bytes.count { at = Position(offset: at.offset + 1, line: at.line + 1) }
      let wasQuoted = bytes[cell.start.offset...].first == .quote
      position = at
      return cells.count == 1 && cell.bytes.isEmpty && !wasQuoted ? [] : cells
    }
  }

  /// The content of the quoted field at the position, which moves to what ends the field.
  private static func quoted(
    _ file: TextFile, _ separator: UInt8, _ at: inout Position
  ) throws -> [UInt8] {
    let bytes = file.bytes
    let open = at
    var content: [UInt8] = []
    at.offset += 1
    while true {
      guard at.offset < bytes.count else {
        throw file.failure(
          at: open.offset, line: open.line, "a quote that opens here never closes",
          hint: "close it, or double a quote that belongs to the text")
      }
      let byte = bytes[at.offset]
      at.offset += 1
      if byte != .quote {
        if byte == .lineFeed { at.line += 1 }
        content.append(byte)
      } else if at.offset < bytes.count, bytes[at.offset] == .quote {
        content.append(.quote)
        at.offset += 1
      } else {
        break
      }
    }
    if bytes[at.offset...].starts(with: [.carriageReturn, .lineFeed]) { at.offset += 1 }
    guard at.offset == bytes.count || [separator, .lineFeed].contains(bytes[at.offset]) else {
      throw file.failure(
        at: at.offset, line: at.line, "text after a closing quote",
        hint: "double a quote that belongs to the text")
    }
    return content
  }

  private static func text(_ cell: Cell, _ file: TextFile) throws -> String {
    if !cell.bytes.contains(0), let text = String(validating: cell.bytes, as: UTF8.self) {
      return text
    }
    // Again where it lies in the file, for the offset of the broken byte.
    return try file.text(cell.start.offset..<cell.end, line: cell.start.line)
  }
}
