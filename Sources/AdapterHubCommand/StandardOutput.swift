/// Standard output for results: buffered, and every failure is seen.
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Collects text and writes it in large pieces; `print` would not notice a full disk.
struct StandardOutput: ~Copyable {
  private var buffer: [UInt8] = []

  mutating func line(_ text: String) throws {
    buffer += text.utf8
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= 1 << 16 { try flush() }
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
