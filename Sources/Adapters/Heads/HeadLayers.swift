/// The layers of a head: dropout and linear, several times, with an activation between.
internal import BaseModels
internal import Files
internal import Tensors

/// The layers of a head, numbered as the Python library's `nn.Sequential` numbers them.
///
///     layers 2:  0 dropout  1 linear  2 activation  3 dropout  4 linear
///     layers 1:  0 dropout  1 linear
struct HeadLayers: Sendable, Equatable {
  let count: Int
  /// Between layers; nil is none.
  let activation: Activation?
  /// Nil is the model's.
  let dropout: Float?
  let hasBias: Bool
  let usesPooler: Bool
  let outputs: Int

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

  /// Brings the layers together with their tensors.
  ///
  /// - Parameters:
  ///   - tensors: the head's.
  ///   - base: whose pooler they may read.
  ///   - classification: the row that stands for a sequence; nil to read every token.
  /// - Returns: the layers at work.
  func bound(
    _ tensors: ModuleTensors, on base: BaseModel, reading classification: ClassificationRow?
  ) -> any BoundHead {
    BoundLayers(
      linears: positions.map { tensors.linear("\($0)") }, activation: activation ?? .linear,
      classification: classification, pooler: usesPooler ? base.architecture : nil,
      dropout: dropout ?? base.traits.headDropout, source: tensors.dropout)
  }
}

/// The layers of a head at work.
private struct BoundLayers: BoundHead {
  let linears: [Linear]
  let activation: Activation
  let classification: ClassificationRow?
  /// Whose pooler is read; nil where it is not.
  let pooler: (any Architecture)?
  let dropout: Float
  let source: DropoutSource?

  func reading(_ sequence: Batch.Sequence) -> Reading {
    classification?.reading(of: sequence) ?? .all
  }

  func callAsFunction(
    _ hidden: Tensor, _ rows: TokenRows, unembedding: (Tensor) -> Tensor
  ) -> Tensor {
    var x = hidden
    if let pooler {
      guard let pooled = pooler.pooled(hidden) else {
        preconditionFailure("a head reads the pooler of a model without one")
      }
      x = pooled
    }
    for (i, linear) in linears.enumerated() {
      let isLast = i == linears.count - 1
      x = linear(
        x.dropped(dropout, source?.at("\(i)"), rows), activation: isLast ? .linear : activation)
    }
    return x
  }
}
