internal import Files

/// A CoNLL file: a token per line with its tag in a column, sentences apart by blank lines.
///
/// Which column is which differs between corpora and is read off the first sentence:
///
///     EU       B-ORG                          token, tag
///     EU       NNP  I-NP  B-ORG               token, part of speech, chunk, tag
///     1  EU    B-ORG  -  annotator            index, token, tag, notes (Universal NER)
///     1  wake  alarm/set_alarm  O             index, token, intent, tag (xSID)
///
/// The tag is the last column that holds `O`, `B-…`, `I-…` and their like throughout; where there
/// is none (part-of-speech tags), the last.
struct ColumnFile {
  private let file: TextFile
  private let separator: UInt8
  private let layout: Layout

  private struct Layout {
    let columns: Int
    let token: Int
    let tag: Int
    /// Every tag must be of the form that marked the column.
    let isChunked: Bool
  }

  init(_ file: TextFile) throws {
    self.file = file
    let isSure: (TextFile.Line) -> Bool = { line in
      !line.isBlank(file) && !line.isComment(file, separator: .tab)
    }
    guard let first = file.lines.first(where: isSure) else {
      throw FileFailure(file.path, "no rows", hint: "the file has only blank lines and comments")
    }
    let separator: UInt8 = file.bytes[first.range].contains(.tab) ? .tab : .space
    var sentence: [[String]] = []
    for line in file.lines where line.number >= first.number {
      if line.isBlank(file) {
        if sentence.isEmpty { continue }
        break
      }
      if line.isComment(file, separator: separator) { continue }
      // What is broken is reported when the rows are read.
      let fields = (try? Self.fields(file, line, separator)) ?? []
      if fields.first == "-DOCSTART-" { continue }
      sentence.append(fields)
    }
    self.separator = separator
    layout = try Self.layout(sentence, file.path, first)
  }

  private static func layout(
    _ sentence: [[String]], _ path: String, _ first: TextFile.Line
  ) throws -> Layout {
    // The commonest number of columns, so that one broken line is the one reported.
    let counts = Dictionary(sentence.map { ($0.count, 1) }, uniquingKeysWith: +)
    let columns = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
    guard columns >= 2 else {
      throw FileFailure(
        path, at: "line \(first.number)", "one column where token and tag were expected",
        hint: "separate token and tag by a tab")
    }
    let rows = sentence.filter { $0.count == columns }
    let isIndexed =
      columns >= 3 && rows.enumerated().allSatisfy { index, row in row[0] == String(index + 1) }
    let token = isIndexed ? 1 : 0
    let chunked = (token + 1..<columns).last { column in
      rows.allSatisfy { isChunkTag($0[column]) }
    }
    return Layout(
      columns: columns, token: token, tag: chunked ?? columns - 1, isChunked: chunked != nil)
  }

  /// Reads each sentence; one with a broken line is left out whole.
  func sentences(_ bad: inout BadRows) throws -> [TaggedTokens] {
    var rows: [TaggedTokens] = []
    var sentence: TaggedTokens?
    var isBroken = false
    for line in file.lines {
      if line.isBlank(file) {
        if let sentence, !isBroken { rows.append(sentence) }
        sentence = nil
        isBroken = false
      } else if !line.isComment(file, separator: separator) {
        guard let row = try bad.collecting({ try tokenAndTag(line) }) else {
          isBroken = true
          continue
        }
        guard let (token, tag) = row else { continue }
        var grown = sentence ?? TaggedTokens(tokens: [], tags: [], line: line.number)
        grown.tokens.append(token)
        grown.tags?.append(tag)
        sentence = grown
      }
    }
    if let sentence, !isBroken { rows.append(sentence) }
    return rows
  }

  /// The token of a line and its tag; nil for the mark between documents.
  private func tokenAndTag(_ line: TextFile.Line) throws -> (token: String, tag: String)? {
    let fields = try Self.fields(file, line, separator)
    if fields.first == "-DOCSTART-" { return nil }
    guard fields.count == layout.columns else {
      let name = separator == .tab ? "a tab" : "a space"
      throw file.failure(
        at: line.range.lowerBound, line: line.number,
        "\(fields.count) columns where the file has \(layout.columns)",
        hint: "columns are separated by \(name), sentences by a blank line")
    }
    let (token, tag) = (fields[layout.token], fields[layout.tag])
    guard !token.isEmpty, !tag.isEmpty else {
      throw file.failure(
        at: line.range.lowerBound, line: line.number, "an empty \(token.isEmpty ? "token" : "tag")",
        hint: "each line needs a token and its tag")
    }
    guard !layout.isChunked || isChunkTag(tag) else {
      throw file.failure(
        at: line.range.lowerBound, line: line.number, "\(excerpt(tag)) is not a tag",
        hint: "tags are O, B-TYPE and I-TYPE")
    }
    return (token, tag)
  }

  private static func fields(
    _ file: TextFile, _ line: TextFile.Line, _ separator: UInt8
  ) throws -> [String] {
    let text = try file.text(line)
    guard separator == .tab else { return text.split(separator: " ").map(String.init) }
    return text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
  }
}

/// `O`, or a place in a chunk with the chunk's type, as the schemes IOB1, IOB2 and IOBES write it.
private func isChunkTag(_ tag: String) -> Bool {
  if tag == "O" { return true }
  let parts = tag.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
  return parts.count == 2 && !parts[1].isEmpty && ["B", "I", "E", "S", "L", "U"].contains(parts[0])
}

extension TextFile.Line {
  /// Some corpora keep a tab on the lines between sentences.
  fileprivate func isBlank(_ file: TextFile) -> Bool {
    file.bytes[range].allSatisfy { $0 == .space || $0 == .tab }
  }

  /// `# intent = …`; a line that ends as a token's does is a token that begins with `#`.
  fileprivate func isComment(_ file: TextFile, separator: UInt8) -> Bool {
    let bytes = file.bytes[range]
    guard bytes.first == .hash, !bytes.contains(.tab) else { return false }
    guard separator == .space else { return true }
    let fields = bytes.split(separator: .space)
    guard fields.count >= 2, let last = fields.last else { return true }
    return !isChunkTag(String(decoding: last, as: UTF8.self))
  }
}
