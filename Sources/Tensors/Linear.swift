/// A linear layer, frozen and packed for this CPU, or trained.

/// `scale · activation(x·Wᵀ + b) + addend`.
public struct Linear: Sendable {
  enum Weights: Sendable {
    case frozen(FrozenWeights)
    case trained(Tensor)
  }

  /// When a frozen layer's weights are read and packed.
  public enum Packing: Sendable {
    /// At once, so that weights which cannot be used are an error of loading.
    case atOnce
    /// When first used, so that a model is there in milliseconds.
    case whenUsed
  }

  let weights: Weights
  let bias: Tensor?
  /// The widths of the rows that go in and come out.
  public let inputs, outputs: Int

  private init(_ weights: Weights, bias: Tensor?, inputs: Int, outputs: Int) {
    (self.weights, self.bias, self.inputs, self.outputs) = (weights, bias, inputs, outputs)
  }

  /// A frozen layer: its weights are packed, and no gradient is ever asked of them.
  ///
  /// - Parameters:
  ///   - source: the weights as they are kept.
  ///   - bias: `[outputs]`; nil adds nothing.
  ///   - precision: the number format the weights are packed in.
  ///   - packing: when.
  /// - Throws: what the source throws, or says of weights that are not finite, if they are packed at
  ///   once; see ``prepare()``.
  public init(
    frozen source: some MatrixSource, bias: Tensor?, precision: Precision = .f32,
    packing: Packing = .atOnce
  ) throws {
    let frozen = FrozenWeights(source, precision: precision)
    self.init(.frozen(frozen), bias: bias, inputs: frozen.inputs, outputs: frozen.outputs)
    if packing == .atOnce, !source.isShapeOnly { try frozen.prepare() }
  }

  /// A frozen layer of weights in memory, packed at once.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`
  ///   - isTransposed: the weight is `[inputs, outputs]`.
  ///   - bias: `[outputs]`; nil adds nothing.
  ///   - precision: the number format the weights are packed in.
  public init(
    frozen weight: Tensor, isTransposed: Bool = false, bias: Tensor?, precision: Precision = .f32
  ) {
    let frozen =
      isTransposed
      ? FrozenWeights(TransposedMatrix(weight), precision: precision)
      : FrozenWeights(weight, precision: precision)
    self.init(.frozen(frozen), bias: bias, inputs: frozen.inputs, outputs: frozen.outputs)
    if !weight.isShapeOnly { _ = frozen.packed }
  }

  /// A layer whose weights may be differentiated.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`
  ///   - bias: `[outputs]`
  public init(trained weight: Tensor, bias: Tensor?) {
    self.init(.trained(weight), bias: bias, inputs: weight.width, outputs: weight.rows)
  }

  /// The same weights with another bias: a tied output embedding has one of its own.
  public func with(bias: Tensor?) -> Linear {
    Linear(weights, bias: bias, inputs: inputs, outputs: outputs)
  }

  /// The weights, `[outputs, inputs]`, as they are multiplied: of a frozen layer in bf16 they are
  /// rounded, and a copy is made at each call.
  public var weight: Tensor {
    switch weights {
    case .trained(let weight): weight
    case .frozen(let frozen): frozen.tensor
    }
  }

  /// Reads and packs weights that wait for being used.
  ///
  /// Without it a layer whose weights cannot be had gives NaN.
  ///
  /// - Throws: why they cannot be had.
  public func prepare() throws {
    if case .frozen(let frozen) = weights { try frozen.prepare() }
  }

  /// - Parameters:
  ///   - x: `[rows, inputs]`
  ///   - activation: of the sum of product and bias.
  ///   - scale: what the activation is multiplied by.
  ///   - addend: `[rows, outputs]`, what is added in the end; nil adds nothing.
  /// - Returns: `[rows, outputs]`, in one pass over memory.
  public func callAsFunction(
    _ x: Tensor, activation: Activation = .linear, scaledBy scale: Float = 1,
    addingTo addend: Tensor? = nil
  ) -> Tensor {
    precondition(x.width == inputs, "\(x.shape) does not go into a layer of \(inputs) inputs")
    let ending = LinearEnding(bias: bias, activation: activation, scale: scale, addend: addend)
    switch weights {
    case .trained(let weight): return x.linear(weight, ending)
    case .frozen(let frozen):
      ending.check(rows: x.rows, outputs: outputs)
      // What went into the activation is all the gradient needs; a frozen layer keeps no input.
      let before = ending.keeps([x.rows, outputs], forGradientOf: [x])
      return .operation([x.rows, outputs], [x] + ending.operands) { y in
        frozen.packed.run(x, into: y, ending, keeping: before)
      } gradient: { [ending = ending.gradient(before), isWanted = x.isDifferentiated, inputs] g in
        let (product, parts) = ending(g)
        guard isWanted else { return [nil] + parts }
        let dx = Tensor(shape: [g.rows, inputs]) {
          frozen.runBack(product, into: $0, scale: ending.remainingScale)
        }
        return [dx] + parts
      }
    }
  }
}
