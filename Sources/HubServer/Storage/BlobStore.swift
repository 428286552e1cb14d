/// Where the content of files is kept, by the SHA-256 of it.
internal import Files

/// Keeps files that never change, each once, under the SHA-256 of its content.
///
/// The registry asks for no more than this, so that another store (of objects, over a network) can
/// take the place of the folder.
protocol BlobStore: Sendable {
  /// A place to write a file whose content is not known yet.
  func receive() throws -> IncomingFile

  /// Keeps a file that has come whole; when this returns, a crash cannot lose it.
  ///
  /// The digest is the SHA-256 that was computed while the file was written.
  func keep(_ file: IncomingFile, digest: String) async throws

  /// Opens a file for reading.
  func open(_ digest: String) throws -> ReadableFile

  /// A path at which the content can be read, for tools that want one.
  func path(_ digest: String) -> String

  func contains(_ digest: String) -> Bool

  /// Calls a function for the digest, the size and the age in seconds of every file.
  func forEach(_ body: (_ digest: String, _ byteCount: Int, _ age: Double) throws -> Void) throws

  /// Removes a file; one that is not there is fine.
  func remove(_ digest: String) throws
}
