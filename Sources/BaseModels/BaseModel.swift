/// A base model: frozen, loaded once, shared by everyone.
public import Files
public import Tensors

/// A pre-trained transformer from a folder.
///
/// A value: nothing is ever patched into it, so any number of adapters and threads use it at once.
public struct BaseModel: Sendable {
  public let architecture: any Architecture
  public let shape: BaseShape
  public let precision: Precision
  /// The sites of the last layer, at which an answer may need rows that nobody reads.
  let lastSites: [Site]
  /// By ``Site/index``.
  private let projections: [Int: Linear]

  public var traits: Traits { shape.traits }
  /// What the adapters' files call it: the folder's name, or `_name_or_path` of its configuration.
  public var name: String { shape.name }
  /// How many numbers the model consists of.
  public var parameterCount: Int { shape.parameterCount }
  /// The places where adapters may act, in the order a pass meets them.
  public var sites: [Site] { shape.sites }

  /// Loads a Hugging Face model folder: `config.json` and its weights.
  ///
  /// - Throws: ``FileFailure`` naming the file, the place and the likely cure.
  public init(folder: String, precision: Precision = .f32) throws {
    let opened = try ModelFolder(folder)
    let shape = try BaseShape(opened)
    try opened.checkMemory(shape.blueprint, precision)
    try self.init(
      opened.family, opened.configuration,
      .checkpoint(opened.checkpoint, folder: folder), shape, precision)
  }

  /// A model of the configuration's shape with random weights.
  public init(
    _ configuration: Field, random: Random, precision: Precision = .f32, name: String
  ) throws {
    let family = try ModelFamilies.family(of: configuration)
    let blueprint = try Blueprint(family, configuration, nil)
    try self.init(
      family, configuration, .random(random),
      BaseShape(
        blueprint: blueprint, name: name, fingerprint: Fingerprint(of: random, blueprint)),
      precision)
  }

  private init(
    _ family: any Architecture.Type, _ configuration: Field, _ source: Weights.Source,
    _ shape: BaseShape, _ precision: Precision
  ) throws {
    self.shape = shape
    self.precision = precision
    let projections = Projections()
    architecture = try family.init(
      configuration, Weights(source, shape.blueprint, projections, precision: precision))
    self.projections = projections.all
    lastSites = shape.sites.filter { $0.layer == shape.traits.layers - 1 }
  }

  /// The frozen linear layer at a site, for methods that read its weights.
  public func linear(at site: Site) -> Linear? { projections[site.index] }

  /// Whether something that was made for another model's weights may act on this one's.
  ///
  /// - Parameter other: the same value, or another that was loaded from the same weights.
  /// - Returns: whether their fingerprints match; false where one is unknown.
  public func hasWeights(of other: BaseShape) -> Bool {
    guard let mine = shape.fingerprint, let theirs = other.fingerprint else { return false }
    return mine.matches(theirs)
  }

  /// Checks a sequence before it is packed.
  ///
  /// - Throws: ``InputFailure`` for no tokens, too many, or ids outside the vocabulary.
  public func check(_ sequence: Batch.Sequence) throws(InputFailure) {
    try traits.check(sequence)
  }
}
