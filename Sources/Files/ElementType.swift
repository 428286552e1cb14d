/// What the elements of a stored tensor are, by the names safetensors gives them.
public enum ElementType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// The fewest elements that are whole bytes, and those bytes: one element, but of the smallest types.
  public var block: (elements: Int, bytes: Int) {
    switch self {
    case .f4: (2, 1)
    case .f6E2M3, .f6E3M2: (4, 3)
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: (1, 1)
    case .i16, .u16, .f16, .bf16: (1, 2)
    case .i32, .u32, .f32: (1, 4)
    case .c64, .f64, .i64, .u64: (1, 8)
    }
  }
}

/// The number of elements of a shape; nil where it is negative or does not fit 64 bits.
///
/// From left to right, as the reference of safetensors multiplies: `[0, 2⁴⁰]` is fine.
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for size in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    guard size >= 0, !overflow else { return nil }
    count = product
  }
  return count
}
