/// A part of a file as a stream, so that no file need be in memory as a whole.
internal import Files
internal import NIOCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The bytes of a range of a file, in pieces.
struct FilePieces: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let path: String
  let range: Range<Int>

  /// A multiple of three, so that base64 needs no padding between pieces.
  private static let pieceSize = 3 << 18

  func makeAsyncIterator() -> Iterator { Iterator(path: path, range: range) }

  struct Iterator: AsyncIteratorProtocol {
    let path: String
    var range: Range<Int>

    mutating func next() async throws -> ByteBuffer? {
      guard !range.isEmpty else { return nil }
      let part = range.prefix(FilePieces.pieceSize)
      range = part.upperBound..<range.upperBound
      let path = path
      return try await onDisk {
        let file = try Descriptor(path, O_RDONLY)
        guard lseek(file.number, off_t(part.lowerBound), SEEK_SET) >= 0 else {
          throw FileFailure(path, systemError: "cannot be read")
        }
        let bytes = try [UInt8](unsafeUninitializedCapacity: part.count) { bytes, filled in
          while filled < part.count {
            let rest = UnsafeMutableRawBufferPointer(
              rebasing: UnsafeMutableRawBufferPointer(bytes)[filled..<part.count])
            let got = try file.read(into: rest)
            guard got > 0 else {
              throw FileFailure(path, "became shorter while it was sent", hint: "push it again")
            }
            filled += got
          }
        }
        return ByteBuffer(bytes: bytes)
      }
    }
  }
}
