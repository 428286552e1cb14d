/// `--precision`: how the base model computes.
import ArgumentParser
import Tensors

enum PrecisionOption: String, ExpressibleByArgument, CaseIterable {
  case f32, bf16, auto

  var precision: Precision {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .auto: .fastest
    }
  }
}
