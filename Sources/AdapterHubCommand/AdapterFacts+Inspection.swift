/// The facts of a folder, for cards, pushes and the hub.
import Adapters
import BaseModels
import Datasets
import Files
import HubClient

extension AdapterFacts {
  /// Reads an adapter's folder, of the library `adapters` or of PEFT.
  ///
  /// What makes it unfit to be used becomes ``problems``, as far as it can be told apart at all.
  ///
  /// - Parameters:
  ///   - folder: with `adapter_config.json`.
  ///   - base: the model it was trained on, where it is at hand, for the adapter's share of it.
  /// - Throws: ``FileFailure`` for a folder that holds no adapter.
  init(folder: String, base: BaseShape? = nil) throws {
    let path = "\(folder)/adapter_config.json"
    guard fileExists(path) else {
      throw FileFailure(
        folder, "holds no adapter: there is no adapter_config.json",
        hint: "a folder that adapterhub train, adapters or PEFT saved has one")
    }
    let root = Field(try JSON(contentsOf: path), file: path)
    guard case .object = root.json else { throw root.failure("expected an object") }
    self =
      root["peft_type"] == nil
      ? Self.adapters(folder, root, base) : Self.peft(folder, root)
    let known = problems
    problems += Self.pickles(in: folder) { name in known.contains { $0.hasPrefix("\(name):") } }
  }

  private static func adapters(_ folder: String, _ root: Field, _ base: BaseShape?) -> AdapterFacts
  {
    var facts = AdapterFacts(
      library: .adapters, name: text(root, "name") ?? lastPathComponent(folder), method: "",
      configuration: root["config"]?.json ?? [:], modelType: text(root, "model_type"),
      baseModel: text(root, "model_name"))
    let unread = problem(in: folder) {
      let adapter = try AdapterInspection(folder: folder)
      let file = adapter.configuration
      facts.name = file.name
      facts.method = adapter.method
      facts.hiddenSize = file.hiddenSize
      facts.baseFingerprint = file.fingerprint?.text
      facts.task = adapter.head.flatMap { AdapterTasks.name(of: $0) }
      facts.labels = adapter.head?.labels.names ?? []
      facts.parameterCount = adapter.parameterCount
      facts.byteCount = adapter.byteCount
      if let count = base?.parameterCount, count > 0 {
        facts.share = Double(adapter.parameterCount) / Double(count)
      }
    }
    facts.problems += unread
    // The whole folder as the loaders would, both forms of the weights compared.
    for found in problem(in: folder, { _ = try verify(folder, as: .adapter) })
    where !facts.problems.contains(found) {
      facts.problems.append(found)
    }
    return facts
  }

  private static func peft(_ folder: String, _ root: Field) -> AdapterFacts {
    let type = text(root, "peft_type")?.lowercased() ?? ""
    var settings: [String] = []
    for (key, name) in [("r", "r"), ("lora_alpha", "alpha")] where type == "lora" {
      if let value = root[key]?.json { settings.append("\(name)=\(value.text(.compact))") }
    }
    let tasks = [
      "SEQ_CLS": "text-classification", "TOKEN_CLS": "token-classification",
      "CAUSAL_LM": "causal-lm", "SEQ_2_SEQ_LM": "seq2seq-lm", "QUESTION_ANS": "question-answering",
      "FEATURE_EXTRACTION": "embedding",
    ]
    var facts = AdapterFacts(
      library: .peft, name: lastPathComponent(folder),
      method: type + (settings.isEmpty ? "" : "[\(settings.joined(separator: ","))]"),
      configuration: root.json, baseModel: text(root, "base_model_name_or_path"),
      task: text(root, "task_type").flatMap { tasks[$0] })
    if type.isEmpty { facts.problems.append("adapter_config.json: peft_type is no text") }
    let weights = ["adapter_model.safetensors", "adapter_model.bin"].map { "\(folder)/\($0)" }
    guard let path = weights.first(where: { fileExists($0) }) else {
      facts.problems.append("there are no weights: no adapter_model.safetensors or .bin")
      return facts
    }
    let unread = problem(in: folder) {
      let file = try TensorFileInspection(path)
      facts.byteCount = file.byteCount
      facts.parameterCount = file.tensors.reduce(0) {
        $0 + ($1.name.contains(".modules_to_save.") ? 0 : $1.count)
      }
      for tensor in file.tensors where tensor.values?.notFinite ?? 0 > 0 {
        facts.problems.append("\(lastPathComponent(path)): \(tensor.name) holds NaN or infinity")
      }
      if file.tensors.isEmpty {
        facts.problems.append("\(lastPathComponent(path)): has no tensors")
      }
    }
    facts.problems += unread
    return facts
  }

  /// Runs what reads, and tells what it finds wrong.
  private static func problem(in folder: String, _ body: () throws -> Void) -> [String] {
    do {
      try body()
      return []
    } catch {
      // Without the folder, which on a hub is nobody's business.
      let problem = "\(error)".replacing("\(folder)/", with: "").replacing(folder, with: "adapter")
      return [escaped(problem, limit: 500)]
    }
  }

  /// Files that run what is in them when a Python program opens them.
  private static func pickles(in folder: String, besides isKnown: (String) -> Bool) -> [String] {
    let names = ((try? namesInFolder(folder)) ?? []).filter { !isKnown($0) }
    return names.compactMap { name in
      let suffix = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
      if ["pkl", "pickle", "joblib", "dill"].contains(suffix) {
        return "\(escaped(name)): is a pickle, which may run anything where it is opened"
      }
      guard ["bin", "pt", "pth", "ckpt"].contains(suffix) else { return nil }
      do {
        _ = try TensorFile(torch: "\(folder)/\(name)")
        return nil
      } catch {
        return escaped("\(error)".replacing("\(folder)/", with: ""), limit: 500)
      }
    }
  }

  private static func text(_ root: Field, _ key: String) -> String? { try? root[key]?.string() }
}
