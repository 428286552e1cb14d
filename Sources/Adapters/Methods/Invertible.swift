/// Invertible adapters (Pfeiffer et al., 2020): what a language adapter does to the embeddings, and
/// undoes right before the output embedding, by the coupling of NICE (Dinh et al., 2015).
internal import BaseModels
internal import Tensors

/// The block behind the embeddings of a bottleneck adapter.
struct Invertible: Sendable, Equatable {
  static let container = "invertible_adapters"

  let reduction: Double
  let activation: Activation

  func parameters(at site: Site) -> [Parameter] {
    let (first, second) = halves(site)
    return network("F", inputs: second, outputs: first, site)
      + network("G", inputs: first, outputs: second, site)
  }

  private func network(_ name: String, inputs: Int, outputs: Int, _ site: Site) -> [Parameter] {
    let inner = max(1, Int(Double(inputs) / reduction))
    func linear(_ position: Int, _ outputs: Int, _ inputs: Int) -> [Parameter] {
      [
        Parameter(
          at: site, Self.container, "\(name).\(position).weight", [outputs, inputs],
          .normal(deviation: 0.02)),
        Parameter(at: site, Self.container, "\(name).\(position).bias", [outputs], .zeros),
      ]
    }
    return linear(0, inner, inputs) + linear(2, outputs, inner)
  }

  func module(_ tensors: AdapterTensors, at site: Site) -> any EmbeddingModule {
    let own = tensors.at(site, Self.container)
    func network(_ name: String) -> Coupling.Network {
      Coupling.Network(
        down: own.linear("\(name).0"), up: own.linear("\(name).2"), activation: activation)
    }
    return Coupling(half: halves(site).first, f: network("F"), g: network("G"))
  }

  private func halves(_ site: Site) -> (first: Int, second: Int) {
    (site.outputs / 2, site.outputs - site.outputs / 2)
  }
}

/// `y₁ = x₁ + F(x₂)`, `y₂ = x₂ + G(y₁)`, and its inverse.
private struct Coupling: EmbeddingModule {
  struct Network: Sendable {
    let down, up: Linear
    let activation: Activation

    func callAsFunction(_ x: Tensor) -> Tensor { up(down(x, activation: activation)) }
  }

  let half: Int
  let f, g: Network

  func embedded(_ x: Tensor, _ rows: TokenRows) -> (Tensor, TokenRows) {
    let (first, second) = (x.columns(0..<half), x.columns(half..<x.width))
    let y = first + f(second)
    return (.concatenatingColumns([y, second + g(y)]), rows)
  }

  func unembedded(_ y: Tensor) -> Tensor {
    let (first, second) = (y.columns(0..<half), y.columns(half..<y.width))
    let x = second - g(first)
    return .concatenatingColumns([first - f(x), x])
  }
}
