#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A tensor as a file holds it: bytes in row-major order, little-endian.
public struct StoredTensor: Sendable {
  public let name: String
  public let type: ElementType
  public let shape: [Int]
  let path: String
  private let source: ByteSource
  private let range: Range<Int>

  /// A tensor at a range of the source, which whoever found it there has checked.
  init(
    _ name: String, _ type: ElementType, _ shape: [Int], in source: ByteSource, _ range: Range<Int>,
    path: String
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.path = path
    self.source = source
    self.range = range
  }

  public var byteCount: Int { range.count }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Lends the bytes; of a mapped file they are the file's own.
  ///
  /// They may begin at an odd address.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try source.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Lends the bytes of some of the elements, which are whole bytes.
  func withBytes<R>(
    of elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    try withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[bytes(of: elements)])) }
  }

  private func bytes(of elements: Range<Int>) -> Range<Int> {
    let (count, size) = type.block
    return elements.lowerBound / count * size..<elements.upperBound / count * size
  }

  /// Lets the system take back the memory of a mapped file's pages; they are read again when needed.
  ///
  /// For weights that have been packed, so that they do not count twice.
  public func releasePages() { releasePages(of: 0..<count) }

  /// The same for the pages that hold nothing but some of the elements.
  func releasePages(of elements: Range<Int>) {
    guard case .mapped(let file) = source else { return }
    let bytes = bytes(of: elements)
    file.releasePages(range.lowerBound + bytes.lowerBound..<range.lowerBound + bytes.upperBound)
  }

  /// The elements as `Float`: of all integers, booleans and the floats of 16 bits and more.
  public func floats() throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      try copyFloats(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      filled = count
    }
  }

  /// Writes the elements as `Float` into a buffer of exactly their number.
  public func copyFloats(into floats: UnsafeMutableBufferPointer<Float>) throws {
    guard floats.count == count else {
      throw failure("has \(count) elements, there is room for \(floats.count)")
    }
    try copyFloats(from: 0, into: floats)
  }

  /// Writes the elements from an index on as `Float`, as many as the buffer has room for.
  ///
  /// For tensors that are only walked through, so that they are never in memory as a whole.
  public func copyFloats(from start: Int, into floats: UnsafeMutableBufferPointer<Float>) throws {
    guard start >= 0, start <= count, floats.count <= count - start else {
      throw failure("has \(count) elements, not \(floats.count) from \(start) on")
    }
    // None for elements that are no whole bytes, which are refused below.
    let size = type.block.elements == 1 ? type.block.bytes : 0
    try withBytes { all in
      let bytes = UnsafeRawBufferPointer(
        rebasing: all[(start * size)..<((start + floats.count) * size)])
      switch type {
      case .f32: UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
      case .f64: convert(bytes, floats) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
      case .f16: convert(bytes, floats) { float(half: UInt16(littleEndian: $0)) }
      case .bf16:
        convert(bytes, floats) { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) }
      case .bool, .u8: convert(bytes, floats) { (value: UInt8) in Float(value) }
      case .i8: convert(bytes, floats) { (value: Int8) in Float(value) }
      case .i16: convert(bytes, floats) { Float(Int16(littleEndian: $0)) }
      case .u16: convert(bytes, floats) { Float(UInt16(littleEndian: $0)) }
      case .i32: convert(bytes, floats) { Float(Int32(littleEndian: $0)) }
      case .u32: convert(bytes, floats) { Float(UInt32(littleEndian: $0)) }
      case .i64: convert(bytes, floats) { Float(Int64(littleEndian: $0)) }
      case .u64: convert(bytes, floats) { Float(UInt64(littleEndian: $0)) }
      case .f4, .f6E2M3, .f6E3M2, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .c64:
        throw failure("its elements are \(type.rawValue), which cannot be read as floats here")
      }
    }
  }

  private func failure(_ problem: String) -> FileFailure {
    FileFailure(path, at: "tensor \(quoted(name))", problem)
  }
}

/// Bytes that live as long as a tensor needs them.
enum ByteSource: Sendable {
  case mapped(MappedFile)
  case memory([UInt8])

  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch self {
    case .mapped(let file): try withExtendedLifetime(file) { try body(file.bytes) }
    case .memory(let bytes): try bytes.withUnsafeBytes(body)
    }
  }
}

/// Element by element, from addresses that need no alignment.
@inline(__always)
private func convert<Element: BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer, _ floats: UnsafeMutableBufferPointer<Float>,
  _ value: (Element) -> Float
) {
  for index in floats.indices {
    floats[index] = value(
      bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self))
  }
}

/// A half-precision number: 1 sign bit, 5 of exponent, 10 of fraction. (`Float16` does not exist on
/// every platform Swift runs on.)
func float(half bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10 & 0x1F)
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
