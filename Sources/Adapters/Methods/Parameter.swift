/// A tensor that an adapter or its head has.
public import BaseModels

/// Where a tensor is, what it looks like, and how it begins.
public struct Parameter: Sendable {
  /// The path it hangs at: `bert.encoder.layer.0.output`; empty for a head's.
  public let place: String
  /// Between the place and the adapter's name: `adapters`, `prefix_tuning.prefix_tunings`.
  public let container: String
  /// Below the adapter's own name: `adapter_down.0.weight`.
  public let name: String
  public let shape: [Int]
  public let initializer: Initializer
  /// Under what name the Python library has the same tensor a second time in its files.
  public let alias: String?
  /// Whether weight decay pulls at it.
  public let decays: Bool
  /// Whether it is learned; what is not is kept as it began.
  public let isTrained: Bool
  /// Of its initial values, where the method has a seed of its own.
  var seed: UInt64?

  /// A tensor at a site.
  public init(
    at site: Site, _ container: String, _ name: String, _ shape: [Int],
    _ initializer: Initializer, alias: String? = nil, decays: Bool? = nil, isTrained: Bool = true
  ) {
    self.init(
      place: site.attached, container, name, shape, initializer, alias: alias, decays: decays,
      isTrained: isTrained)
  }

  /// A tensor that an adapter has once, below the prefix where the model's paths begin.
  public init(
    onModel prefix: String, _ container: String, _ name: String, _ shape: [Int],
    _ initializer: Initializer, isTrained: Bool = true
  ) {
    self.init(place: prefix, container, name, shape, initializer, isTrained: isTrained)
  }

  /// A tensor of a head.
  public init(head name: String, _ shape: [Int], _ initializer: Initializer) {
    self.init(place: "", "heads", name, shape, initializer)
  }

  private init(
    place: String, _ container: String, _ name: String, _ shape: [Int],
    _ initializer: Initializer, alias: String? = nil, decays: Bool? = nil, isTrained: Bool = true
  ) {
    self.place = place
    self.container = container
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.alias = alias
    // Biases and the weights of norms do not, as in the Transformers library's trainer.
    self.decays =
      decays ?? !(name.hasSuffix("bias") || (name.hasSuffix(".weight") && shape.count == 1))
    self.isTrained = isTrained
  }

  /// The tensor's name in an adapter's file.
  public func key(of adapter: String) -> String {
    key(of: adapter, name)
  }

  /// Its second name there, if it has one.
  func aliasKey(of adapter: String) -> String? { alias.map { key(of: adapter, $0) } }

  private func key(of adapter: String, _ name: String) -> String {
    "\(place)\(place.isEmpty ? "" : ".")\(container).\(adapter).\(name)"
  }
}
