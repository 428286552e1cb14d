/// Rotary positions (Su et al., 2021): a query and a key turned by their positions have a product
/// that depends on how far apart they are.
internal import CAdapterKernels
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// How the numbers of a head are turned.
public struct Rotary: Sendable, Hashable {
  /// Which numbers of a head make a pair.
  public enum Style: Sendable, Hashable {
    /// `(i, i + pairs)`: Llama, Mistral, Qwen, Gemma, Phi, ModernBERT.
    case half
    /// `(2i, 2i + 1)`: GPT-J.
    case interleaved
  }

  /// The angle per position of each pair; numbers of a head beyond twice as many stay as they are.
  public let frequencies: [Float]
  public let style: Style
  /// What the turned numbers are multiplied by: other than 1 for YaRN.
  public let factor: Float

  public init(frequencies: [Float], style: Style = .half, factor: Float = 1) {
    self.frequencies = frequencies
    self.style = style
    self.factor = factor
  }

  /// The cosines and sines of some rows' angles: made once in a pass, used by every layer.
  public struct Angles: Sendable {
    /// Each `[rows, pairs]`.
    let cosines, sines: Tensor
    let style: Style

    /// How many rows they are for.
    public var rows: Int { cosines.rows }
  }

  /// The angles of rows at some positions.
  public func angles(at positions: [Int32]) -> Angles {
    func table(_ function: (Double) -> Double) -> Tensor {
      Tensor(shape: [positions.count, frequencies.count]) { out in
        for (row, position) in positions.enumerated() {
          for (pair, frequency) in frequencies.enumerated() {
            // The angle in single precision, as the Python libraries have it.
            let angle = Float(position) * frequency
            out[row * frequencies.count + pair] = Float(function(Double(angle))) * factor
          }
        }
      }
    }
    return Angles(cosines: table { cos($0) }, sines: table { sin($0) }, style: style)
  }
}

extension Tensor {
  /// Each head of each row turned by the row's angles.
  ///
  /// - Parameters:
  ///   - angles: of as many rows.
  ///   - headWidth: heads of this width lie side by side in a row.
  /// - Returns: the same shape.
  public func rotated(_ angles: Rotary.Angles, headWidth: Int) -> Tensor {
    precondition(
      angles.rows == rows && width % headWidth == 0 && 2 * angles.cosines.width <= headWidth,
      "\(shape) in heads of \(headWidth) by angles of \(angles.cosines.shape)")
    return .operation(shape, [self]) { out in
      turn(angles, headWidth, out, backward: false)
    } gradient: { g in
      [Tensor(shape: g.shape) { g.turn(angles, headWidth, $0, backward: true) }]
    }
  }

  private func turn(
    _ angles: Rotary.Angles, _ headWidth: Int, _ out: UnsafeMutablePointer<Float>, backward: Bool
  ) {
    ak_rotate(
      pointer, width, out, width, rows, width / headWidth, headWidth, angles.cosines.width,
      angles.cosines.pointer, angles.sines.pointer, angles.style == .interleaved, backward)
    withExtendedLifetime(angles) {}
  }
}
