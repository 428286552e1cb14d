/// Reading a file or folder whole, as the loaders would, to learn whether it is good.
internal import BaseModels
internal import Datasets
internal import Files
internal import Tokenization

/// Reads everything and says what it is.
///
/// - Parameters:
///   - path: a file or folder
///   - kind: nil to recognise it.
///   - model: a base model's folder, or its `config.json`, that an adapter must fit.
/// - Returns: a line for people: `3 tensors, 24 bytes`.
/// - Throws: ``FileFailure`` naming what is wrong, where.
public func verify(_ path: String, as kind: FileKind? = nil, model: String? = nil) throws -> String
{
  let path = withoutTrailingSlashes(path)
  let kind = try kind ?? FileKind(recognising: path)
  return try "\(kind.rawValue): \(escaped(kind.verified(path, model: model)))"
}

extension FileKind {
  fileprivate func verified(_ path: String, model: String?) throws -> String {
    switch self {
    case .safetensors: return try safetensors(path)
    case .torch: return tensors(try TensorFile(torch: path).tensors.values)
    case .config: return try configuration(path)
    case .tokenizer: return try tokenizer(path)
    case .adapter: return try adapter(path, model)
    case .csv: return try table(path, path.lowercased().hasSuffix(".tsv") ? "tsv" : "csv")
    case .jsonl: return try table(path, "jsonl")
    case .conll: return rows(try Dataset.tokenClassification(path, as: "conll").rows, "sentence")
    case .squad: return rows(try Dataset.questionAnswering(path, as: "json").rows, "question")
    case .model: return try baseModel(path)
    case .card, .gguf:
      throw FileFailure(path, "files of kind \(rawValue) cannot be verified in this version")
    }
  }

  /// A file, or a folder of shards with their index.
  private func safetensors(_ path: String) throws -> String {
    let isFile = (try? namesInFolder(path)) == nil
    return tensors(
      isFile
        ? try TensorFile(safetensors: path).tensors.values
        : try Checkpoint(folder: path).tensors.values)
  }

  private func configuration(_ path: String) throws -> String {
    let json = try JSON(contentsOf: path)
    // They have a `model_type` too, and would pass for a model of nothing but default sizes.
    guard json["config"] == nil, json["model_class"] == nil else {
      throw FileFailure(
        path, "is the configuration of an adapter or of its head, not of a model",
        hint: "verify the folder it lies in")
    }
    return describe(try BaseShape(configuration: path))
  }

  private func tokenizer(_ path: String) throws -> String {
    let tokenizer =
      if (try? namesInFolder(path)) != nil {
        try Tokenizer(folder: path)
      } else if path.hasSuffix(".txt") {
        try Tokenizer(vocabulary: path)
      } else {
        try Tokenizer(tokenizerJSON: path)
      }
    return "\(tokenizer.vocabularyCount) tokens"
  }

  private func adapter(_ path: String, _ model: String?) throws -> String {
    let file = "/adapter_config.json"
    let folder = path.hasSuffix(file) ? String(path.dropLast(file.count)) : path
    let base = try model.map { try BaseShape(folderOrConfiguration: $0) }
    if let base { _ = try Adapter(folder: folder, for: base) }
    try checkFilesAgree(in: folder)
    let inspection = try AdapterInspection(folder: folder, base: base)
    if let broken = inspection.broken.first {
      throw FileFailure(
        folder, at: "tensor \(broken.name)", "holds NaN or infinity",
        hint: "the training that wrote it diverged, or the file is damaged")
    }
    let unchecked = model == nil ? "; its fit is checked with --model" : ""
    return "\(inspection.configuration.name), \(inspection.method), "
      + "\(counted(inspection.parameterCount, "parameter"))\(unchecked)"
  }

  /// Texts with labels, tokens with tags, or questions: what the first row says it is.
  private func table(_ path: String, _ suffix: String) throws -> String {
    var lines = try LineReader(path)
    let first = String(decoding: try lines.next() ?? [], as: UTF8.self)
    if first.contains("question"), first.contains("context") {
      return rows(try Dataset.questionAnswering(path, as: suffix).rows, "question")
    }
    return first.contains("tokens") && first.contains("tags")
      ? rows(try Dataset.tokenClassification(path, as: suffix).rows, "sentence")
      : rows(try Dataset.textClassification(path, as: suffix).rows, "labelled text")
  }

  private func baseModel(_ path: String) throws -> String {
    let base = try BaseModel(folder: path)
    let hasTokenizer = ["tokenizer.json", "vocab.txt"].contains { fileExists("\(path)/\($0)") }
    let tokenizer = hasTokenizer ? try Tokenizer(folder: path) : nil
    return describe(base.shape)
      + (tokenizer.map { ", a tokenizer of \($0.vocabularyCount) tokens" } ?? ", no tokenizer")
  }
}

private func describe(_ shape: BaseShape) -> String {
  let d = shape.traits
  return "\(d.modelType), \(counted(d.layers, "layer")) of width \(d.width), "
    + "\(counted(shape.parameterCount, "parameter"))"
}

private func tensors(_ tensors: some Collection<StoredTensor>) -> String {
  "\(counted(tensors.count, "tensor")), "
    + counted(tensors.reduce(0) { $0 + $1.byteCount }, "byte")
}

private func rows(_ rows: some Collection, _ noun: String) -> String { counted(rows.count, noun) }

/// `1 tensor`, `3 tensors`.
private func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
