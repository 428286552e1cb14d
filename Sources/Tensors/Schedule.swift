/// How the learning rate goes over the steps of a training.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The shape of the learning rate after its warmup.
public enum Schedule: String, Sendable, CaseIterable {
  case linear, cosine, constant

  /// The factor of the peak learning rate at a step, as `transformers.get_scheduler` has it.
  ///
  /// - Parameters:
  ///   - step: steps taken before this one.
  ///   - warmup: steps over which the rate rises from 0.
  ///   - total: steps in all.
  /// - Returns: 0 … 1
  public func factor(step: Int, warmup: Int, total: Int) -> Float {
    if step < warmup { return Float(step) / Float(max(1, warmup)) }
    let progress = Float(step - warmup) / Float(max(1, total - warmup))
    return switch self {
    case .constant: 1
    case .linear: max(0, 1 - progress)
    case .cosine: max(0, 0.5 * (1 + cosf(.pi * min(1, progress))))
    }
  }
}
