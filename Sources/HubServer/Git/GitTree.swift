/// A commit's files as git's tree objects: one per folder, named by what it holds.

/// The folders of a set of files, with git's names for them.
struct GitTree: Sendable {
  /// The name of the folder above all.
  let root: String
  /// The bytes of every tree object, by its name.
  let objects: [String: [UInt8]]
  /// The name of every folder's tree, by its path without a slash at the end; the root's is "".
  let folders: [String: String]

  /// - Parameter files: path and git's name of the content, sorted by the bytes of the path.
  init(_ files: [(path: String, name: String)]) {
    var objects: [String: [UInt8]] = [:]
    var folders: [String: String] = [:]
    root = Self.build(
      files.map { (Array($0.path.utf8), $0.name) }[...], prefix: 0, &objects, &folders)
    self.objects = objects
    self.folders = folders
  }

  private struct Entry {
    let name: ArraySlice<UInt8>
    let object: String
    let isFolder: Bool
    /// Git sorts a folder as if its name ended in a slash.
    var sortKey: [UInt8] { Array(name) + (isFolder ? [UInt8(ascii: "/")] : []) }
  }

  /// Builds the tree of files that share the first `prefix` bytes of their paths.
  private static func build(
    _ files: ArraySlice<(path: [UInt8], name: String)>, prefix: Int,
    _ objects: inout [String: [UInt8]], _ folders: inout [String: String]
  ) -> String {
    var entries: [Entry] = []
    var index = files.startIndex
    while index < files.endIndex {
      let rest = files[index].path[prefix...]
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else {
        entries.append(Entry(name: rest, object: files[index].name, isFolder: false))
        index += 1
        continue
      }
      let folder = rest[..<slash]
      // Sorted paths bring what lies in one folder together.
      var end = index
      while end < files.endIndex, files[end].path.count > slash,
        files[end].path[slash] == UInt8(ascii: "/"), files[end].path[prefix..<slash] == folder
      {
        end += 1
      }
      let object = build(files[index..<end], prefix: slash + 1, &objects, &folders)
      entries.append(Entry(name: folder, object: object, isFolder: true))
      index = end
    }
    entries.sort { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
    var content: [UInt8] = []
    for entry in entries {
      content += (entry.isFolder ? "40000 " : "100644 ").utf8
      content += entry.name
      content.append(0)
      content += bytes(hexadecimal: entry.object) ?? []
    }
    let name = GitObject.name("tree", content)
    objects[name] = content
    let path = files.first.map { String(decoding: $0.path[..<max(0, prefix - 1)], as: UTF8.self) }
    folders[path ?? ""] = name
    return name
  }

  /// What a tree object's bytes hold.
  static func entries(_ content: [UInt8]) -> [(name: String, object: String, isFolder: Bool)] {
    var entries: [(String, String, Bool)] = []
    var rest = content[...]
    while let space = rest.firstIndex(of: UInt8(ascii: " ")),
      let end = rest[space...].firstIndex(of: 0), rest.endIndex - end > 20
    {
      entries.append(
        (
          String(decoding: rest[(space + 1)..<end], as: UTF8.self),
          hexadecimal(rest[(end + 1)...(end + 20)]), rest.first == UInt8(ascii: "4")
        ))
      rest = rest[(end + 21)...]
    }
    return entries
  }
}
