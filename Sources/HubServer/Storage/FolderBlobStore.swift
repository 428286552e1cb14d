/// Blobs in a folder: `blobs/ab/cd/abcd…`, 65,536 folders for any number of files.
internal import Files
internal import Foundation

/// A folder of files named by their content.
struct FolderBlobStore: BlobStore {
  let folder: String

  /// Opens the store and removes what was half written when the process before ended.
  ///
  /// Only the process that holds the data folder's lock may do this.
  init(folder: String) throws {
    self.folder = folder
    try makeFolderDurably("\(folder)/blobs")
    try makeFolderDurably("\(folder)/incoming")
    for name in try namesInFolder("\(folder)/incoming") {
      // Files of uploads, and folders in which adapters were being inspected.
      try removeFolder("\(folder)/incoming/\(name)")
    }
  }

  func receive() throws -> IncomingFile { try IncomingFile(in: "\(folder)/incoming") }

  func keep(_ file: IncomingFile, digest: String) async throws {
    // The same content may be there already. Replacing it costs a rename and is always right: the
    // one that is there may be about to be swept.
    try await file.place(at: path(digest))
  }

  func open(_ digest: String) throws -> ReadableFile { try ReadableFile(path(digest)) }

  func contains(_ digest: String) -> Bool { fileExists(path(digest)) }

  func path(_ digest: String) -> String { Self.path(in: folder, digest) }

  /// Where a content is in a folder that holds blobs: a store's, or a backup's.
  static func path(in folder: String, _ digest: String) -> String {
    "\(folder)/blobs/\(digest.prefix(2))/\(digest.dropFirst(2).prefix(2))/\(digest)"
  }

  func forEach(_ body: (_ digest: String, _ byteCount: Int, _ age: Double) throws -> Void) throws {
    let now = Date()
    let manager = FileManager.default
    for first in try namesInFolder("\(folder)/blobs") {
      for second in try namesInFolder("\(folder)/blobs/\(first)") {
        for name in try namesInFolder("\(folder)/blobs/\(first)/\(second)") {
          let path = "\(folder)/blobs/\(first)/\(second)/\(name)"
          // A file may be removed while the folder is read.
          guard let attributes = try? manager.attributesOfItem(atPath: path) else { continue }
          let changed = attributes[.modificationDate] as? Date ?? now
          try body(
            name, attributes[.size] as? Int ?? 0, now.timeIntervalSince(changed))
        }
      }
    }
  }

  func remove(_ digest: String) throws { try removeFile(path(digest)) }
}
