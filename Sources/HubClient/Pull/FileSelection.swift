/// Which of a repository's files are worth having.

/// A choice among the files of a repository.
public enum FileSelection: Sendable, Equatable {
  /// What the programs here read: one form of the weights, and everything small beside it.
  case needed
  case everything

  /// The files of a list that are chosen, in its order.
  func chosen(of files: [RepositoryFile]) -> [RepositoryFile] {
    guard self == .needed else { return files }
    let paths = Set(files.map(\.path))
    // An adapter's folder is small, and every file of it belongs to it.
    if paths.contains("adapter_config.json") { return files }
    let hasSafetensors = paths.contains { path in
      path == "model.safetensors" || path == "model.safetensors.index.json"
    }
    return files.filter { file in
      let isOther = Self.otherForms.contains { file.path.hasSuffix($0) }
      let isDuplicate =
        hasSafetensors && !file.path.contains("/")
        && (file.path.hasPrefix("pytorch_model") || file.path == "model.bin")
      let isExport = file.path.firstIndex(of: "/").map { slash in
        Self.exportFolders.contains(String(file.path[..<slash]))
      }
      return !isOther && !isDuplicate && isExport != true
    }
  }

  /// The same weights for other programs.
  private static let otherForms = [
    ".h5", ".msgpack", ".ot", ".onnx", ".onnx_data", ".tflite", ".mlmodel", ".gguf", ".ckpt.index",
    ".ckpt.meta",
  ]
  private static let exportFolders: Set = ["onnx", "openvino", "coreml", "tflite"]
}
