/// Standard output and standard error: the one place where anything is written for people.
///
/// Names, labels and messages come from files and from the network. Nothing of them does anything to a
/// terminal, whatever they hold: what is written here is escaped, unless it is ours alone.
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Collects results and writes them in large pieces; `print` would not notice a full disk.
struct StandardOutput: ~Copyable {
  private var buffer: [UInt8] = []

  /// A line, for people or of JSON; a line end within it is shown, and ends nothing.
  mutating func line(_ text: String) throws {
    buffer += escaped(text).utf8
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// A text of several lines.
  mutating func lines(of text: String) throws {
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      try line(String(part))
    }
  }

  /// Writes what is left; to be called at the end.
  mutating func flush() throws {
    try buffer.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(
          STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          throw FileFailure(
            "standard output", "cannot be written: \(String(cString: strerror(errno)))")
        }
        rest = rest.dropFirst(count)
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Prints lines of a result, and sees a full disk.
func printLines(_ lines: [String]) throws {
  var output = StandardOutput()
  for line in lines { try output.line(line) }
  try output.flush()
}

/// Writes lines to standard error, at once.
func writeError(_ lines: String) {
  let parts = lines.split(separator: "\n", omittingEmptySubsequences: false)
  writeTerminal(parts.map { escaped($0) }.joined(separator: "\n"))
}

/// Writes to standard error as it is: bars, and what takes them away again.
func writeTerminal(_ text: String) {
  _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
