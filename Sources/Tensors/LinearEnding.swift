/// What becomes of a product of a linear layer, in the same pass over memory, and its gradient.
internal import CAdapterKernels

/// `scale · activation(product + bias) + addend`.
struct LinearEnding: Sendable {
  var bias: Tensor?
  var activation = Activation.linear
  var scale: Float = 1
  var addend: Tensor?

  /// Whether the product is all.
  var isNothing: Bool { bias == nil && activation == .linear && scale == 1 && addend == nil }

  /// What may be differentiated, in the order of the gradients.
  var operands: [Tensor] { [bias, addend].compactMap(\.self) }

  func check(rows: Int, outputs: Int) {
    precondition(bias.map { $0.count == outputs } ?? true, "a bias of \(bias?.shape ?? [])")
    precondition(
      addend.map { $0.rows == rows && $0.width == outputs } ?? true,
      "\(addend?.shape ?? []) is not added to \([rows, outputs])")
  }

  /// Memory for what goes into the activation, where its slope is not 1 everywhere and one of the
  /// product's operands, or the bias, is differentiated.
  func keeps(_ shape: [Int], forGradientOf operands: [Tensor]) -> Storage? {
    let isWanted = (operands + [bias].compactMap(\.self)).contains(where: \.isDifferentiated)
    return activation == .linear || !isWanted ? nil : Storage(count: shape.reduce(1, *))
  }

  /// The ending of the rows from one on, as the kernels read it.
  func withEpilogue(
    width: Int, from row: Int, keeping before: Storage?,
    _ body: (UnsafePointer<ak_epilogue>) -> Void
  ) {
    var epilogue = ak_epilogue()
    epilogue.bias = bias?.pointer
    epilogue.activation = activation.kind
    epilogue.scale = scale
    epilogue.preactivation = before.map { $0.base + row * width }
    epilogue.ldp = width
    epilogue.residual = addend.map { $0.pointer + row * width }
    epilogue.ldr = width
    withExtendedLifetime(self) { body(&epilogue) }
  }

  /// How a gradient passes back through the ending.
  struct Gradient: Sendable {
    let activation: Activation
    let scale: Float
    let before: Storage?
    let biasShape: [Int]?
    let (biasIsWanted, addendIsThere): (Bool, Bool)

    /// What the product's gradient is still to be multiplied by: a pass over memory less.
    var remainingScale: Float { activation == .linear ? scale : 1 }

    /// - Returns: the gradient of the product but for ``remainingScale``, and those of the operands.
    func callAsFunction(_ g: Tensor) -> (product: Tensor, parts: [Tensor?]) {
      var product = g
      if let before {
        product = g.activationGradient(activation, at: Tensor(shape: g.shape, storage: before))
        if scale != 1 { product = product * scale }
      }
      var parts: [Tensor?] = []
      if let biasShape {
        let sum = biasIsWanted ? product.sumOfRows().reshaped(biasShape) : nil
        parts.append(remainingScale == 1 ? sum : sum.map { $0 * remainingScale })
      }
      if addendIsThere { parts.append(g) }
      return (product, parts)
    }
  }

  /// How a gradient passes back, given what went into the activation.
  func gradient(_ before: Storage?) -> Gradient {
    Gradient(
      activation: activation, scale: scale, before: before, biasShape: bias?.shape,
      biasIsWanted: bias?.isDifferentiated ?? false, addendIsThere: addend != nil)
  }
}
