/// What a hub tells about a repository.
public import Files

/// A file of a repository at some commit, as a listing has it.
public struct RepositoryFile: Sendable, Hashable {
  /// Checked: relative, without `..`.
  public let path: String
  public let size: Int
  /// The git blob's SHA-1; of a large file that of its pointer.
  public let blobID: String
  /// The SHA-256 of a large file's bytes; nil for others.
  public let largeFileID: String?

  /// Checks what a hub says, because it names files of the cache.
  ///
  /// - Throws: ``FileFailure`` for a path that leads elsewhere, or an id that is none.
  init(path: Field, size: Field, blobID: Field, largeFileID: Field?) throws {
    self.path = try path.string()
    let parts = self.path.split(separator: "/", omittingEmptySubsequences: false)
    guard self.path.utf8.count <= 1024,
      parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }),
      !self.path.unicodeScalars.contains(where: { $0.value < 0x20 || $0 == "\\" })
    else { throw path.failure("is no path of a file: \(path.json.kind)") }
    self.size = try size.integer(in: 0...(1 << 50))
    self.blobID = try Self.hexadecimal(blobID, count: 40)
    self.largeFileID = try largeFileID.map { try Self.hexadecimal($0, count: 64) }
  }

  private static func hexadecimal(_ field: Field, count: Int) throws -> String {
    let text = try field.string()
    guard text.utf8.count == count, isHexadecimal(text) else {
      throw field.failure("expected \(count) hexadecimal digits, found \(field.json.kind)")
    }
    return text
  }

  /// The name of its bytes in a cache.
  public var etag: String { largeFileID ?? blobID }
}

/// Whether a text consists of the digits 0-9 and a-f alone.
func isHexadecimal(_ text: String) -> Bool {
  text.utf8.allSatisfy {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
  }
}

/// A repository at a commit.
public struct RepositoryInfo: Sendable {
  public let id: String
  /// What the revision meant when it was asked.
  public let commit: String
  /// Nil where the hub did not list them with their ids.
  public let files: [RepositoryFile]?
  public let summary: RepositorySummary

  init(_ field: Field) throws {
    summary = try RepositorySummary(field)
    id = summary.id
    let sha = try field.required("sha")
    commit = try sha.string()
    guard AdapterReference.isCommit(commit) else {
      throw sha.failure("expected a commit, found \(sha.json.kind)")
    }
    files = try field["siblings"].flatMap { siblings in
      let entries = try siblings.array()
      // Without `blobs=true`, and of some hubs with it too, only names come.
      guard entries.allSatisfy({ $0["blobId"] != nil && $0["size"] != nil }) else { return nil }
      return try entries.map { entry in
        try RepositoryFile(
          path: entry.required("rfilename"), size: entry.required("size"),
          blobID: entry.required("blobId"), largeFileID: entry["lfs"]?["sha256"])
      }
    }
  }
}

/// A repository in a listing.
public struct RepositorySummary: Sendable {
  public let id: String
  public let author: String?
  public let task: String?
  public let library: String?
  public let tags: [String]
  public let downloads: Int
  public let likes: Int
  public let lastModified: String?
  public let isPrivate: Bool
  /// Everything the hub said.
  public let json: JSON

  init(_ field: Field) throws {
    id = try (field["id"] ?? field.required("modelId")).string()
    author = try field["author"]?.string()
    task = try field["pipeline_tag"]?.string()
    library = try field["library_name"]?.string()
    tags = try field["tags"]?.array().map { try $0.string() } ?? []
    downloads = try field["downloads"]?.integer() ?? 0
    likes = try field["likes"]?.integer() ?? 0
    lastModified = try field["lastModified"]?.string()
    isPrivate = try field["private"]?.bool() ?? false
    json = field.json
  }

  /// The model it was trained on, where its tags say so.
  public var baseModel: String? {
    let prefixes = ["base_model:adapter:", "base_model:"]
    for prefix in prefixes {
      if let tag = tags.first(where: { $0.hasPrefix(prefix) }) {
        return String(tag.dropFirst(prefix.count))
      }
    }
    return nil
  }
}

/// Who a token belongs to.
public struct Account: Sendable {
  public let name: String
  public let fullName: String?
  public let organizations: [String]
  /// What the token is called, and what it may do: read, write.
  public let tokenName: String?
  public let role: String?

  init(_ field: Field) throws {
    name = try field.required("name").string()
    fullName = try field["fullname"]?.string()
    organizations = try field["orgs"]?.array().compactMap { try $0["name"]?.string() } ?? []
    let token = field["auth"]?["accessToken"]
    tokenName = try token?["displayName"]?.string()
    role = try token?["role"]?.string()
  }
}
