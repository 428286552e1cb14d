/// What methods do at a model's sites.
public import BaseModels
public import Tensors

/// What an adapter does, by the number of the site.
public struct Modules: Sendable {
  var embeddings: [Int: any EmbeddingModule] = [:]
  var projections: [Int: any ProjectionModule] = [:]
  var attentions: [Int: any AttentionModule] = [:]
  var endings: [Int: any EndingModule] = [:]
  var layers: [Int: any LayerModule] = [:]
}

/// What every module can be asked.
public protocol SiteModule: Sendable {
  /// Whether it looks across a sequence, so that all of its rows must be there.
  var readsWholeSequences: Bool { get }
}

extension SiteModule {
  public var readsWholeSequences: Bool { false }
}

/// Acts behind the embeddings.
public protocol EmbeddingModule: SiteModule {
  /// - Parameters:
  ///   - x: `[rows, embedding width]`
  ///   - rows: which tokens they are.
  /// - Returns: the rows that go on, which may be more.
  func embedded(_ x: Tensor, _ rows: TokenRows) -> (Tensor, TokenRows)

  /// The way back, right before an output embedding.
  func unembedded(_ x: Tensor) -> Tensor

  /// How many rows it adds to each sequence.
  var addedRows: Int { get }
}

extension EmbeddingModule {
  public var addedRows: Int { 0 }
  public func unembedded(_ x: Tensor) -> Tensor { x }
}

/// Acts on a projection's output.
public protocol ProjectionModule: SiteModule {
  /// What this module makes of the previous one's delta in a stack.
  ///
  /// - Parameters:
  ///   - delta: `[rows, outputs]`, of the module before; nil for the first.
  ///   - x: `[rows, inputs]`, what went into the projection.
  ///   - rows: which tokens they are.
  /// - Returns: `[rows, outputs]`, or one row for all.
  func delta(after delta: Tensor?, from x: Tensor, _ rows: TokenRows) -> Tensor

  /// Whether it reads the delta before it in place of the projection's input.
  var readsDelta: Bool { get }

  /// Brings the last module's delta into the projection's output.
  func combined(_ y: Tensor, _ delta: Tensor) -> Tensor

  /// What equal modules of several adapters make of a projection's output, as one product.
  ///
  /// - Parameters:
  ///   - parts: modules, each with its rows; rows that are nobody's stay as they are.
  ///   - y: `[rows, outputs]`
  ///   - x: `[rows, inputs]`
  /// - Returns: `[rows, outputs]`; nil where the modules are not equal in all but their tensors.
  func grouped(
    _ parts: [(module: any ProjectionModule, rows: Range<Int>)], _ y: Tensor, from x: Tensor
  )
    -> Tensor?
}

extension ProjectionModule {
  public func grouped(
    _ parts: [(module: any ProjectionModule, rows: Range<Int>)], _ y: Tensor, from x: Tensor
  ) -> Tensor? { nil }
}

/// Gives an attention keys and values of its own.
public protocol AttentionModule: SiteModule {
  /// - Parameters:
  ///   - x: `[rows, width]`, what the queries are made of.
  ///   - rows: which tokens they are.
  /// - Returns: keys and values, and which of them each sequence sees.
  func prefix(_ x: Tensor, _ rows: TokenRows) -> Prefix
}

/// Acts at the end of a sub-layer, before residual and norm.
public protocol EndingModule: SiteModule {
  /// - Parameters:
  ///   - h: `[rows, width]`, the sub-layer's output or that of the module before in a stack.
  ///   - ending: what the model itself would do.
  ///   - rows: which tokens they are.
  /// - Returns: `[rows, width]`
  func adapted(_ h: Tensor, _ ending: Ending, _ rows: TokenRows) -> Tensor

  /// What ``adapted(_:_:_:)`` gives where the module itself says nothing: its skip connection.
  ///
  /// - Returns: `[rows, width]`; nil is zero.
  func skipped(_ h: Tensor, _ ending: Ending) -> Tensor?

  /// Brings the sum of residual and norm to what the last module of a stack gave.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, what the last module gave.
  ///   - original: `[rows, width]`, the sub-layer's output before any module.
  ///   - ending: what the model itself would do.
  /// - Returns: `[rows, width]`
  func finished(_ h: Tensor, original: Tensor, _ ending: Ending) -> Tensor

  /// What equal modules of several adapters make of a sub-layer's end, as one product; residual and
  /// norm included.
  ///
  /// - Parameters:
  ///   - parts: modules, each with its rows; rows that are nobody's end as the model ends them.
  ///   - h: `[rows, width]`
  ///   - ending: what the model itself would do.
  /// - Returns: `[rows, width]`; nil where the modules are not equal in all but their tensors.
  func grouped(
    _ parts: [(module: any EndingModule, rows: Range<Int>)], _ h: Tensor, _ ending: Ending
  )
    -> Tensor?
}

extension EndingModule {
  public func grouped(
    _ parts: [(module: any EndingModule, rows: Range<Int>)], _ h: Tensor, _ ending: Ending
  ) -> Tensor? { nil }
}

/// Acts on a layer's output.
public protocol LayerModule: SiteModule {
  /// - Parameters:
  ///   - x: `[rows, width]`
  ///   - rows: which tokens they are.
  /// - Returns: the same shape.
  func left(_ x: Tensor, _ rows: TokenRows) -> Tensor
}
