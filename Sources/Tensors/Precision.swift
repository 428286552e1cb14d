/// The number formats of large products.
internal import CAdapterKernels

/// The number format of a frozen base's large products.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats: the reference.
  case f32
  /// Weights and activations of the large products rounded to bfloat16, sums in f32.
  case bf16

  /// bf16 where the CPU multiplies it natively, else f32.
  public static var fastest: Precision { ak_bf16_is_native() ? .bf16 : .f32 }

  /// How many bytes a packed weight takes.
  public var bytesPerWeight: Int {
    switch self {
    case .f32: 4
    // Where it is imitated it is kept in 32 bits.
    case .bf16: ak_bf16_is_native() ? 2 : 4
    }
  }

  var kind: Int32 {
    switch self {
    case .f32: Int32(AK_F32)
    case .bf16: Int32(AK_BF16)
    }
  }
}
