/// `adapterhub inspect`: what is in a folder or file?
import Adapters
import ArgumentParser
import BaseModels
import Datasets
import Files

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what an adapter, a file of tensors or a model consists of.",
    discussion: """
      With --json the output is what Documentation/inspect.schema.json describes.

      Examples:
        adapterhub inspect sst2 --model all-MiniLM-L6-v2
        adapterhub inspect sst2 --tensors
        adapterhub inspect sst2/pytorch_adapter.bin --json
        adapterhub inspect all-MiniLM-L6-v2
      """)

  @Argument(
    help: "An adapter's or a model's folder, or owner/name, or a .safetensors or .bin file.")
  var path: String

  @Option(help: "The adapter's base model, to tell whether it fits: a folder or a config.json.")
  var model: String?

  @Flag(help: "Show every tensor with its shape and the range of its values.")
  var tensors = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let path = try pulledIfAbsent(self.path)
    let model = try model.map { try folderOrPulled($0, "model") }
    var output = StandardOutput()
    let hint = "adapters' and models' folders, .safetensors and .bin files can be inspected"
    switch try FileKind(recognising: path, hint: hint) {
    case .adapter:
      let base = try model.map { try BaseShape(folderOrConfiguration: $0) }
      let adapter = try AdapterInspection(folder: path, base: base)
      try json ? output.json(adapter.json(withTensors: tensors)) : show(adapter, &output)
    case .model:
      let model = try ModelInspection(folder: path)
      try json ? output.json(model.json(withTensors: tensors)) : show(model, &output)
    case .safetensors, .torch:
      let file = try TensorFileInspection(path)
      try json ? output.json(file.json) : show(file, &output)
    case let other:
      throw FileFailure(
        path, "is of kind \(other.rawValue), which has nothing to inspect",
        hint: "adapters, models and files of tensors have; try adapterhub verify")
    }
    try output.flush()
  }

  private func show(_ adapter: AdapterInspection, _ output: inout StandardOutput) throws {
    let file = adapter.configuration
    var facts = [
      ("adapter", file.name), ("method", adapter.method), ("configuration", adapter.hash),
      (
        "parameters",
        adapter.parameterCount.grouped
          + (adapter.share.map { " (\(($0 * 100).formatted(digits: 2)) % of the base model)" } ?? "")
      ), ("size", "\(adapter.byteCount.grouped) bytes"),
      (
        "base model",
        [file.modelName, file.modelType, file.hiddenSize.map { "width \($0)" }].compactMap(\.self)
          .joined(separator: ", ")
      ),
    ]
    if let fingerprint = file.fingerprint {
      let verdict = adapter.matchesBase.map { $0 ? " (this base model)" : " (another base model)" }
      facts.append(("fingerprint", fingerprint.short + (verdict ?? "")))
    }
    if let unsupported = adapter.unsupportedHead {
      facts.append(("head", "not read: \(unsupported.failure.problem)"))
    }
    if let head = adapter.head {
      facts += [
        ("head", "\(AdapterTasks.name(of: head) ?? "?"), \(head.layerCount) layers"),
        ("labels", head.labels.names.joined(separator: ", ")),
      ]
    }
    if !adapter.broken.isEmpty {
      facts.append(("not finite", adapter.broken.map(\.name).joined(separator: ", ")))
    }
    try output.facts(facts)
    if tensors { try output.table(adapter.tensors + adapter.headTensors) }
  }

  private func show(_ model: ModelInspection, _ output: inout StandardOutput) throws {
    let d = model.shape.traits
    var facts = [
      ("model", model.shape.name), ("type", d.modelType),
      ("layers", "\(d.layers) of width \(d.width), \(d.heads) heads, inside \(d.intermediate)"),
      ("vocabulary", d.vocabulary.grouped), ("positions", d.positions.grouped),
      ("parameters", model.parameterCount.grouped), ("size", "\(model.byteCount.grouped) bytes"),
      ("fingerprint", model.shape.fingerprint?.short ?? "unknown"),
    ]
    for (name, tensors) in [("missing", model.missing), ("not read", model.extra)]
    where !tensors.isEmpty {
      facts.append((name, listed(tensors)))
    }
    try output.facts(facts)
    if tensors { try output.table(model.tensors.map { TensorSummary($0) }) }
  }

  /// The first of many names, and how many more there are.
  private func listed(_ names: [String]) -> String {
    let shown = 20
    let rest = names.count > shown ? " and \((names.count - shown).grouped) more" : ""
    return names.prefix(shown).joined(separator: ", ") + rest
  }

  private func show(_ file: TensorFileInspection, _ output: inout StandardOutput) throws {
    try output.facts(
      [
        ("tensors", file.tensors.count.grouped), ("parameters", file.parameterCount.grouped),
        ("size", "\(file.byteCount.grouped) bytes"),
      ] + file.metadata.sorted { $0.key < $1.key }.map { (escaped($0.key), $0.value) })
    try output.table(file.tensors)
  }
}

extension StandardOutput {
  fileprivate mutating func json(_ value: JSON) throws {
    try lines(of: value.text(.indentedSorted))
  }

  /// Names and values in two columns.
  fileprivate mutating func facts(_ facts: [(name: String, value: String)]) throws {
    let width = facts.map(\.name.count).max() ?? 0
    for (name, value) in facts { try line(name.padded(to: width) + "  " + escaped(value)) }
  }

  /// Tensors in columns: names to the left, numbers to the right.
  fileprivate mutating func table(_ tensors: [TensorSummary]) throws {
    let header = ["tensor", "type", "shape", "min", "max", "mean", "norm"]
    let rows = tensors.map { tensor in
      let values = tensor.values
      let numbers = [values?.least, values?.greatest, values?.mean, values?.norm].map {
        $0.map { $0.formatted(digits: 4) } ?? "–"
      }
      let shape = tensor.shape.map(String.init).joined(separator: " × ")
      let broken = (values?.notFinite ?? 0) > 0 ? ["\(values?.notFinite ?? 0) not finite"] : []
      return [escaped(tensor.name), tensor.type.rawValue, shape.isEmpty ? "scalar" : shape]
        + numbers
        + broken
    }
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    try line("")
    for row in [header] + rows {
      let cells = row.enumerated().map { column, cell in
        guard column < widths.count else { return cell }
        return cell.padded(to: widths[column], atFront: column >= 3)
      }
      try line(cells.joined(separator: "  ").trimmedAtEnd)
    }
  }
}

extension String {
  fileprivate func padded(to width: Int, atFront: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return atFront ? spaces + self : self + spaces
  }

  fileprivate var trimmedAtEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
