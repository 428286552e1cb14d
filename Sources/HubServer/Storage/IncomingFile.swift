/// A file on its way in: its bytes go to the disk and into its SHA-256 as they come.
internal import Crypto
internal import Files

/// Receives a file of any size in constant memory.
actor IncomingFile {
  private nonisolated let queue = DiskQueue()
  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let file: TemporaryFile
  private var hash = SHA256()

  /// The folder is on the file system of the store that will keep the file.
  init(in folder: String) throws { file = try TemporaryFile(in: folder) }

  var byteCount: Int { file.byteCount }

  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      hash.update(bufferPointer: bytes)
      try file.write(bytes)
    }
  }

  /// Adds the content of another file.
  func append(_ path: String) throws {
    let source = try ReadableFile(path)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while offset < source.byteCount {
      let count = try buffer.withUnsafeMutableBytes { try source.read(at: offset, into: $0) }
      guard count > 0 else { throw FileFailure(path, "became shorter while it was read") }
      try write(Array(buffer[..<count]))
      offset += count
    }
  }

  /// The SHA-256 of what came so far, in hexadecimal.
  func digest() -> String { hexadecimal(hash.finalize()) }

  /// The name git has for the content.
  func gitName() throws -> String {
    try GitObject.blobName(path: file.path, byteCount: file.byteCount)
  }

  /// What was written so far, for files that are known to be small.
  func content() throws -> [UInt8] { try readFile(file.path) }

  /// Makes the file durable under its final path.
  func place(at path: String) throws { try file.place(at: path) }
}

/// Bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// The bytes that hexadecimal digits stand for; nil for anything else.
func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
  let digits = Array(text.utf8)
  guard digits.count.isMultiple(of: 2) else { return nil }
  func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 97...102: digit - 87
    default: nil
    }
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(digits.count / 2)
  for index in stride(from: 0, to: digits.count, by: 2) {
    guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
    bytes.append(high << 4 | low)
  }
  return bytes
}
