/// The places of a model where an adapter may act.

/// One place: what it is, where the checkpoint has it, and the widths that meet there.
public struct Site: Hashable, Sendable {
  /// What happens at a site, in the words of the adapter methods.
  public enum Role: String, Sendable, CaseIterable {
    /// A linear projection; low-rank methods act here.
    case query, key, value, intermediate, output
    /// The end of a sub-layer, before residual and norm; bottlenecks act here.
    case attentionEnd, feedForwardEnd
  }

  /// Its place among the model's sites.
  public let index: Int
  public let role: Role
  /// Counted from 0.
  public let layer: Int
  /// The checkpoint's path of the module, with the model's prefix.
  public let path: String
  public let inputs, outputs: Int

  public init(index: Int, role: Role, layer: Int, path: String, inputs: Int, outputs: Int) {
    self.index = index
    self.role = role
    self.layer = layer
    self.path = path
    self.inputs = inputs
    self.outputs = outputs
  }
}
