/// What files a commit has, kept beside it: a commit never changes, so one answer is enough.
internal import Files

extension CachedRepository {
  /// The list as it was stored; nil where there is none that can be used.
  func files(of commit: String) -> [RepositoryFile]? {
    let path = tree(commit)
    guard fileExists(path), let json = try? JSON(contentsOf: path),
      json["format_version"] == 1
    else { return nil }
    let root = Field(json, file: path)
    return try? root.required("files").object().map { name, entry in
      try RepositoryFile(
        path: entry.replacing(.string(name)), size: entry["lfs_size"] ?? entry.required("size"),
        blobID: entry.required("blob_id"), largeFileID: entry["lfs_sha256"])
    }
  }

  /// Stores a list in the Python client's form.
  func record(_ files: [RepositoryFile], of commit: String) throws {
    let path = tree(commit)
    guard self.files(of: commit) == nil else { return }
    let entries = files.sorted { $0.path < $1.path }.map { file -> (String, JSON) in
      var entry: JSON.Object = ["size": .integer(file.size), "blob_id": .string(file.blobID)]
      if let sum = file.largeFileID {
        entry["lfs_sha256"] = .string(sum)
        entry["lfs_size"] = .integer(file.size)
      }
      return (file.path, .object(entry))
    }
    try makeFolder(parent(of: path))
    let json: JSON = ["format_version": 1, "files": .object(JSON.Object(entries))]
    try noteAtomically(json.text(.compact), to: path)
  }
}
