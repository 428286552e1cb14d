/// What attention computes: heads, how a score is made, and which keys a query sees.
internal import CAdapterKernels

/// The form of one attention, the same for all sequences.
public struct AttentionShape: Sendable, Hashable {
  /// How far from a query keys are seen, as models count it.
  public enum Window: Sendable, Hashable {
    /// This many keys, the query's own position the last of them: `0 ≤ i − j < count`.
    case sliding(Int)
    /// This many positions, half of them to each side: `|i − j| ≤ width / 2`.
    case symmetric(Int)
  }

  /// Heads of queries, and of keys and values: query head `h` reads key head
  /// `h / (heads / keyHeads)`.
  public let heads, keyHeads: Int
  public let headWidth: Int
  /// What the products `q·k` are multiplied by.
  public let scale: Float
  /// c: a score s becomes c·tanh(s / c).
  public let softcap: Float?
  /// Whether a query sees no key after its own position.
  public let isCausal: Bool
  public let window: Window?

  /// - Parameters:
  ///   - heads: how many heads lie side by side in a row of queries.
  ///   - keyHeads: how many lie in a row of keys and values; `heads` where it is nil.
  ///   - headWidth: a head's width.
  ///   - scale: `1/√headWidth` where it is nil.
  ///   - softcap: what scores are held between; nil for no cap.
  ///   - isCausal: whether a query sees no key after its own position.
  ///   - window: how far a query sees; nil for as far as there are keys.
  public init(
    heads: Int, keyHeads: Int? = nil, headWidth: Int, scale: Float? = nil, softcap: Float? = nil,
    isCausal: Bool = false, window: Window? = nil
  ) {
    let keyHeads = keyHeads ?? heads
    precondition(
      keyHeads > 0 && heads % keyHeads == 0, "\(heads) heads do not share \(keyHeads) key heads")
    self.heads = heads
    self.keyHeads = keyHeads
    self.headWidth = headWidth
    self.scale = scale ?? 1 / Float(headWidth).squareRoot()
    self.softcap = softcap
    self.isCausal = isCausal
    self.window = window
  }

  /// The widths of a row of queries and results, and of a row of keys or values.
  public var width: Int { heads * headWidth }
  public var keyWidth: Int { keyHeads * headWidth }

  /// Whether it matters where a key is.
  var isLimited: Bool { isCausal || window != nil }

  /// As the kernels read it, without a bias and without dropout.
  var kernelShape: ak_attention_shape {
    var shape = ak_attention_shape()
    shape.heads = heads
    shape.key_heads = keyHeads
    shape.head_width = headWidth
    shape.scale = scale
    shape.softcap = softcap ?? 0
    shape.behind = AK_UNLIMITED
    shape.ahead = AK_UNLIMITED
    switch window {
    case nil: break
    case .sliding(let count): shape.behind = count - 1
    case .symmetric(let width): (shape.behind, shape.ahead) = (width / 2, width / 2)
    }
    if isCausal { shape.ahead = 0 }
    return shape
  }
}
