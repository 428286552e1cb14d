/// What an adapter method is: its configuration, its tensors, and what they do.
public import BaseModels
public import Files

/// An adapter method with its hyper-parameters, as an adapter's configuration file holds them.
public protocol Method: Sendable {
  /// The names that method strings use, each with the settings that differ from the defaults.
  static var identifiers: [(name: String, settings: JSON.Object)] { get }

  /// The settings and their defaults, in the file's words.
  static var defaults: JSON.Object { get }

  /// Whether a configuration dictionary is of this method.
  static func recognises(_ configuration: Field) -> Bool

  /// - Parameter configuration: the `config` dictionary of `adapter_config.json`; what is absent has
  ///   its default, what is unknown is ignored.
  /// - Throws: ``FileFailure`` for values that make no sense.
  init(_ configuration: Field) throws

  /// The `config` dictionary, as the Python library writes it.
  var configuration: JSON.Object { get }

  /// The layers where it does not act, counted from 0.
  var leftOut: Set<Int> { get }

  /// What stands right before the adapter's name in the names of tensors: `adapters`, `loras`.
  static var containers: [String] { get }

  /// Whether a file's tensor is another one's repetition, which a reader passes over.
  static func isRepetition(_ key: String) -> Bool

  /// - Parameters:
  ///   - model: what it should act on.
  ///   - file: what to name in errors.
  /// - Throws: ``FileFailure`` where it cannot act on a model of this shape.
  func check(_ model: BaseShape, _ file: String) throws

  /// Refuses to begin anew what can only be read.
  func checkFresh(_ file: String) throws

  /// All tensors of an adapter: at sites, and those that it has once.
  func parameters(on model: BaseShape) -> [Parameter]

  /// What acts at the model's sites.
  ///
  /// - Parameters:
  ///   - tensors: those of ``parameters(on:)``, frozen or being trained.
  ///   - base: the model they are brought together with.
  /// - Returns: a module for each site where it acts.
  func modules(_ tensors: AdapterTensors, on base: BaseModel) -> Modules
}

extension Method {
  public static func isRepetition(_ key: String) -> Bool { false }
  public func check(_ model: BaseShape, _ file: String) throws {}
  public func checkFresh(_ file: String) throws {}

  /// The seed of its initial values where it has one of its own; 0 counts as none, as in Python.
  var initialSeed: UInt64? {
    guard case .integer(let seed) = configuration["init_weights_seed"], seed != 0 else {
      return nil
    }
    return UInt64(bitPattern: Int64(seed))
  }
}

/// The methods there are.
public enum AdapterMethods {
  /// To add one is a file and a word here.
  public static let all: [any Method.Type] = [
    Bottleneck.self, LowRank.self, PrefixTuning.self, PromptTuning.self, ReFT.self,
  ]

  /// Names of several methods that go together.
  ///
  ///     mam      He et al., 2021     a prefix beside a parallel bottleneck
  ///     unipelt  Mao et al., 2022    three methods, each behind a gate
  static let unions: [String: String] = [
    "mam": "prefix_tuning[bottleneck_size=800]|par_bn",
    "unipelt": "prefix_tuning[prefix_length=10, use_gating=True]|seq_bn[use_gating=True]"
      + "|lora[r=8, alpha=2, use_gating=True]",
  ]

  /// The containers of all.
  static let containers = Set(all.flatMap { $0.containers })

  /// Whether a tensor of a file repeats another.
  static func isRepetition(_ key: String) -> Bool { all.contains { $0.isRepetition(key) } }
}
