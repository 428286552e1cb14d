/// The layers of a head: dropout and linear, several times, with an activation between.
internal import BaseModels
internal import Files
internal import Tensors

/// The layers of a head, numbered as the Python library's `nn.Sequential` numbers them.
///
///     layers 2:  0 dropout  1 linear  2 activation  3 dropout  4 linear
///     layers 1:  0 dropout  1 linear
public struct HeadLayers: Sendable, Equatable {
  public let count: Int
  /// Between layers; nil is none.
  let activation: Activation?
  /// Nil is the model's.
  let dropout: Float?
  let hasBias: Bool
  public let usesPooler: Bool
  public let outputs: Int

  init(_ fields: Field) throws {
    count = try fields["layers"]?.integer(in: 1...16) ?? 1
    let name = try fields["activation_function"]?.string()
    activation = try name.map { name in
      guard let activation = Activation(named: name) else {
        throw fields.failure("no activation is named \(name)")
      }
      return activation
    }
    dropout = fields["dropout_prob"] == nil ? nil : try fields.probability("dropout_prob")
    hasBias = try fields["bias"]?.bool() ?? true
    usesPooler = try fields["use_pooler"]?.bool() ?? false
    outputs = try fields.required("num_labels").integer(in: 1...1_000_000)
  }

  /// For a head's file.
  var activationName: JSON { activation.map { .string($0.rawValue) } ?? .null }

  /// The number of each linear layer in the sequence.
  private var positions: [Int] {
    (0..<count).map { $0 * (activation == nil ? 2 : 3) + 1 }
  }

  func parameters(_ model: Traits) -> [Parameter] {
    positions.enumerated().flatMap { layer, position in
      let isLast = layer == count - 1
      let weight = Parameter(
        head: "\(position).weight", [isLast ? outputs : model.width, model.width],
        .normal(deviation: 0.02))
      guard !isLast || hasBias else { return [weight] }
      return [
        weight, Parameter(head: "\(position).bias", [isLast ? outputs : model.width], .zeros),
      ]
    }
  }

  fileprivate func linears(_ tensors: [String: Tensor], _ prefix: String, isTrained: Bool)
    -> [Linear]
  {
    positions.map { position in
      guard let weight = tensors["\(prefix)\(position).weight"] else {
        preconditionFailure("a head without its tensor \(prefix)\(position).weight")
      }
      let bias = tensors["\(prefix)\(position).bias"]
      return isTrained
        ? Linear(trained: weight, bias: bias) : Linear(frozen: weight, bias: bias)
    }
  }
}

extension Head {
  func parameters(_ model: Traits) -> [Parameter] { layers.parameters(model) }
}

/// A head's layers with weights: packed, or tracked for a gradient.
struct BoundHead: Sendable {
  let head: any Head
  private let linears: [Linear]
  private let pooled: @Sendable (Tensor) -> Tensor?
  private let dropout: Float
  /// Which row stands for a sequence.
  private let classification: ClassificationRow
  private let source: DropoutSource?

  init(
    _ head: any Head, _ tensors: [String: Tensor], prefix: String, base: BaseModel,
    isTrained: Bool, dropout source: DropoutSource?
  ) {
    self.head = head
    linears = head.layers.linears(tensors, prefix, isTrained: isTrained)
    pooled = { [architecture = base.architecture] in architecture.pooled($0) }
    dropout = head.layers.dropout ?? base.traits.headDropout
    classification = base.traits.classification
    self.source = source
  }

  /// The rows of a sequence that it reads.
  func reading(of sequence: Batch.Sequence) -> Reading {
    head.readsEveryToken ? .all : classification.reading(of: sequence)
  }

  /// - Parameter hidden: `[rows read, width]`
  /// - Returns: `[rows read, outputs]`
  func callAsFunction(_ hidden: Tensor) -> Tensor {
    var x = head.layers.usesPooler ? pooled(hidden) ?? hidden : hidden
    for (i, linear) in linears.enumerated() {
      let isLast = i == linears.count - 1
      x = linear(
        x.dropout(dropout, source?.at("\(i)")),
        activation: isLast ? .linear : head.layers.activation ?? .linear)
    }
    return x
  }
}
