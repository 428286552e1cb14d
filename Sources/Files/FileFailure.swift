/// What is wrong with a file, where, and the likely cure: the one error of all that reads input.
///
/// It reads as one line, `weights.safetensors: tensor query.weight: 12 bytes short (download it
/// again)`, so that a command can print it as it is.
public struct FileFailure: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file or folder as the caller named it.
  public let path: String
  /// A line and column, a byte offset, a JSON path or a tensor's name.
  public let place: String?
  /// What was found, and what was expected.
  public let problem: String
  /// The likely cure, where the cause is a common one.
  public let hint: String?
  /// Whether there was no room for what was to be written.
  package var isDiskFull = false

  public init(_ path: String, at place: String? = nil, _ problem: String, hint: String? = nil) {
    self.path = path
    self.place = place
    self.problem = problem
    self.hint = hint
  }

  public var description: String {
    let location = place.map { "\(escaped(path)): \(escaped($0))" } ?? escaped(path)
    return "\(location): \(problem)" + (hint.map { " (\($0))" } ?? "")
  }
}

extension FileFailure {
  /// What a file is that was meant to be another: the cause of most unreadable downloads.
  ///
  /// The bytes are the file's, or its first ones.
  static func likelyCause(_ bytes: UnsafeRawBufferPointer) -> String? {
    let start = String(decoding: bytes.prefix(256), as: UTF8.self)
    let trimmed = start.drop { $0.isWhitespace }.lowercased()
    if bytes.isEmpty { return "the file is empty; download or save it again" }
    if trimmed.hasPrefix("version https://git-lfs.github.com/spec/") {
      return "this is a git-lfs pointer; run `git lfs pull`"
    }
    if trimmed.hasPrefix("<!doctype html") || trimmed.hasPrefix("<html") {
      return "this is an HTML page, the download failed; download it again"
    }
    return bytes.allSatisfy { $0 == 0 }
      ? "the file holds nothing but zero bytes; download it again" : nil
  }
}

/// `1 byte`, `12 bytes`.
func byteCount(_ count: some BinaryInteger) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

/// A text from a file, quoted and cut for an error message.
///
/// Messages stay readable whatever
/// a hostile file holds.
package func quoted(_ text: some StringProtocol) -> String { "\"\(escaped(text, limit: 80))\"" }

/// Whether a character that is not shown changes how others are.
///
/// It turns their direction, or hides between them. Joiners, which some scripts and pictures are written
/// with, do not.
private func isMisleading(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x061C, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF: true
  case 0xE0000...0xE007F: true
  default: false
  }
}

/// A text from a file or a command line that fits in one line, and does nothing to a terminal.
///
/// - Parameters:
///   - text: whatever it is.
///   - limit: how many of its code points to show at most.
/// - Returns: the text, control characters and line separators as `\u{1b}`.
public func escaped(_ text: some StringProtocol, limit: Int = .max) -> String {
  // Most texts are plain, and there may be a million of them.
  let isPlain = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
  if isPlain, limit == .max || text.utf8.count <= limit { return String(text) }
  let shown = text.unicodeScalars.prefix(limit).map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator,
      .format where isMisleading(scalar):
      "\\u{\(String(scalar.value, radix: 16))}"
    default: String(scalar)
    }
  }
  return shown.joined() + (text.unicodeScalars.count > limit ? "…" : "")
}
