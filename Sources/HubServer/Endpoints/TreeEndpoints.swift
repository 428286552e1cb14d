/// The files of a commit: listed, and looked up by path.
internal import Files
internal import HubClient
internal import Hummingbird

let treeEndpoints = [
  Endpoint(
    .get, "/api/models/{repo}/tree/{revision}/{path...}", .seeRepository, "The files of a folder",
    query: [
      ("recursive", "boolean", "Whether folders within are listed too"),
      ("expand", "boolean", "Whether the last commit is told"),
      ("limit", "integer", "How many entries a page has"),
      ("cursor", "string", "Where a page begins, from the Link of the one before"),
    ], listTree),
  Endpoint(
    .post, "/api/models/{repo}/paths-info/{revision}", .seeRepository,
    "What is at some paths", body: .form(["paths": "array", "expand": "boolean"]), pathsInfo),
]

/// One line of a listing: a file, or a folder with its path.
private enum TreeEntry {
  case file(StoredFile)
  case folder(String)

  var path: String {
    switch self {
    case .file(let file): file.path
    case .folder(let path): path
    }
  }
}

private func json(_ entry: TreeEntry, _ tree: GitTree?, lastCommit: GitCommit?) -> JSON {
  var json: JSON.Object
  switch entry {
  case .folder(let path):
    json = JSON.Object([
      ("type", "directory"), ("oid", .string(tree?.folders[path] ?? "")), ("size", 0),
      ("path", .string(path)),
    ])
  case .file(let file):
    json = JSON.Object([
      ("type", "file"), ("oid", .string(file.name)), ("size", .integer(file.byteCount)),
      ("path", .string(file.path)),
    ])
    if file.isLarge { json["lfs"] = file.largeFileJSON }
  }
  if let lastCommit {
    json["lastCommit"] = [
      "id": .string(lastCommit.name), "title": .string(lastCommit.title),
      "date": .string(Moment(milliseconds: Int64(lastCommit.time) * 1000).text),
    ]
  }
  return .object(json)
}

private func listTree(_ call: Call) async throws -> Response {
  let snapshot = try await call.snapshot(call.value("revision"))
  var folder = call.values["path"] ?? ""
  while folder.hasSuffix("/") { folder.removeLast() }
  let inside = snapshot.files(below: folder)
  if inside.isEmpty, !folder.isEmpty {
    guard let file = snapshot.file(folder) else {
      throw Problem.noFile(folder, commit: snapshot.commit)
    }
    return .json(.array([json(.file(file), nil, lastCommit: nil)]))
  }
  let isRecursive = call.query.flag("recursive")
  let skipped = folder.isEmpty ? 0 : folder.utf8.count + 1
  var entries: [TreeEntry] = []
  var folders: Set<String> = []
  for file in inside {
    // Every folder on the way is an entry of its own, before what it holds.
    let bytes = Array(file.path.utf8)
    var isDeeper = false
    for (index, byte) in bytes.enumerated() where index >= skipped && byte == UInt8(ascii: "/") {
      let path = String(decoding: bytes[..<index], as: UTF8.self)
      if folders.insert(path).inserted { entries.append(.folder(path)) }
      isDeeper = true
      if !isRecursive { break }
    }
    if isRecursive || !isDeeper { entries.append(.file(file)) }
  }
  // Only the tree knows what git calls a folder.
  let tree = folders.isEmpty ? nil : GitTree(snapshot.files.map { ($0.path, $0.name) })
  let expands = call.query.flag("expand")
  let limit = try min(max(1, call.query.integer("limit") ?? (expands ? 50 : 1000)), 1000)
  var start = 0
  if let cursor = call.query["cursor"], let bytes = bytes(hexadecimal: cursor) {
    let last = String(decoding: bytes, as: UTF8.self)
    start = (entries.firstIndex { $0.path == last } ?? -1) + 1
  }
  let page = entries[min(start, entries.count)...].prefix(limit)
  var lastCommits: [String: GitCommit] = [:]
  if expands {
    lastCommits = try await call.registry.lastCommits(
      of: call.repository().repository, from: snapshot.commit, paths: page.map(\.path))
  }
  var response = Response.json(
    .array(page.map { json($0, tree, lastCommit: expands ? lastCommits[$0.path] : nil) }))
  if page.endIndex < entries.count, let last = page.last {
    response.headers[.link] = call.nextLink(cursor: hexadecimal(last.path.utf8))
  }
  response.headers[.repositoryCommit] = snapshot.commit
  return response
}

private func pathsInfo(_ call: Call) async throws -> Response {
  let form = try await call.form()
  let snapshot = try await call.snapshot(call.value("revision"))
  let expands = form.flag("expand")
  let paths = form.all("paths")
  guard paths.count <= 1000 else { throw Problem.tooLarge("Ask for 1000 paths at most") }
  var entries: [TreeEntry] = []
  for path in paths {
    if let file = snapshot.file(path) {
      entries.append(.file(file))
    } else if !snapshot.files(below: path).isEmpty, !path.isEmpty {
      entries.append(.folder(path))
    }
  }
  let tree = GitTree(snapshot.files.map { ($0.path, $0.name) })
  var lastCommits: [String: GitCommit] = [:]
  if expands {
    lastCommits = try await call.registry.lastCommits(
      of: call.repository().repository, from: snapshot.commit, paths: entries.map(\.path))
  }
  return .json(
    .array(entries.map { json($0, tree, lastCommit: expands ? lastCommits[$0.path] : nil) }))
}

extension Call {
  /// The header that leads to the next page of this list.
  func nextLink(cursor: String) -> String {
    let target = request.head.path ?? "/"
    let path = target.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
    let items =
      query.items.filter { $0.name != "cursor" }.map {
        "\(percentEncoded($0.name))=\(percentEncoded($0.value))"
      } + ["cursor=\(percentEncoded(cursor))"]
    return "<\(baseURL)\(path)?\(items.joined(separator: "&"))>; rel=\"next\""
  }
}

extension Registry {
  /// For each path, the newest commit that changed what is there.
  func lastCommits(of repository: Repository, from commit: String, paths: [String]) async throws
    -> [String: GitCommit]
  {
    var found: [String: GitCommit] = [:]
    var open = Set(paths)
    func isSame(_ a: Snapshot?, _ b: Snapshot?, _ path: String) -> Bool {
      if let file = a?.file(path) { return b?.file(path)?.name == file.name }
      let (inA, inB) = (a?.files(below: path) ?? [], b?.files(below: path) ?? [])
      return inA.elementsEqual(inB) { $0.name == $1.name && $0.path == $1.path }
    }
    // A long history is followed so far and no further; what is left has its oldest commit.
    let history = try await history(of: repository, from: commit, limit: 100)
    for (index, commit) in history.enumerated() where !open.isEmpty {
      try Task.checkCancellation()
      let after = try await snapshot(repository, commit: commit.name)
      let before =
        index + 1 < history.count
        ? try await snapshot(repository, commit: history[index + 1].name) : nil
      for path in open where !isSame(after, before, path) {
        found[path] = commit
        open.remove(path)
      }
    }
    for path in open { found[path] = history.last }
    return found
  }
}
