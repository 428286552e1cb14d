/// Folders that tests write adapters into.
import Files
import Foundation
import Testing

/// A folder that is gone when the test is.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "adapter-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The names of what lies in a folder below.
  func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
  }

  /// Changes the object of a JSON file.
  func edit(_ file: String, _ change: (inout JSON.Object) -> Void) throws {
    guard case .object(var object) = try JSON(contentsOf: "\(path)/\(file)") else {
      Issue.record("\(file) is no object")
      return
    }
    change(&object)
    try writeAtomically(JSON.object(object).text(.indentedSorted), to: "\(path)/\(file)")
  }

  /// Changes the tensors of a safetensors file.
  func editTensors(_ file: String, _ change: (inout [String: NamedTensor]) -> Void) throws {
    var tensors = try TensorFile("\(path)/\(file)").tensors.mapValues {
      NamedTensor(name: $0.name, shape: $0.shape, floats: try $0.floats())
    }
    change(&tensors)
    try writeSafetensors(Array(tensors.values), to: "\(path)/\(file)")
  }
}
