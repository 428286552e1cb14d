#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The lines of a file, or of standard input as they come: no more than one is in memory.
public struct LineReader: ~Copyable {
  private let file: Descriptor
  private var buffer: [UInt8] = []
  /// Where the bytes that were not yet returned begin.
  private var start = 0
  private var isAtEnd = false
  /// The number of the line that was returned last, from 1.
  public private(set) var line = 0

  /// What a line may hold at most; a file without line ends is no file of lines.
  private static let lengthLimit = 1 << 28

  /// Opens a file, or standard input where there is no path.
  public init(_ path: String?) throws {
    file = try path.map { try Descriptor($0, O_RDONLY) } ?? Descriptor(duplicating: STDIN_FILENO)
  }

  /// The file's name in messages.
  public var path: String { file.path }

  /// Whether more can be read without waiting for whoever writes: of a file always.
  public var isReady: Bool {
    if isAtEnd || buffer[start...].contains(UInt8(ascii: "\n")) { return true }
    return file.isReadable
  }

  /// The next line without its end, LF or CR LF, the first without its byte order mark; nil after
  /// the last.
  public mutating func next() throws -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return numbered(start..<end)
      }
      if isAtEnd {
        defer { start = buffer.count }
        return start < buffer.count ? numbered(start..<buffer.count) : nil
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      guard buffer.count <= Self.lengthLimit else {
        throw FileFailure(path, at: "line \(line + 1)", "is longer than \(Self.lengthLimit) bytes")
      }
      let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { bytes, filled in
        filled = try file.read(into: UnsafeMutableRawBufferPointer(bytes))
      }
      isAtEnd = chunk.isEmpty
      buffer += chunk
    }
  }

  private mutating func numbered(_ range: Range<Int>) -> [UInt8] {
    line += 1
    var bytes = buffer[range]
    // A byte order mark, which some editors and spreadsheets write.
    if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    return Array(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes)
  }

  /// The next line that is not empty as a JSON object, whose errors name the line.
  public mutating func nextObject() throws -> Field? {
    while let bytes = try next() {
      guard !bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) else {
        continue
      }
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
    return nil
  }
}

extension Descriptor {
  /// Whether a read would return at once, with bytes or the end.
  fileprivate var isReadable: Bool {
    var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) != 0
  }

  /// A second descriptor of one that is open; closing it leaves the first.
  fileprivate init(duplicating original: Int32) throws {
    let number = dup(original)
    guard number >= 0 else { throw FileFailure("standard input", systemError: "cannot be read") }
    self.init(number: number, path: "standard input")
  }
}
