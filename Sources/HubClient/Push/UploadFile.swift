/// A file that is to be sent, with the sums by which a hub knows it.
internal import Files

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file of this disk, and its path in a repository.
public struct UploadFile: Sendable {
  /// In the repository.
  public let path: String
  public let size: Int
  let source: String
  /// As a large file.
  let sha256: String
  /// As a git blob.
  let blobID: String
  /// The first bytes, by which a hub tells text from data.
  let sample: [UInt8]

  /// Reads a file once, for its sums.
  init(_ source: String, as path: String) throws {
    let file = try Descriptor(source, O_RDONLY)
    let status = try file.status()
    guard status.isRegular else { throw FileFailure(source, "is not a regular file") }
    var (large, blob) = (Digest.largeFile, Digest.gitBlob(size: status.size))
    var (sample, count): ([UInt8], Int) = ([], 0)
    try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
      while case let got = try file.read(into: buffer), got > 0 {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
        if sample.count < 512 { sample += bytes.prefix(512 - sample.count) }
        large.update(bytes)
        blob.update(bytes)
        count += got
      }
    }
    guard count == status.size else { throw FileFailure(source, "changes while it is read") }
    self.source = source
    self.path = path
    size = count
    sha256 = large.hexadecimal
    blobID = blob.hexadecimal
    self.sample = sample
  }

  /// The files of a folder that are part of what it is.
  ///
  /// Left out are hidden files, and what an interrupted writer left.
  static func paths(in folder: String) throws -> [String] {
    var found: [String] = []
    // Links to folders could lead in a circle; no adapter is as deep as this.
    func visit(_ prefix: String, depth: Int) throws {
      guard depth < 16 else { throw FileFailure(folder + "/" + prefix, "is nested too deep") }
      for name in try namesInFolder(prefix.isEmpty ? folder : "\(folder)/\(prefix)") {
        guard !name.hasPrefix("."), !name.contains(".tmp-"), name != "__pycache__" else { continue }
        let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
        if sizeOfFile("\(folder)/\(path)") != nil {
          found.append(path)
        } else if (try? namesInFolder("\(folder)/\(path)")) != nil {
          try visit(path, depth: depth + 1)
        } else {
          throw FileFailure(
            "\(folder)/\(path)", "is neither a file nor a folder, or cannot be read")
        }
      }
    }
    try visit("", depth: 0)
    return found
  }
}
