/// What is in a file of tensors: names, shapes, types, and how large their numbers are.
internal import Files
internal import HubClient
internal import Synchronization

/// A safetensors file, tensor by tensor.
struct TensorSummary: Sendable {
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
        let numbers = byteCount <= Self.measured ? try? tensor.floats() : nil
        defer { tensor.releasePages() }
        return Row(
          name: tensor.name, shape: tensor.shape, type: tensor.type.rawValue, count: tensor.count,
          byteCount: tensor.byteCount, measures: numbers.flatMap(Self.measures))
      }
      metadata = file.metadata
      problem = nil
    } catch {
      rows = []
      metadata = [:]
      problem = "\(error)".replacing(path, with: name)
    }
  }

  private static func measures(_ numbers: [Float]) -> (norm: Double, least: Float, most: Float)? {
    guard var least = numbers.first else { return nil }
    var most = least
    var sum = 0.0
    for number in numbers {
      sum += Double(number) * Double(number)
      least = min(least, number)
      most = max(most, number)
    }
    return (sum.squareRoot(), least, most)
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
final class TensorSummaries: Sendable {
  private let known = Mutex<[String: TensorSummary]>([:])

  /// Looks at a file whose content is stored at a path, once.
  func summary(of file: StoredFile, at path: String) async throws -> TensorSummary {
    if let summary = known.withLock({ $0[file.digest] }) { return summary }
    let name = file.path
    let count = file.byteCount
    let summary = try await onDisk { TensorSummary(path, named: name, byteCount: count) }
    known.withLock { known in
      if known.count >= 64 { known.removeAll() }
      known[file.digest] = summary
    }
    return summary
  }
}
