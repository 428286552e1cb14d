/// Random numbers by counter: a value depends on a seed, a stream and an index alone, never on who
/// drew before. So training resumes bit for bit, on any number of threads.
internal import CAdapterKernels

/// Streams of random numbers of one seed (Philox 4×32-10; Salmon et al., 2011).
public struct Random: Sendable {
  public let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Uniform in `[0, 1)`.
  public func uniform(_ shape: [Int], stream: String) -> Tensor {
    Tensor(shape: shape) {
      ak_random_uniform(seed, Random.number(of: stream), 0, $0, shape.reduce(1, *))
    }
  }

  /// Mean 0, deviation 1.
  public func normal(_ shape: [Int], stream: String) -> Tensor {
    Tensor(shape: shape) {
      ak_random_normal(seed, Random.number(of: stream), 0, $0, shape.reduce(1, *))
    }
  }

  /// A permutation of `0 ..< count`.
  public func permutation(_ count: Int, stream: String) -> [Int] {
    let keys = uniform([count], stream: stream).scalars
    // The index breaks ties, so the order is that of no sorting algorithm in particular.
    return (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// FNV-1a: the same number for the same name on every machine.
  static func number(of stream: String) -> UInt64 {
    stream.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
