/// A form with files (RFC 7578), read as it comes.
internal import Files
internal import HTTPTypes

/// Takes a form apart without ever holding more than a piece of it.
///
///     --boundary
///     Content-Disposition: form-data; name="files"; filename="adapter_config.json"
///                                          ← an empty line
///     { … }                                ← content, up to the next boundary
///     --boundary--
struct Multipart {
  enum Event: Equatable {
    /// A part begins; a file has a name of its own.
    case part(name: String, file: String?)
    case content([UInt8])
    case end
  }

  private enum State { case content, afterDelimiter, headers, done }

  private let delimiter: [UInt8]
  private var buffer: [UInt8]
  private var state = State.content
  /// Before the first delimiter there may be text that is no part.
  private var isPreamble = true
  private var partCount = 0
  /// Where the search for the end of the headers goes on, once more has come.
  private var searched = 0

  private static let headerLimit = 16 << 10
  private static let nameLimit = 100
  private static let partLimit = 20_000

  /// - Throws: `Problem` for a content type that is no form with files.
  init(contentType: String?) throws {
    let parts = (contentType ?? "").split(separator: ";").map { part in
      part.drop { $0 == " " }
    }
    guard parts.first?.lowercased() == "multipart/form-data",
      let boundary = parts.first(where: { $0.lowercased().hasPrefix("boundary=") })?.dropFirst(9)
    else { throw Problem(.unsupportedMediaType, "This form comes as multipart/form-data") }
    let name = boundary.filter { $0 != "\"" }
    guard (1...70).contains(name.utf8.count) else {
      throw Problem.badRequest("The boundary of the form has 1 to 70 characters")
    }
    delimiter = Array("\r\n--\(name)".utf8)
    // The first delimiter is the only one that no line end comes before.
    buffer = [13, 10]
  }

  /// Takes the next bytes and says what they hold.
  mutating func take(_ bytes: some Collection<UInt8>) throws -> [Event] {
    buffer += bytes
    var events: [Event] = []
    while try step(&events) {}
    return events
  }

  /// - Throws: `Problem` for a form that broke off.
  func finish() throws {
    guard state == .done else { throw Problem.badRequest("The form ends in the middle of a part") }
  }

  private mutating func step(_ events: inout [Event]) throws -> Bool {
    switch state {
    case .done:
      buffer = []
      return false
    case .content:
      let (start, isWhole) = delimiterPlace()
      if start > 0 {
        if !isPreamble { events.append(.content(Array(buffer[..<start]))) }
        buffer.removeFirst(start)
      }
      guard isWhole else { return false }
      buffer.removeFirst(delimiter.count)
      if !isPreamble { events.append(.end) }
      isPreamble = false
      state = .afterDelimiter
      return true
    case .afterDelimiter:
      guard buffer.count >= 2 else { return false }
      if buffer[0] == 45, buffer[1] == 45 {
        state = .done
        return true
      }
      // Spaces may follow a boundary before its line ends.
      buffer.removeFirst(buffer.prefix { $0 == 32 || $0 == 9 }.count)
      guard buffer.count >= 2 else { return false }
      guard buffer[0] == 13, buffer[1] == 10 else {
        throw Problem.badRequest("A boundary of the form is followed by something else")
      }
      partCount += 1
      guard partCount <= Self.partLimit else {
        throw Problem.tooLarge("A form may have \(Self.partLimit) parts")
      }
      state = .headers
      return true
    case .headers:
      let end = headerEnd()
      guard (end ?? buffer.count) <= Self.headerLimit else {
        throw Problem.badRequest("A part of the form has more than 16 kB of headers")
      }
      guard let end else { return false }
      events.append(try Self.part(buffer[..<end]))
      buffer.removeFirst(end + 4)
      state = .content
      return true
    }
  }

  /// Where the empty line after the headers is; nil until it has come.
  ///
  /// The line end of the boundary is still there, so that no headers at all end alike.
  private mutating func headerEnd() -> Int? {
    while searched + 4 <= buffer.count {
      if buffer[searched] == 13, buffer[searched + 1] == 10, buffer[searched + 2] == 13,
        buffer[searched + 3] == 10
      {
        defer { searched = 0 }
        return searched
      }
      searched += 1
    }
    return nil
  }

  /// Where the delimiter is, or could begin once more has come.
  private func delimiterPlace() -> (start: Int, isWhole: Bool) {
    var index = 0
    while let next = buffer[index...].firstIndex(of: 13) {
      let rest = buffer[next...].prefix(delimiter.count)
      if delimiter.starts(with: rest) { return (next, rest.count == delimiter.count) }
      index = next + 1
    }
    return (buffer.count, false)
  }

  private static func part(_ headers: ArraySlice<UInt8>) throws -> Event {
    guard let text = String(validating: headers, as: UTF8.self) else {
      throw Problem.badRequest("A part of the form has headers that are not UTF-8")
    }
    for line in text.split(whereSeparator: \.isNewline) {
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      guard line[..<colon].lowercased() == "content-disposition", colon < line.endIndex else {
        continue
      }
      let values = parameters(line[line.index(after: colon)...])
      guard let name = values["name"] else { break }
      guard name.utf8.count <= nameLimit else {
        throw Problem.badRequest("A part of the form has a name of more than \(nameLimit) bytes")
      }
      return .part(name: name, file: values["filename"])
    }
    throw Problem.badRequest("A part of the form has no name")
  }

  /// `form-data; name="a"; filename="b"`, where quotes and line ends are written as %22 and the like.
  private static func parameters(_ text: Substring) -> [String: String] {
    var values: [String: String] = [:]
    var rest = text[...]
    while let semicolon = rest.firstIndex(of: ";") {
      rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
      guard let sign = rest.firstIndex(of: "=") else { break }
      let name = rest[..<sign].lowercased()
      rest = rest[rest.index(after: sign)...]
      let value: Substring
      if rest.first == "\"" {
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "\"") else { break }
        value = rest[..<end]
        rest = rest[rest.index(after: end)...]
      } else {
        value = rest.prefix { $0 != ";" }
        rest = rest.dropFirst(value.count)
      }
      values[name] = String(
        value.replacing("%22", with: "\"").replacing("%0D", with: "\r")
          .replacing("%0A", with: "\n"))
    }
    return values
  }
}
