/// What is in a file of tensors: names, shapes, types, and how large their numbers are.
internal import Files
internal import HTTPTypes
internal import HubClient

/// A safetensors file, tensor by tensor.
struct TensorTable: Sendable {
  struct Row: Sendable {
    let name: String
    let shape: [Int]
    let type: String
    let count: Int
    let byteCount: Int
    /// The Euclidean norm and the smallest and largest element; nil for files too large to be read
    /// for a page, and for types that hold no single numbers.
    let measures: (norm: Double, least: Float, most: Float)?
  }

  let rows: [Row]
  let metadata: [String: String]
  /// What is wrong with the file, where it cannot be read.
  let problem: String?

  /// Reading more than this for a page would keep its reader waiting.
  private static let measured = 256 << 20

  /// Reads the stored file at a path, which never changes; the name is for messages.
  init(_ path: String, named name: String, byteCount: Int) {
    do {
      let file = try TensorFile(safetensors: path)
      rows = file.names.compactMap { file.tensors[$0] }.map { tensor in
        let measures = byteCount <= Self.measured ? try? Self.measures(tensor) : nil
        defer { tensor.releasePages() }
        return Row(
          name: tensor.name, shape: tensor.shape, type: tensor.type.rawValue, count: tensor.count,
          byteCount: tensor.byteCount, measures: measures)
      }
      metadata = file.metadata
      problem = nil
    } catch {
      rows = []
      metadata = [:]
      problem = "\(error)".replacing(path, with: name)
    }
  }

  private static func measures(_ tensor: StoredTensor) throws
    -> (norm: Double, least: Float, most: Float)?
  {
    var sum = 0.0
    var range: (least: Float, most: Float)?
    for start in tensor.blockStarts {
      let numbers = try tensor.block(from: start)
      guard let first = numbers.first else { break }
      var (least, most) = range ?? (least: first, most: first)
      for number in numbers {
        sum += Double(number) * Double(number)
        least = min(least, number)
        most = max(most, number)
      }
      range = (least, most)
    }
    guard let range else { return nil }
    return (sum.squareRoot(), range.least, range.most)
  }

  /// What the template `file` shows.
  var values: [String: Any] {
    var values: [String: Any] = [
      "count": rows.count, "isOne": rows.count == 1,
      "parameters": grouped(rows.reduce(0) { $0 + $1.count }),
      "hasMore": rows.count > 2000, "left": max(0, rows.count - 2000),
      "metadata": metadata.sorted { $0.key < $1.key }.prefix(50).map {
        ["name": $0.key, "value": String($0.value.prefix(500))]
      }, "hasMetadata": !metadata.isEmpty,
      "rows": rows.prefix(2000).map { row in
        var values: [String: Any] = [
          "name": row.name, "shape": row.shape.map(String.init).joined(separator: " × "),
          "type": row.type, "count": grouped(row.count), "size": byteText(row.byteCount),
        ]
        if let (norm, least, most) = row.measures {
          values["norm"] = measureText(norm)
          values["range"] = "\(measureText(Double(least))) … \(measureText(Double(most)))"
        }
        return values
      },
    ]
    values["problem"] = problem
    return values
  }
}

/// A measure with four significant digits or so, aligned by its point where it is of usual size.
func measureText(_ value: Double) -> String {
  guard value.isFinite else { return "\(value)" }
  guard value != 0, value.magnitude < 1e-4 || value.magnitude >= 1e6 else {
    return fixed(value, digits: 4)
  }
  var exponent = 0
  var digits = value
  while digits.magnitude >= 10 {
    digits /= 10
    exponent += 1
  }
  while digits.magnitude < 1 {
    digits *= 10
    exponent -= 1
  }
  return "\(fixed(digits, digits: 3))e\(exponent)"
}

/// Summaries of the files that were looked at last: a file never changes.
actor TensorTables {
  private var known: [String: TensorTable] = [:]
  /// What is being read, so that many readers of one file have it read once.
  private var reading: [String: Task<TensorTable, any Error>] = [:]
  /// What reads whole tensors for a page goes through here.
  let gate = MeasuringGate()

  /// Looks at a file whose content is stored at a path, once.
  ///
  /// - Throws: `Problem` where too many files wait to be looked at.
  func summary(of file: StoredFile, at path: String) async throws -> TensorTable {
    let (digest, name, count) = (file.digest, file.path, file.byteCount)
    if let summary = known[digest] { return summary }
    if let task = reading[digest] { return try await task.value }
    // A task of its own: a reader who leaves does not take it away from the others.
    let task = Task<TensorTable, any Error> {
      // What failed is forgotten with it: the next reader tries again.
      defer { reading[digest] = nil }
      let summary = try await gate.run { TensorTable(path, named: name, byteCount: count) }
      if known.count >= 64 { known.removeAll() }
      known[digest] = summary
      return summary
    }
    reading[digest] = task
    return try await task.value
  }
}

/// Lets two read tensors at a time; the others wait in the order in which they came.
actor MeasuringGate {
  private var free = 2
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private static let limit = 100

  /// Runs a function on a thread that may block, when its turn has come.
  ///
  /// - Throws: what the function throws, and `Problem` where too many wait already.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    if free > 0 {
      free -= 1
    } else {
      guard waiting.count < Self.limit else {
        throw Problem(.serviceUnavailable, "Too many files are being measured: try again later")
      }
      await withCheckedContinuation { waiting.append($0) }
    }
    // A place is handed on to the next without becoming free, so that nobody gets ahead.
    defer {
      if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
    // Whoever left while waiting needs no answer.
    try Task.checkCancellation()
    return try await onDisk(body)
  }
}
