/// What an adapter method is: its configuration, its tensors, and what they do at a site.
public import BaseModels
public import Files
public import Tensors

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

  /// Between a site's path and the adapter's name in a tensor's name: `adapters`, `loras`.
  static var container: String { get }

  /// The tensors of an adapter at a site; empty where the method has nothing to say.
  func parameters(at site: Site, of model: Dimensions) -> [Parameter]

  /// What acts at a site.
  ///
  /// - Parameters:
  ///   - site: where.
  ///   - model: the sizes of the base model.
  ///   - tensors: those of ``parameters(at:of:)``, frozen or being trained.
  /// - Returns: nil where the method has nothing to say.
  func module(at site: Site, of model: Dimensions, _ tensors: ModuleTensors) -> SiteModule?
}

extension Method {
  /// The seed of its initial values where it has one of its own; 0 counts as none, as in Python.
  var initialSeed: UInt64? {
    guard case .integer(let seed) = configuration["init_weights_seed"], seed != 0 else {
      return nil
    }
    return UInt64(bitPattern: Int64(seed))
  }
}

/// A tensor that a method has at a site.
public struct Parameter: Sendable {
  /// Below the adapter's own name: `adapter_down.0.weight`.
  public let name: String
  public let shape: [Int]
  public let initializer: Initializer
  /// Under what name the Python library has the same tensor a second time in its files.
  public let alias: String?
  /// Of its initial values, where the method has a seed of its own.
  var seed: UInt64?

  public init(
    _ name: String, _ shape: [Int], _ initializer: Initializer, alias: String? = nil
  ) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.alias = alias
  }
}

/// What a method does at a site.
public enum SiteModule: Sendable {
  case projection(any ProjectionModule)
  case ending(any EndingModule)
}

/// Acts on a projection's output.
public protocol ProjectionModule: Sendable {
  /// What this module makes of the previous one's delta in a stack.
  ///
  /// - Parameters:
  ///   - delta: `[rows, outputs]`, of the module before; nil for the first.
  ///   - x: `[rows, inputs]`, what went into the projection.
  ///   - layout: where the sequences lie in the rows.
  /// - Returns: `[rows, outputs]`, or one row for all.
  func delta(after delta: Tensor?, from x: Tensor, _ layout: Layout) -> Tensor

  /// Whether it reads the delta before it in place of the projection's input.
  var readsDelta: Bool { get }

  /// Brings the last module's delta into the projection's output.
  func combined(_ y: Tensor, _ delta: Tensor) -> Tensor

  var readsWholeSequences: Bool { get }
}

/// Acts at the end of a sub-layer, before residual and norm.
public protocol EndingModule: Sendable {
  /// - Parameters:
  ///   - h: `[rows, width]`, the sub-layer's output or that of the module before in a stack.
  ///   - residual: `[rows, width]`, what went into the sub-layer.
  ///   - norm: the model's own.
  ///   - layout: where the sequences lie in the rows.
  /// - Returns: `[rows, width]`
  func adapted(_ h: Tensor, residual: Tensor, norm: LayerNorm, _ layout: Layout) -> Tensor

  /// Brings the sum of residual and norm to what the last module of a stack gave.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, what the last module gave.
  ///   - original: `[rows, width]`, the sub-layer's output before any module.
  ///   - residual: `[rows, width]`, what went into the sub-layer.
  ///   - norm: the model's own.
  /// - Returns: `[rows, width]`
  func finished(_ h: Tensor, original: Tensor, residual: Tensor, norm: LayerNorm) -> Tensor

  var readsWholeSequences: Bool { get }
}

/// The tensors of one module by their short names, and whether they are being trained.
public struct ModuleTensors: Sendable {
  let named: [String: Tensor]
  let isTrained: Bool
  /// Where dropout draws its masks from; nil outside training.
  let dropout: DropoutSource?

  /// A tensor that ``Method/parameters(at:of:)`` names.
  func callAsFunction(_ name: String) -> Tensor {
    guard let tensor = named[name] else {
      preconditionFailure("a method asks for \(name), which its parameters do not name")
    }
    return tensor
  }

  /// The linear layer of `<name>.weight` and, where there is one, `<name>.bias`.
  func linear(_ name: String) -> Linear {
    let (weight, bias) = (self(name + ".weight"), named[name + ".bias"])
    return isTrained
      ? Linear(trained: weight, bias: bias) : Linear(frozen: weight, bias: bias)
  }

  /// The norm of `<name>.weight` and `<name>.bias`, with PyTorch's default epsilon.
  func norm(_ name: String) -> LayerNorm {
    LayerNorm(weight: self(name + ".weight"), bias: self(name + ".bias"), epsilon: 1e-5)
  }
}

/// The methods there are.
///
/// To add one is a file and a word here.
public let methods: [any Method.Type] = [Bottleneck.self, LowRank.self]
