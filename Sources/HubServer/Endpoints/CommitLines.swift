/// The lines of a commit's request, whose file contents never come into memory whole.
internal import Files

/// Takes a stream of JSON lines apart into small objects and the contents they carry.
///
/// A line is `{"key": "file", "value": {"content": "<base64>", "path": …}}`, and its content may be
/// hundreds of megabytes. So the text is scanned byte by byte, just far enough to know when
/// `value.content` begins and ends; what is between goes out as it comes, and the rest of the line
/// stays and is parsed when it is whole.
struct CommitLines {
  enum Event: Equatable {
    /// Some of the content of the line that is being read.
    case content([UInt8])
    /// A line has ended; its content, if it had one, reads `""`.
    case line(JSON, hadContent: Bool)
  }

  /// How long a line may be without its content.
  static let lineLimit = 1 << 20

  private var line: [UInt8] = []
  private var lineNumber = 1
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  /// Where in `line` the last string began; it may turn out to be a key.
  private var stringStart = 0
  private var lastString: ArraySlice<UInt8> = []
  /// The keys on the way to here, by depth.
  private var keys: [ArraySlice<UInt8>] = []
  private var isValueNext = false
  private var isInContent = false
  private var hadContent = false
  /// The last byte of content was a backslash.
  private var isContentEscaped = false
  private var decoder = Base64Decoder()

  /// Takes the next bytes of the request.
  ///
  /// - Throws: `Problem` naming the line, for what is no JSON or no base64, or is too long.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ emit: (Event) throws -> Void) throws {
    var index = 0
    while index < bytes.count {
      if isInContent {
        index = try takeContent(bytes, from: index, emit)
        continue
      }
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\n") {
        try endLine(emit)
        continue
      }
      line.append(byte)
      guard line.count <= Self.lineLimit else {
        throw Problem.tooLarge("Line \(lineNumber) is longer than \(Self.lineLimit) bytes")
      }
      scan(byte)
    }
  }

  /// Ends the request: what is left is its last line.
  mutating func finish(_ emit: (Event) throws -> Void) throws {
    guard !isInContent else {
      throw Problem.badRequest("Line \(lineNumber): the request ended within a file's content")
    }
    try endLine(emit)
  }

  /// Keeps track of strings, keys and depth.
  private mutating func scan(_ byte: UInt8) {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        lastString = line[stringStart..<(line.count - 1)]
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      stringStart = line.count
      if isValueNext, depth == 2, keys.count == 2, keys[0].elementsEqual("value".utf8),
        keys[1].elementsEqual("content".utf8)
      {
        isInContent = true
        isInString = false
        hadContent = true
      }
      isValueNext = false
    case UInt8(ascii: ":"):
      // Keys deeper than two are of no interest; the first two are all that are kept.
      if depth >= 1, depth <= 2 {
        keys = Array(keys.prefix(depth - 1)) + [lastString]
      }
      isValueNext = true
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      isValueNext = false
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      depth -= 1
      keys = Array(keys.prefix(max(0, depth)))
      isValueNext = false
    case UInt8(ascii: ","): isValueNext = false
    default: break
    }
  }

  /// Decodes content up to its closing quote, or as far as there is some.
  private mutating func takeContent(
    _ bytes: UnsafeRawBufferPointer, from start: Int, _ emit: (Event) throws -> Void
  ) throws -> Int {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
    // The one escape that writers of JSON use within base64 is that of the slash.
    let wasEscaped = isContentEscaped
    isContentEscaped = false
    let end = rest.dropFirst(wasEscaped ? 1 : 0).firstIndex {
      $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
    }
    var output: [UInt8] = []
    output.reserveCapacity((end ?? rest.count) / 4 * 3 + 4)
    do {
      guard !wasEscaped || rest.first == UInt8(ascii: "/") else { throw Base64Decoder.Failure() }
      try decoder.decode(
        UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)]), into: &output)
      guard let end else {
        if !output.isEmpty { try emit(.content(output)) }
        return bytes.count
      }
      if rest[end] == UInt8(ascii: "\\") {
        isContentEscaped = true
        if !output.isEmpty { try emit(.content(output)) }
        return start + end + 1
      }
      try decoder.finish(into: &output)
      if !output.isEmpty { try emit(.content(output)) }
      isInContent = false
      // The line goes on as if the content had been empty.
      line.append(UInt8(ascii: "\""))
      return start + end + 1
    } catch is Base64Decoder.Failure {
      throw Problem.badRequest("Line \(lineNumber): the content is not base64")
    }
  }

  private mutating func endLine(_ emit: (Event) throws -> Void) throws {
    defer {
      lineNumber += 1
      line.removeAll(keepingCapacity: true)
      (depth, isInString, isEscaped, isValueNext, hadContent) = (0, false, false, false, false)
      keys = []
      lastString = []
    }
    guard line.contains(where: { $0 != 32 && $0 != 9 && $0 != 13 }) else { return }
    do {
      let json = try JSON(parsing: line, path: "line \(lineNumber)")
      try emit(.line(json, hadContent: hadContent))
    } catch let failure as FileFailure {
      throw Problem.badRequest("\(failure)")
    }
  }
}
