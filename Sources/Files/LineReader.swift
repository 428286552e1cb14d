/// The lines of a file, or of standard input as they come.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Reads line by line: no more than one is in memory.
public struct LineReader: ~Copyable {
  /// What comes next.
  public enum Next: Sendable, Equatable {
    /// Without its end, LF or CR LF, the first without its byte order mark.
    case line([UInt8])
    /// A line over the limit, which was passed over.
    case tooLong
    /// Nothing is there yet.
    case nothingYet
    case end
  }

  private let file: Descriptor
  private let lengthLimit: Int
  private var buffer: [UInt8] = []
  /// Where the bytes that were not yet returned begin, and where no line end was looked for yet.
  private var start = 0, searched = 0
  private var isAtEnd = false
  /// Within a line over the limit, of which nothing is kept.
  private var isPassingOver = false
  /// The number of the line that was returned last, from 1.
  public private(set) var line = 0

  /// What a line may hold at most where nobody says; a file without line ends is no file of lines.
  public static let usualLengthLimit = 1 << 28

  /// Opens a file, or standard input where there is no path.
  ///
  /// - Parameters:
  ///   - path: the file's.
  ///   - lengthLimit: how many bytes a line may have.
  /// - Throws: ``FileFailure`` for a file that cannot be opened.
  public init(_ path: String?, lengthLimit: Int = usualLengthLimit) throws {
    self.init(
      try path.map { try Descriptor($0, O_RDONLY) } ?? Descriptor(duplicating: STDIN_FILENO),
      lengthLimit: lengthLimit)
  }

  init(_ file: consuming Descriptor, lengthLimit: Int) {
    self.file = file
    self.lengthLimit = lengthLimit
  }

  /// The file's name in messages.
  public var path: String { file.path }

  /// The next line; nil after the last.
  ///
  /// - Throws: ``FileFailure`` for a line over the limit.
  public mutating func next() throws -> [UInt8]? {
    switch try next(waiting: true) {
    case .line(let bytes): return bytes
    case .tooLong: throw lengthFailure
    case .nothingYet, .end: return nil
    }
  }

  /// What is wrong with the line that was too long.
  public var lengthFailure: FileFailure {
    FileFailure(path, at: "line \(line)", "is longer than \(lengthLimit) bytes")
  }

  /// The next line, or what else there is.
  ///
  /// - Parameter waiting: whether to wait for a line, as long as it takes; else what is not there
  ///   yet is ``Next/nothingYet``.
  /// - Returns: what came.
  /// - Throws: ``FileFailure`` for a file that cannot be read.
  public mutating func next(waiting: Bool) throws -> Next {
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        return ended(start..<end, next: end + 1)
      }
      searched = buffer.count
      if isPassingOver || searched - start > lengthLimit {
        isPassingOver = true
        start = searched
      }
      if isAtEnd {
        guard start < buffer.count || isPassingOver else { return .end }
        return ended(start..<buffer.count, next: buffer.count)
      }
      guard try waiting || file.hasInput else { return .nothingYet }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { bytes, filled in
        filled = try file.read(into: UnsafeMutableRawBufferPointer(bytes))
      }
      isAtEnd = chunk.isEmpty
      buffer += chunk
    }
  }

  private mutating func ended(_ range: Range<Int>, next: Int) -> Next {
    line += 1
    start = next
    searched = next
    defer { isPassingOver = false }
    guard !isPassingOver, range.count <= lengthLimit else { return .tooLong }
    var bytes = buffer[range]
    // A byte order mark, which some editors and spreadsheets write.
    if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    return .line(Array(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes))
  }

  /// The next line that is not empty as a JSON object, whose errors name the line.
  public mutating func nextObject() throws -> Field? {
    while let bytes = try next() {
      guard !Self.isBlank(bytes) else { continue }
      return try object(bytes)
    }
    return nil
  }

  /// Whether a line holds nothing but spaces.
  public static func isBlank(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
  }

  /// The line that was returned last as a JSON object, whose errors name the line.
  public func object(_ bytes: [UInt8]) throws -> Field {
    let json: JSON
    do {
      json = try JSON(parsing: bytes, path: path)
    } catch let failure as FileFailure {
      // The line was parsed as a file of its own, whose only line is the first.
      let place = failure.place.map { $0.hasPrefix("line 1, ") ? $0.dropFirst(8) : $0[...] }
      throw FileFailure(
        path, at: "line \(line)" + (place.map { ", \($0)" } ?? ""), failure.problem,
        hint: failure.hint ?? "each line must be a whole JSON object")
    }
    let field = Field(json, file: path, place: "line \(line), $")
    _ = try field.object()
    return field
  }
}

extension Descriptor {
  /// A second descriptor of one that is open; closing it leaves the first.
  init(duplicating original: Int32) throws {
    let number = dup(original)
    guard number >= 0 else { throw FileFailure("standard input", systemError: "cannot be read") }
    self.init(number: number, path: "standard input")
  }

  /// Whether reading gives something, or the end, without waiting.
  fileprivate var hasInput: Bool {
    get throws {
      var question = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      while true {
        let count = poll(&question, 1, 0)
        if count >= 0 { return count > 0 }
        guard errno == EINTR else { throw FileFailure(path, systemError: "cannot be read") }
      }
    }
  }
}
