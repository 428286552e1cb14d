/// The places of a model where an adapter may act.

/// One place: what it is, where the checkpoint has it, and the widths that meet there.
public struct Site: Hashable, Sendable {
  /// What happens at a site: one kind for each hook.
  public enum Kind: String, Sendable, CaseIterable {
    /// The model as a whole: what an adapter has once, whatever the number of layers.
    case model
    /// Behind the embeddings, before the first layer.
    case embeddings
    /// A linear layer.
    case projection
    /// The core of an attention, where keys and values meet queries.
    case attention
    /// The end of a sub-layer, before residual and norm.
    case ending
    /// Behind a whole layer.
    case layer
  }

  /// Which of a model's stacks of layers.
  public enum Stack: String, Sendable, CaseIterable {
    case encoder, decoder
  }

  /// What a site is for, in the words of the adapter methods; a family may have roles of its own.
  public struct Role: Hashable, Sendable, ExpressibleByStringLiteral {
    public let name: String

    public init(stringLiteral name: String) { self.name = name }

    /// Projections of an attention, where low-rank methods act.
    public static let query: Role = "query"
    public static let key: Role = "key"
    public static let value: Role = "value"
    /// What an attention's result goes through.
    public static let attentionOutput: Role = "attention output"
    /// The feed-forward's way up, and its way down.
    public static let intermediate: Role = "intermediate"
    public static let output: Role = "output"
    /// The ends of sub-layers, where bottlenecks act.
    public static let attentionEnd: Role = "attention end"
    public static let crossAttentionEnd: Role = "cross-attention end"
    public static let feedForwardEnd: Role = "feed-forward end"
    /// Attentions, by what the Python library calls the prefixes there: an encoder's beside a decoder,
    /// that of the model's only stack or of the decoder, and the decoder's of the encoder's output.
    public static let encoderAttention: Role = "encoder_prefix"
    public static let selfAttention: Role = "self_prefix"
    public static let crossAttention: Role = "cross_prefix"
    /// Where there is one of a kind.
    public static let only: Role = "only"
  }

  /// One of several projections that a checkpoint holds as one.
  public struct Part: Hashable, Sendable {
    public let role: Role
    /// Its columns among the outputs.
    public let outputs: Range<Int>

    public init(_ role: Role, _ outputs: Range<Int>) {
      self.role = role
      self.outputs = outputs
    }
  }

  /// Its place among the model's sites.
  public let index: Int
  public let kind: Kind
  public let role: Role
  /// Counted from 0, a decoder's behind its encoder's; nil for what belongs to no layer.
  public let layer: Int?
  public let stack: Stack
  /// The checkpoint's path of the module, with the model's prefix.
  public let path: String
  /// Where the Python library hangs an adapter's modules; mostly the path itself.
  public let attached: String
  public let inputs, outputs: Int
  /// The projections that are merged here; empty where there is but one.
  public let parts: [Part]
}
