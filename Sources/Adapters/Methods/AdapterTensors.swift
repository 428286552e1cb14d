/// The tensors of an adapter as its method asks for them.
public import BaseModels
internal import Tensors

/// All tensors of an adapter, and whether they are being trained.
public struct AdapterTensors: Sendable {
  private let named: [String: Tensor]
  private let adapter: String
  let isTrained: Bool
  /// Where dropout draws its masks from; nil outside training.
  let dropout: DropoutSource?

  init(_ named: [String: Tensor], of adapter: String, isTrained: Bool, dropout: DropoutSource?) {
    self.named = named
    self.adapter = adapter
    self.isTrained = isTrained
    self.dropout = dropout
  }

  /// Those at a site.
  public func at(_ site: Site, _ container: String) -> ModuleTensors {
    at(site.attached, container)
  }

  /// Those at a place of the model, which may be its prefix.
  public func at(_ place: String, _ container: String) -> ModuleTensors {
    ModuleTensors(
      named: named, prefix: "\(place).\(container).\(adapter).", isTrained: isTrained,
      dropout: dropout?.at("\(place).\(container)"))
  }
}

/// The tensors of one module by their short names.
public struct ModuleTensors: Sendable {
  let named: [String: Tensor]
  let prefix: String
  let isTrained: Bool
  /// Where dropout draws its masks from; nil outside training.
  let dropout: DropoutSource?

  /// A tensor that ``Method/parameters(on:)`` names.
  func callAsFunction(_ name: String) -> Tensor {
    guard let tensor = named[prefix + name] else {
      preconditionFailure("a method asks for \(prefix + name), which its parameters do not name")
    }
    return tensor
  }

  /// The same with runs of the rows of some tensors in place of all.
  func rows(_ ranges: [String: Range<Int>]) -> ModuleTensors {
    var parts: [String: Tensor] = [:]
    for (name, range) in ranges {
      guard let whole = named[prefix + name] else { continue }
      // A vector's scalars are its rows.
      let part =
        whole.shape.count == 1 ? whole.reshaped([whole.count, 1]).rows(range) : whole.rows(range)
      parts[prefix + name] = whole.shape.count == 1 ? part.reshaped([range.count]) : part
    }
    return ModuleTensors(named: parts, prefix: prefix, isTrained: isTrained, dropout: dropout)
  }

  /// The linear layer of a weight and a bias.
  func linear(_ weight: Tensor, _ bias: Tensor?) -> Linear {
    isTrained ? Linear(trained: weight, bias: bias) : Linear(frozen: weight, bias: bias)
  }

  /// The linear layer of `<name>.weight` and, where there is one, `<name>.bias`.
  func linear(_ name: String) -> Linear {
    linear(self(name + ".weight"), named["\(prefix)\(name).bias"])
  }

  /// The norm of `<name>.weight` and `<name>.bias`, with PyTorch's default epsilon.
  func norm(_ name: String) -> Norm {
    Norm(weight: self(name + ".weight"), bias: self(name + ".bias"), epsilon: 1e-5)
  }
}
