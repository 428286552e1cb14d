/// Lines of JSON as they come, in batches: what is kept does not grow with the input.
import Adapters
import BaseModels
import Files

/// A line of an input that was read.
struct InputLine<Request> {
  /// Counted from 0; blank lines do not count.
  let row: Int
  /// As the line gives it.
  let id: JSON?
  let origin: LineOrigin
  let request: Request
}

/// A line of an input that cannot be answered.
struct BadLine: Error {
  let row: Int
  /// As the line gives it, where so much of it can be read.
  let id: JSON?
  let failure: FileFailure

  init(row: Int, id: JSON?, _ failure: FileFailure) {
    self.row = row
    self.id = id
    self.failure = failure
  }

  init(_ line: InputLine<some Any>, _ error: any Error) {
    self.init(row: line.row, id: line.id, line.origin.failure(error))
  }

  /// What takes the answer's place.
  func answer(asJSON: Bool) -> String {
    guard asJSON else { return "error: \(failure)" }
    return answerLine(row: row, id: id, ["error": ["message": .string(failure.description)]])
  }
}

/// An answer as a line of JSON: the row, the line's id, and what it is.
func answerLine(row: Int, id: JSON?, _ members: JSON.Object) -> String {
  var object: JSON.Object = ["row": .integer(row)]
  if let id { object["id"] = id }
  for (key, value) in members.members { object[key] = value }
  return JSON.object(object).text(.compact)
}

/// How many bytes a line may have.
private let longestLine = 1 << 20

/// The lines of a file or of standard input, in batches.
///
/// A batch is what is there without waiting, up to a limit: a program that writes a line and waits
/// gets its answer, and one that writes many gets them answered together. Nothing is read ahead of the
/// batch that is answered but what one read gave.
struct LineBatches<Request>: ~Copyable {
  private var reader: LineReader
  private let lineLimit: Int
  private let byteLimit: Int
  private let read: (Field, _ row: Int) throws -> Request
  /// How many lines were read that are not blank.
  private(set) var rows = 0

  /// - Parameters:
  ///   - path: a file; nil or `-` for standard input.
  ///   - lineLimit: how many lines a batch may have.
  ///   - byteLimit: after how many bytes a batch is full.
  ///   - read: makes a request of a line; its error is the line's.
  /// - Throws: ``FileFailure`` for a file that cannot be opened.
  init(
    of path: String?, lineLimit: Int = 512, byteLimit: Int = 1 << 18,
    _ read: @escaping (Field, _ row: Int) throws -> Request
  ) throws {
    reader = try LineReader(path == "-" ? nil : path, lengthLimit: longestLine)
    self.lineLimit = lineLimit
    self.byteLimit = byteLimit
    self.read = read
  }

  /// The input's name in messages.
  var path: String { reader.path }

  /// The next batch, for which it waits where nothing is there; nil at the end.
  mutating func next() throws -> [Result<InputLine<Request>, BadLine>]? {
    var batch: [Result<InputLine<Request>, BadLine>] = []
    var byteCount = 0
    while batch.count < lineLimit, byteCount < byteLimit {
      switch try reader.next(waiting: batch.isEmpty) {
      case .nothingYet: return batch
      case .end: return batch.isEmpty ? nil : batch
      case .tooLong:
        batch.append(.failure(BadLine(row: rows, id: nil, reader.lengthFailure)))
        rows += 1
      case .line(let bytes):
        guard !LineReader.isBlank(bytes) else { continue }
        byteCount += bytes.count
        batch.append(line(bytes))
        rows += 1
      }
    }
    return batch
  }

  private func line(_ bytes: [UInt8]) -> Result<InputLine<Request>, BadLine> {
    let origin = LineOrigin(path: reader.path, line: reader.line)
    var id: JSON?
    do {
      let field = try reader.object(bytes)
      id = field.json["id"]
      return .success(
        InputLine(row: rows, id: id, origin: origin, request: try read(field, rows)))
    } catch {
      return .failure(BadLine(row: rows, id: id, origin.failure(error)))
    }
  }
}

/// Answers every line of a file or of standard input, in order.
///
/// Each answer is written before anything is waited for. A line that cannot be answered has a line
/// that says why, unless the first such line is to end everything.
///
/// - Parameters:
///   - lines: the input.
///   - isStrict: end at the first line that cannot be answered.
///   - asJSON: whether what is said of a bad line is JSON.
///   - answer: what a batch of requests is answered, each with a line, or several for people.
/// - Throws: ``BadLine`` where that is to end everything.
func answerLines<Request>(
  _ lines: inout LineBatches<Request>, isStrict: Bool, asJSON: Bool,
  _ answer: ([InputLine<Request>]) throws -> [Result<[String], any Error>]
) throws {
  var output = StandardOutput()
  var badLines = 0
  while let batch = try lines.next() {
    let good = batch.compactMap { try? $0.get() }
    var answers = try answer(good)[...]
    for line in batch {
      let answer: Result<[String], BadLine> = line.flatMap { line in
        guard let answer = answers.popFirst() else { return .success([]) }
        return answer.mapError { BadLine(line, $0) }
      }
      switch answer {
      case .success(let lines): for line in lines { try output.line(line) }
      case .failure(let bad):
        guard !isStrict else {
          try output.flush()
          throw bad
        }
        badLines += 1
        try output.line(bad.answer(asJSON: asJSON))
      }
    }
    try output.flush()
  }
  guard badLines > 0 else { return }
  let count = badLines == 1 ? "1 line" : "\(badLines.grouped) lines"
  writeError("adapterhub: \(count) of \(lines.rows.grouped) could not be answered\n")
}
