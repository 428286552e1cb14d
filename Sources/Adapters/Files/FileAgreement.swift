/// Whether the files of a folder that hold the same tensors do so.
internal import Files

/// Reads every file of tensors in an adapter's folder, and compares those of the same thing.
///
/// A loader reads one of `adapter.safetensors` and `pytorch_adapter.bin`, another program the other.
///
/// - Throws: ``FileFailure`` for a file that cannot be read, or that says other than its twin.
func checkFilesAgree(in folder: String) throws {
  // By the folder's list: a link that leads nowhere is there, and broken.
  let present = Set(try namesInFolder(folder))
  for names in [TensorFile.adapterNames, TensorFile.headNames] {
    let files = try names.filter { present.contains($0) }.map { try TensorFile("\(folder)/\($0)") }
    guard let first = files.first else { continue }
    for other in files.dropFirst() { try other.checkAgrees(with: first) }
  }
}

extension TensorFile {
  fileprivate func checkAgrees(with other: TensorFile) throws {
    let isRead: (String) -> Bool = { !AdapterMethods.isRepetition($0) }
    let (names, otherNames) = (names.filter(isRead), other.names.filter(isRead))
    let otherFile = other.path.split(separator: "/").last ?? ""
    let hint = "one of the two is of another training, or damaged; save the adapter again"
    for (file, missing) in [
      (self, otherNames.filter { tensors[$0] == nil }),
      (other, names.filter { other.tensors[$0] == nil }),
    ] {
      guard let name = missing.first else { continue }
      let twin = (file.path == path ? other.path : path).split(separator: "/").last ?? ""
      throw FileFailure(
        file.path, at: "tensor \(escaped(name, limit: 200))", "is missing, and \(twin) has it",
        hint: hint)
    }
    for name in names {
      guard let mine = tensors[name], let theirs = other.tensors[name] else { continue }
      let place = "tensor \(escaped(name, limit: 200))"
      guard mine.shape == theirs.shape else {
        throw FileFailure(
          path, at: place,
          "has shape \(mine.shape), and in \(otherFile) it has \(theirs.shape)", hint: hint)
      }
      guard try mine.hasSameValues(as: theirs) else {
        throw FileFailure(
          path, at: place, "holds other values than in \(otherFile)", hint: hint)
      }
    }
  }
}
