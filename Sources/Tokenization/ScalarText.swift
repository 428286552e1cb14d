/// Text as its Unicode scalars, each with the position it had in the original.
///
/// Normalizers rewrite it; whatever they insert takes the position of what it came from, so that
/// a token's offsets always lead back to the text the caller gave.
struct ScalarText: Sendable {
  var scalars: [UInt32]
  var origins: [Int32]

  init(reserving count: Int = 0) {
    scalars = []
    origins = []
    scalars.reserveCapacity(count)
    origins.reserveCapacity(count)
  }

  /// - Parameters:
  ///   - utf8: valid UTF-8
  ///   - firstOrigin: the position of its first scalar in the original
  init(_ utf8: UnsafeBufferPointer<UInt8>, firstOrigin: Int) {
    self.init(reserving: utf8.count)
    var origin = Int32(truncatingIfNeeded: firstOrigin)
    var index = 0
    while index < utf8.count {
      append(UTF8Scalar.decode(utf8, &index), origin)
      origin &+= 1
    }
  }

  mutating func append(_ scalar: UInt32, _ origin: Int32) {
    scalars.append(scalar)
    origins.append(origin)
  }
}

/// Text as UTF-8, each byte with the position that its scalar had in the original: what is split
/// into words and looked up.
struct NormalizedText: Sendable {
  var bytes: [UInt8] = []
  var origins: [Int32] = []

  init(_ text: ScalarText) {
    bytes.reserveCapacity(text.scalars.count * 2)
    origins.reserveCapacity(text.scalars.count * 2)
    for (scalar, origin) in zip(text.scalars, text.origins) {
      UTF8Scalar.encode(scalar) { byte in
        bytes.append(byte)
        origins.append(origin)
      }
    }
  }

  /// The original positions that a range of bytes came from.
  func origin(of range: Range<Int>) -> Range<Int32> {
    guard let first = range.first, range.upperBound <= origins.count else { return 0..<0 }
    let start = origins[first]
    return start..<max(start, origins[range.upperBound - 1]) + 1
  }
}

/// Scalars in and out of UTF-8 that is known to be valid.
enum UTF8Scalar {
  /// The scalar at `index`, which moves behind it.
  ///
  /// Ends of the buffer are respected all the same.
  @inline(__always)
  static func decode(_ utf8: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
    let first = UInt32(utf8[index])
    index += 1
    guard first >= 0x80 else { return first }
    func continuation() -> UInt32 {
      guard index < utf8.count else { return 0 }
      defer { index += 1 }
      return UInt32(utf8[index]) & 0x3F
    }
    if first < 0xE0 { return (first & 0x1F) << 6 | continuation() }
    if first < 0xF0 {
      let high = (first & 0x0F) << 12 | continuation() << 6
      return high | continuation()
    }
    let high = (first & 0x07) << 18 | continuation() << 12
    let middle = high | continuation() << 6
    return middle | continuation()
  }

  /// The scalar that ends before `index`.
  static func decode(_ utf8: UnsafeBufferPointer<UInt8>, before index: Int) -> (UInt32, Int) {
    var start = max(index - 1, 0)
    while start > 0, utf8[start] & 0xC0 == 0x80 { start -= 1 }
    var end = start
    return (decode(utf8, &end), start)
  }

  @inline(__always)
  static func encode(_ scalar: UInt32, _ emit: (UInt8) -> Void) {
    func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    switch scalar {
    case ..<0x80:
      emit(byte(scalar))
    case ..<0x800:
      emit(byte(0xC0 | scalar >> 6))
      emit(byte(0x80 | scalar & 0x3F))
    case ..<0x10000:
      emit(byte(0xE0 | scalar >> 12))
      emit(byte(0x80 | scalar >> 6 & 0x3F))
      emit(byte(0x80 | scalar & 0x3F))
    default:
      emit(byte(0xF0 | scalar >> 18))
      emit(byte(0x80 | scalar >> 12 & 0x3F))
      emit(byte(0x80 | scalar >> 6 & 0x3F))
      emit(byte(0x80 | scalar & 0x3F))
    }
  }
}
