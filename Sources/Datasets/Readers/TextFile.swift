internal import Files

/// A text file as bytes, with what is needed to say where something in it is.
///
/// Bytes become text row by row, so that one row in Latin-1 is one broken row.
struct TextFile: Sendable {
  let path: String
  /// The file without its byte order mark.
  let bytes: [UInt8]
  /// The bytes of the mark, which count in the offsets of messages.
  private let markLength: Int

  /// A line without its terminator.
  struct Line: Sendable {
    /// From 1.
    let number: Int
    let range: Range<Int>
  }

  init(_ path: String) throws {
    self.path = path
    var bytes = try readFile(path)
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw FileFailure(path, "the file is UTF-16", hint: "save it as UTF-8")
    }
    markLength = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    bytes.removeFirst(markLength)
    guard !bytes.isEmpty else {
      throw FileFailure(path, "the file is empty", hint: "was the download cut?")
    }
    self.bytes = bytes
  }

  /// The lines, ended by LF or CR LF; what follows the last terminator is a line if it is not empty.
  var lines: some Sequence<Line> {
    sequence(state: (number: 1, start: 0)) { state -> Line? in
      guard state.start < bytes.count else { return nil }
      let start = state.start
      let end = bytes[start...].firstIndex(of: .lineFeed) ?? bytes.count
      let line = Line(number: state.number, range: start..<trimmed(start, end))
      state = (state.number + 1, end + 1)
      return line
    }
  }

  private func trimmed(_ start: Int, _ end: Int) -> Int {
    end > start && bytes[end - 1] == .carriageReturn ? end - 1 : end
  }

  func text(_ line: Line) throws -> String { try text(line.range, line: line.number) }

  /// A part of the file that begins on this line as text, strictly.
  func text(_ range: Range<Int>, line: Int) throws -> String {
    let slice = bytes[range]
    if let offset = slice.firstIndex(of: 0) {
      throw failure(
        at: offset, line: line + slice[..<offset].count(where: { $0 == .lineFeed }), "a NUL byte",
        hint: "remove it; is the file text, and is it UTF-8 rather than UTF-16?")
    }
    if let text = String(validating: slice, as: UTF8.self) { return text }
    let offset = slice.startIndex + validPrefixLength(slice)
    let byte = String(bytes[offset], radix: 16, uppercase: true)
    throw failure(
      at: offset, line: line + slice[..<offset].count(where: { $0 == .lineFeed }),
      "byte 0x\(byte) at offset \(offset + markLength) is not valid UTF-8",
      hint: "is the file Latin-1 or Windows-1252? convert it with `iconv -f WINDOWS-1252 -t UTF-8`")
  }

  /// What is wrong at a byte on this line: line, column, and how the row begins.
  func failure(at offset: Int, line: Int, _ problem: String, hint: String?) -> FileFailure {
    let offset = min(offset, bytes.count)
    let start = bytes[..<offset].lastIndex(of: .lineFeed).map { $0 + 1 } ?? 0
    let end = bytes[offset...].firstIndex(of: .lineFeed) ?? bytes.count
    // Repaired text on purpose: the row may be broken, and is only shown.
    let column = String(decoding: bytes[start..<offset], as: UTF8.self).unicodeScalars.count + 1
    // A scalar takes four bytes at most, and 80 scalars are shown.
    let row = String(decoding: bytes[start..<trimmed(start, end)].prefix(400), as: UTF8.self)
    return FileFailure(
      path, at: "line \(line), column \(column)", problem + "; the row begins \(excerpt(row))",
      hint: hint)
  }
}

/// The first 80 characters of a text, escaped so that a message stays one line.
func excerpt(_ text: some StringProtocol) -> String {
  let shown = text.unicodeScalars.prefix(80).map { scalar in
    scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
  }
  return "\"\(shown.joined())\(text.unicodeScalars.count > 80 ? "…" : "")\""
}

/// How many bytes are valid UTF-8 before the first that is not.
private func validPrefixLength(_ bytes: ArraySlice<UInt8>) -> Int {
  var decoder = UTF8()
  var iterator = bytes.makeIterator()
  var length = 0
  while case .scalarValue(let scalar) = decoder.decode(&iterator) {
    length += UTF8.width(scalar)
  }
  return length
}

extension UInt8 {
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let quote = UInt8(ascii: "\"")
  static let tab = UInt8(ascii: "\t")
  static let comma = UInt8(ascii: ",")
  static let space = UInt8(ascii: " ")
  static let hash = UInt8(ascii: "#")
}
