/// The kinds of files and folders that can be verified.
internal import BaseModels
internal import Files

/// What a file or folder is meant to be.
public enum FileKind: String, Sendable, CaseIterable {
  case safetensors, torch, config, tokenizer, adapter, card, csv, jsonl, conll, squad, gguf, model

  /// Recognises a file or folder by what it is called, or else by what it holds.
  ///
  /// - Parameters:
  ///   - path: a file or folder.
  ///   - hint: what to do about one that is not known.
  /// - Throws: ``FileFailure`` when there is nothing, or nothing known.
  public init(
    recognising path: String, hint: String = "say it: --kind \(FileKind.allNames)"
  ) throws {
    guard fileExists(path) else { throw FileFailure(path, "no such file or folder") }
    let kind = isFolder(path) ? try Self.folder(path) : try Self.file(path)
    guard let kind else {
      throw FileFailure(path, "it is not clear what this is", hint: hint)
    }
    self = kind
  }

  /// Every kind, for messages.
  public static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

  private static func folder(_ path: String) throws -> FileKind? {
    let names = try namesInFolder(path)
    if names.contains("adapter_config.json") { return .adapter }
    if names.contains("config.json") { return .model }
    if names.contains("tokenizer.json") || names.contains("vocab.txt") { return .tokenizer }
    return names.contains { $0.hasSuffix(".index.json") } ? .safetensors : nil
  }

  private static func file(_ path: String) throws -> FileKind? {
    let name = lastPathComponent(path).lowercased()
    let byName: [String: FileKind] = [
      "config.json": .config, "tokenizer.json": .tokenizer, "vocab.txt": .tokenizer,
      "adapter_config.json": .adapter, "readme.md": .card,
    ]
    if let kind = byName[name] { return kind }
    let byExtension: [String: FileKind] = [
      "safetensors": .safetensors, "bin": .torch, "pt": .torch, "pth": .torch, "csv": .csv,
      "tsv": .csv, "jsonl": .jsonl, "ndjson": .jsonl, "conll": .conll, "iob": .conll,
      "iob2": .conll, "bio": .conll, "gguf": .gguf, "md": .card,
    ]
    let parts = name.split(separator: ".")
    if parts.count > 1, let kind = parts.last.flatMap({ byExtension[String($0)] }) { return kind }
    return try byContent(path)
  }

  private static func byContent(_ path: String) throws -> FileKind? {
    let file = try MappedFile(path)
    let start = [UInt8](file.bytes.prefix(16))
    if start.starts(with: Array("PK\u{3}\u{4}".utf8)) { return .torch }
    if start.starts(with: Array("GGUF".utf8)) { return .gguf }
    if start.count > 8, start[8] == UInt8(ascii: "{"), start[6...7].allSatisfy({ $0 == 0 }) {
      return .safetensors
    }
    let isJSON = start.first { $0 > 0x20 } == UInt8(ascii: "{") || path.hasSuffix(".json")
    guard isJSON else { return nil }
    let json = try JSON(parsing: file.bytes, path: path)
    if json["data"] != nil { return .squad }
    if json["model_type"] != nil { return .config }
    return json["model"] != nil || json["pre_tokenizer"] != nil ? .tokenizer : nil
  }
}

/// Whether a path leads to a folder.
private func isFolder(_ path: String) -> Bool { (try? namesInFolder(path)) != nil }
