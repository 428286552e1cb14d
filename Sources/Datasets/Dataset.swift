public import Files

/// The rows of one data file, read for one task.
///
/// ```swift
/// let train = try Dataset.textClassification("train.jsonl")
/// let labels = try LabelSet(of: train)
/// ```
/// A reader is chosen by the file's extension, or by another that is given. A broken row names file,
/// line, column and cure; up to 20 of them are collected into one `FileFailure`.
public struct Dataset<Row: Sendable>: Sendable {
  /// The file as the caller named it.
  public let path: String
  public let rows: [Row]
  /// The rows left out, never more than the caller's `skipBadRows`.
  public let skipped: [FileFailure]
}

/// Whether a row without a label is an error.
public enum LabelRequirement: Sendable {
  /// To train and to evaluate.
  case required
  /// To predict; labels that are there are read.
  case optional
}

extension Dataset where Row == LabelledText {
  /// Texts or pairs of texts with labels, from `.jsonl`, `.csv` or `.tsv`.
  ///
  /// With `numbers` the labels are numbers, for regression. Up to `skipBadRows` broken rows are
  /// left out before giving up.
  public static func textClassification(
    _ path: String, as suffix: String? = nil, labels: LabelRequirement = .required,
    numbers: Bool = false, skipBadRows: Int = 0
  ) throws -> Dataset {
    let file = try TextFile(path)
    var bad = BadRows(path: path, allowed: skipBadRows)
    let rows: [LabelledText]
    switch file.format(as: suffix) {
    case .jsonLines:
      rows = try file.objects(&bad) {
        try LabelledText($0, line: $1, labels: labels, numbers: numbers)
      }
    case .delimited(let separator):
      let table = try DelimitedFile(file, separator: separator)
      let columns = try LabelledText.Columns(table, labels: labels, numbers: numbers)
      rows = try table.records(&bad) { try LabelledText($0, columns) }
    case .other(let found):
      throw FileFailure(
        path, "text classification reads .jsonl, .csv or .tsv, not \(found)",
        hint: "rename the file by what it holds")
    }
    return try Dataset(path, rows, bad)
  }
}

extension Dataset where Row == TaggedTokens {
  /// Sentences with a tag for each token, from `.jsonl`, `.csv`, `.tsv` with a header, or CoNLL
  /// columns under any other extension.
  public static func tokenClassification(
    _ path: String, as suffix: String? = nil, labels: LabelRequirement = .required,
    skipBadRows: Int = 0
  ) throws -> Dataset {
    let file = try TextFile(path)
    var bad = BadRows(path: path, allowed: skipBadRows)
    let rows: [TaggedTokens]
    switch file.format(as: suffix) {
    case .jsonLines:
      rows = try file.objects(&bad) { try TaggedTokens($0, line: $1, labels: labels) }
    case .delimited(let separator):
      let table = try DelimitedFile(file, separator: separator)
      let columns = try TaggedTokens.Columns(table, labels: labels)
      rows = try table.records(&bad) { try TaggedTokens($0, columns) }
    case .other:
      rows = try ColumnFile(file).sentences(&bad)
    }
    return try Dataset(path, rows, bad)
  }
}

extension Dataset where Row == TextLine {
  /// Every line of a text, empty ones too: joined by newlines they are the text again.
  public static func plainText(_ path: String, skipBadRows: Int = 0) throws -> Dataset {
    let file = try TextFile(path)
    var bad = BadRows(path: path, allowed: skipBadRows)
    var rows: [TextLine] = []
    for line in file.lines {
      if let text = try bad.collecting({ try file.text(line) }) {
        rows.append(TextLine(text: text, line: line.number))
      }
    }
    return try Dataset(path, rows, bad)
  }
}

extension Dataset {
  /// Rows from memory.
  ///
  /// - Parameters:
  ///   - rows: those without a place in a file are counted from 1, so that an error can name them.
  ///   - name: what errors call them.
  /// - Throws: ``FileFailure`` where there are none.
  public init(_ rows: [Row], name: String = "the data") throws where Row: DataRow {
    guard !rows.isEmpty else { throw FileFailure(name, "no rows") }
    path = name
    self.rows = rows.enumerated().map { index, row in
      var row = row
      row.number(index + 1)
      return row
    }
    skipped = []
  }

  init(_ path: String, _ rows: [Row], _ bad: BadRows) throws {
    try bad.finish()
    guard !rows.isEmpty else {
      throw FileFailure(path, "no rows", hint: "the file has no data; was it cut?")
    }
    self.path = path
    self.rows = rows
    self.skipped = bad.failures
  }
}
