/// What the tests of adapters share: the goldens, and one way to compare numbers.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

/// The goldens that `Scripts/make-goldens.py` wrote with the Python library.
enum Goldens {
  static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.joined(separator: "/") + "/Goldens"
  }()

  static let expected: [String: StoredTensor] =
    (try? TensorFile(folder + "/expected.safetensors").tensors) ?? [:]

  static let cases: [Case] = (try? readCases()) ?? []

  static func readCases() throws -> [Case] {
    let path = folder + "/cases.json"
    return try Field(JSON(contentsOf: path), file: path).required("cases").array().map(Case.init)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name, base: String
    let adapters: [(folder: String, name: String)]
    /// Of the whole batch, or null; a row's own overrides it.
    let setup: String?
    let rowSetups: [String?]
    let sequences: [Batch.Sequence]
    let hasLogits: [Bool]

    var testDescription: String { name }

    init(_ field: Field) throws {
      name = try field.required("name").string()
      base = try field.required("base").string()
      adapters = try field.required("adapters").array().map {
        (try $0.required("folder").string(), try $0.required("name").string())
      }
      setup = try field["setup"]?.string()
      let rows = try field.required("rows").array()
      rowSetups = try rows.map { try $0["setup"]?.string() }
      sequences = try rows.map { row in
        Batch.Sequence(
          ids: try row.required("input_ids").array().map { Int32(try $0.integer()) },
          typeIds: try row["token_type_ids"]?.array().map { Int32(try $0.integer()) } ?? [])
      }
      hasLogits = try field.required("has_logits").array().map { try $0.bool() }
    }
  }

  /// The adapters of a case by name, brought together with a base.
  static func adapters(
    _ folders: [(folder: String, name: String)], _ base: BaseModel
  ) throws -> [String: BoundAdapter] {
    var bound: [String: BoundAdapter] = [:]
    for (path, name) in folders {
      let adapter = try Adapter(folder: folder + "/" + path, for: base.shape, name: name)
      bound[name] = BoundAdapter(adapter, to: base)
    }
    return bound
  }

  static let bases = Mutexed<[String: BaseModel]>([:])

  static func base(_ name: String) throws -> BaseModel {
    try bases.withLock { bases in
      if let base = bases[name] { return base }
      let base = try BaseModel(folder: folder + "/" + name)
      bases[name] = base
      return base
    }
  }
}

/// `|a − b| ≤ atol + rtol·|b|`, element by element.
func expectClose(
  _ a: [Float], _ b: [Float], absolute: Float = 1e-4, relative: Float = 1e-4, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard a.count == b.count else {
    Issue.record("\(what): \(a.count) scalars, expected \(b.count)", sourceLocation: sourceLocation)
    return
  }
  for (i, (x, y)) in zip(a, b).enumerated() where !(abs(x - y) <= absolute + relative * abs(y)) {
    Issue.record("\(what)[\(i)]: \(x), expected \(y)", sourceLocation: sourceLocation)
    return
  }
}
