/// Heads as the Transformers library's own classes save them.

/// How a class's head becomes one of a kind that adapters have.
public struct SavedHead: Sendable {
  /// The `head_type` it becomes: `classification`, `tagging`, `question_answering`; `causal_lm` and
  /// `seq2seq_lm` are the model's own.
  public let type: String
  public let layers: Int
  /// Between layers; nil is none.
  public let activation: String?
  public let usesPooler: Bool
  public let hasBias: Bool
  /// What the class calls the linear layer at each position of the sequence of modules.
  public let names: [Int: String]

  public init(
    _ type: String, layers: Int = 1, activation: String? = nil, usesPooler: Bool = false,
    hasBias: Bool = true, names: [Int: String]
  ) {
    self.type = type
    self.layers = layers
    self.activation = activation
    self.usesPooler = usesPooler
    self.hasBias = hasBias
    self.names = names
  }
}
