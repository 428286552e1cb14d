/// What adapters answer at a model's sites.
public import Tensors

/// Called by a pass at the model's sites; what is not answered is the base model.
public protocol Hooks: Sendable {
  /// What becomes of the embeddings' output; rows may be added.
  ///
  /// - Parameters:
  ///   - x: `[rows, embedding width]`
  ///   - site: behind the embeddings of a stack.
  ///   - rows: which tokens the rows are.
  /// - Returns: the rows that go on, and which tokens those are.
  func embedded(_ x: Tensor, at site: Site, _ rows: TokenRows) -> (Tensor, TokenRows)

  /// What goes into a projection, `[rows, inputs]`: the same shape.
  ///
  /// For methods that change the input of a layer: OFT, and PEFT's (IA)³ of the feed-forward.
  func entering(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor

  /// What becomes of a projection's output.
  ///
  /// - Parameters:
  ///   - y: `[rows, outputs]`, of the frozen layer.
  ///   - x: `[rows, inputs]`, what went into it.
  ///   - site: the projection's.
  ///   - rows: which tokens the rows are.
  /// - Returns: `[rows, outputs]`
  func projected(_ y: Tensor, from x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor

  /// Keys and values that sequences see before their own.
  ///
  /// - Parameters:
  ///   - site: the attention's.
  ///   - x: `[rows, width]`, what its queries are made of.
  ///   - rows: which tokens the rows are.
  /// - Returns: for each source of them, what it gives each sequence.
  func prefixes(at site: Site, _ x: Tensor, _ rows: TokenRows) -> [Prefix]

  /// How a sub-layer ends, residual and norm included.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, the sub-layer's output.
  ///   - ending: what the model itself would do.
  ///   - rows: which tokens the rows are.
  /// - Returns: `[rows, width]`
  func ended(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor

  /// What becomes of a layer's output, `[rows, width]`: the same shape.
  func left(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor

  /// Whether anything is answered at a site; where not, the model may compute on its own.
  func acts(at site: Site) -> Bool

  /// The sequences across which an answer at a site looks, so that all of their rows must be there.
  func wholeSequences(at site: Site) -> [Range<Int>]
}

/// Keys and values that an adapter puts before those of sequences.
public struct Prefix: Sendable {
  /// Each `[rows, heads of keys · head width]`.
  public let key, value: Tensor
  /// Those of each sequence; empty where it has none.
  public let rows: [Range<Int>]

  public init(key: Tensor, value: Tensor, rows: [Range<Int>]) {
    self.key = key
    self.value = value
    self.rows = rows
  }
}

/// The base model as it is.
public struct NoHooks: Hooks {
  public init() {}

  public func embedded(_ x: Tensor, at site: Site, _ rows: TokenRows) -> (Tensor, TokenRows) {
    (x, rows)
  }
  public func entering(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor { x }
  public func projected(
    _ y: Tensor, from x: Tensor, at site: Site, _ rows: TokenRows
  ) -> Tensor { y }
  public func prefixes(at site: Site, _ x: Tensor, _ rows: TokenRows) -> [Prefix] { [] }
  public func ended(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor { ending(h) }
  public func left(_ x: Tensor, at site: Site, _ rows: TokenRows) -> Tensor { x }
  public func acts(at site: Site) -> Bool { false }
  public func wholeSequences(at site: Site) -> [Range<Int>] { [] }
}
