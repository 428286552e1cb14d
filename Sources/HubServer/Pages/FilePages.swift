/// The files of a repository: folders, and what is in a file.
internal import Files
internal import HTTPTypes
internal import HubClient
internal import Hummingbird

let filePages = [
  Endpoint(
    page: "/{repo}/tree/{revision}/{path...}", .seeRepository, "The files of a folder", showFolder),
  Endpoint(page: "/{repo}/blob/{revision}/{path...}", .readFiles, "What is in a file", showFile),
]

extension Call {
  /// The revision of the path as links name it: a branch or tag stays one.
  func revisionValues(_ revision: String, _ commit: String, kind: String, path: String) throws
    -> [String: Any]
  {
    let known = try repository()
    func entries(_ names: some Sequence<String>) -> [[String: Any]] {
      names.sorted().prefix(200).map { name in
        [
          "name": name, "isChosen": name == revision,
          "link": "/\(known.repository.fullName)/\(kind)/\(percentEncoded(name))"
            + (path.isEmpty ? "" : "/\(percentEncoded(path, keepingSlashes: true))"),
        ]
      }
    }
    return [
      "name": shortRevision(revision),
      "encoded": percentEncoded(revision), "commit": commit, "short": String(commit.prefix(8)),
      "branches": entries(known.branches.keys), "tags": entries(known.tags.keys),
      "hasTags": !known.tags.isEmpty,
    ]
  }

  /// The folders above a path, each with its link, and the last part alone.
  func crumbs(_ path: String, _ revision: String) throws -> (
    crumbs: [[String: Any]], last: String
  ) {
    let parts = path.split(separator: "/").map(String.init)
    let start = "/\(try repository().repository.fullName)/tree/\(percentEncoded(revision))"
    let crumbs = parts.dropLast().indices.map { index in
      [
        "name": parts[index],
        "link": start + "/"
          + percentEncoded(parts[...index].joined(separator: "/"), keepingSlashes: true),
      ] as [String: Any]
    }
    return (crumbs, parts.last ?? "")
  }
}

/// A commit by the beginning of its name; branches and tags as they are.
func shortRevision(_ revision: String) -> String {
  isCommitName(revision) ? String(revision.prefix(8)) : revision
}

private func showFolder(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let revision = try call.value("revision")
  let snapshot = try await call.snapshot(revision)
  var folder = call.values["path"] ?? ""
  while folder.hasSuffix("/") { folder.removeLast() }
  let inside = snapshot.files(below: folder)
  if inside.isEmpty, !folder.isEmpty {
    guard snapshot.file(folder) != nil else {
      throw Problem.noFile(folder, commit: snapshot.commit)
    }
    return .seeOther(
      "/\(repository.fullName)/blob/\(percentEncoded(revision))/"
        + percentEncoded(folder, keepingSlashes: true))
  }
  let entries = entries(of: inside, below: folder)
  let shown = entries.prefix(1000)
  let commits = try await call.registry.lastCommits(
    of: repository, from: snapshot.commit, paths: shown.prefix(200).map(\.path))
  let base = "/\(repository.fullName)"
  let encoded = percentEncoded(revision)

  var page = Page(
    "\(folder.isEmpty ? "Files" : folder) at \(shortRevision(revision)) · \(repository.fullName) · AdapterHub",
    "files")
  page.description = "The files of \(repository.fullName) at \(revision)."
  page.isIndexed = false
  let (crumbs, last) = try call.crumbs(folder, revision)
  page.values = [
    "repository": try await call.repositoryHead(
      try await call.registry.listed(repository), .files),
    "revision": try call.revisionValues(revision, snapshot.commit, kind: "tree", path: folder),
    "crumbs": crumbs, "folder": last, "isTop": folder.isEmpty,
    "root": "\(base)/tree/\(encoded)", "history": "\(base)/commits/\(encoded)",
    "isEmpty": entries.isEmpty, "total": byteText(inside.reduce(0) { $0 + $1.byteCount }),
    "fileCount": inside.count, "isOne": inside.count == 1,
    "left": entries.count > shown.count ? entries.count - shown.count : 0,
    "hasMore": entries.count > shown.count,
    "entries": shown.map { entry in
      let path = percentEncoded(entry.path, keepingSlashes: true)
      var values: [String: Any] = [
        "name": entry.name,
        "link": "\(base)/\(entry.file == nil ? "tree" : "blob")/\(encoded)/\(path)",
        "isFolder": entry.file == nil, "size": byteText(entry.byteCount),
        "isLarge": entry.file?.isLarge ?? false,
      ]
      if entry.file != nil {
        values["download"] = "\(base)/resolve/\(encoded)/\(path)?download=true"
      }
      if let commit = commits[entry.path] {
        values["commit"] =
          [
            "title": commit.title, "link": "\(base)/commit/\(commit.name)",
            "time": Moment(milliseconds: Int64(commit.time) * 1000).values,
          ] as [String: Any]
      }
      return values
    },
  ]
  return page.response(call)
}

private struct FolderEntry {
  let path: String
  let name: String
  /// Nil for a folder.
  let file: StoredFile?
  var byteCount: Int
}

/// What lies directly in a folder: folders first.
private func entries(of files: ArraySlice<StoredFile>, below folder: String) -> [FolderEntry] {
  let skipped = folder.isEmpty ? 0 : folder.utf8.count + 1
  var folders: [FolderEntry] = []
  var plain: [FolderEntry] = []
  for file in files {
    let rest = file.path.utf8.dropFirst(skipped)
    if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
      let name = String(rest[..<slash]) ?? ""
      if folders.last?.name == name {
        folders[folders.count - 1].byteCount += file.byteCount
      } else {
        folders.append(
          FolderEntry(
            path: folder.isEmpty ? name : "\(folder)/\(name)", name: name, file: nil,
            byteCount: file.byteCount))
      }
    } else {
      plain.append(
        FolderEntry(
          path: file.path, name: String(rest) ?? file.path, file: file, byteCount: file.byteCount))
    }
  }
  return folders + plain
}

// MARK: - A file

/// What is shown of text at most.
private let textLimit = 512 << 10

private func showFile(_ call: Call) async throws -> Response {
  let repository = try call.repository().repository
  let revision = try call.value("revision")
  let snapshot = try await call.snapshot(revision)
  let path = call.values["path"] ?? ""
  guard let file = snapshot.file(path) else {
    if !path.isEmpty, !snapshot.files(below: path).isEmpty {
      return .seeOther(
        "/\(repository.fullName)/tree/\(percentEncoded(revision))/"
          + percentEncoded(path, keepingSlashes: true))
    }
    throw Problem.noFile(path, commit: snapshot.commit)
  }
  let base = "/\(repository.fullName)"
  let encoded = percentEncoded(revision) + "/" + percentEncoded(path, keepingSlashes: true)
  let (crumbs, last) = try call.crumbs(path, revision)
  var page = Page(
    "\(path) at \(shortRevision(revision)) · \(repository.fullName) · AdapterHub", "file")
  page.description = "\(path) of \(repository.fullName) at \(revision)."
  page.isIndexed = false
  page.values = [
    "repository": try await call.repositoryHead(
      try await call.registry.listed(repository), .files),
    "revision": try call.revisionValues(revision, snapshot.commit, kind: "blob", path: path),
    "crumbs": crumbs, "file": last, "root": "\(base)/tree/\(percentEncoded(revision))",
    "size": byteText(file.byteCount), "digest": file.digest, "isLarge": file.isLarge,
    "raw": "\(base)/resolve/\(encoded)", "download": "\(base)/resolve/\(encoded)?download=true",
    "permanent": "\(base)/blob/\(snapshot.commit)/\(percentEncoded(path, keepingSlashes: true))",
    "canEdit": path == "README.md" && revision == "main",
  ]
  let place = MarkdownPlace(
    repository: repository.fullName, revision: revision,
    folder: path.split(separator: "/").dropLast().joined(separator: "/"))
  let view = try await fileView(call.hub, file, place, isSource: call.query.flag("source"))
  page.values.merge(view) { $1 }
  return page.response(call)
}

/// What a file holds, as far as it can be shown.
private func fileView(_ hub: HubCore, _ file: StoredFile, _ place: MarkdownPlace, isSource: Bool)
  async throws -> [String: Any]
{
  let name = file.path.lowercased()
  let stored = hub.blobs.path(file.digest)
  if name.hasSuffix(".safetensors") {
    let summary = try await hub.tensorSummaries.summary(of: file, at: stored)
    return ["tensors": summary.values]
  }
  if [".png", ".jpg", ".jpeg", ".gif", ".webp"].contains(where: name.hasSuffix) {
    return ["picture": true]
  }
  if [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"].contains(where: name.hasSuffix) {
    let found = try await onDisk {
      () throws -> (imports: [String], unexpected: [String], String?) in
      let scan = try PickleScan(file: stored)
      return (scan.imports, scan.unexpected, scan.problem)
    }
    var pickle: [String: Any] = [
      "imports": found.imports.prefix(200).map { name in
        ["name": name, "isUnexpected": found.unexpected.contains(name)] as [String: Any]
      }, "isSafe": found.unexpected.isEmpty && found.2 == nil,
    ]
    pickle["problem"] = found.2
    return ["pickle": pickle]
  }
  let text = try await text(hub, file, limit: textLimit)
  guard let text else { return ["binary": true] }
  var values: [String: Any] = ["isCut": file.byteCount > textLimit, "limit": byteText(textLimit)]
  if name.hasSuffix(".md") {
    values["canRender"] = true
    values["isSource"] = isSource
    if !isSource {
      let (body, frontMatter) = try await onDisk { () -> (SafeHTML, String) in
        let card = CardFile(text)
        return (
          renderMarkdown(card.body, at: place),
          card.frontMatter.isEmpty ? "" : JSON.object(card.frontMatter).text(.indentedSorted)
        )
      }
      values["markdown"] = body
      values["frontMatter"] = frontMatter.isEmpty ? nil : frontMatter
      return values
    }
  }
  values["lines"] = sourceLines(text)
  values["hasLines"] = true
  return values
}

/// The beginning of a file as text; nil where it is none.
func text(_ hub: HubCore, _ file: StoredFile, limit: Int) async throws -> String? {
  let stored = try hub.blobs.open(file.digest)
  return try await onDisk { () throws -> String? in
    var bytes = [UInt8](repeating: 0, count: min(limit, file.byteCount))
    var count = 0
    while count < bytes.count {
      let offset = count
      let read = try bytes.withUnsafeMutableBytes {
        try stored.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[offset...]))
      }
      guard read > 0 else { break }
      count += read
    }
    guard !bytes.contains(0) else { return nil }
    // The cut may fall within a character, which has 4 bytes at most.
    for dropped in 0...(file.byteCount > limit ? 3 : 0) {
      if let text = String(validating: bytes[..<max(0, count - dropped)], as: UTF8.self) {
        return text
      }
    }
    return nil
  }
}

/// The lines of a text with their numbers.
func sourceLines(_ text: String) -> [[String: Any]] {
  var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  if lines.last?.isEmpty ?? false { lines.removeLast() }
  return lines.prefix(20_000).enumerated().map { index, line in
    ["number": index + 1, "text": String(line.prefix(10_000))]
  }
}
