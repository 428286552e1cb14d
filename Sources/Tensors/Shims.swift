extension Linear {
  public init(frozen weight: Tensor, isTransposed: Bool, bias: Tensor?, precision: Precision) {
    if weight.isShapeOnly {
      let shape = isTransposed ? [weight.width, weight.rows] : weight.shape
      self.init(trained: Tensor(shapeOnly: shape), bias: bias)
      return
    }
    guard isTransposed else {
      self.init(frozen: weight, bias: bias, precision: precision)
      return
    }
    let (rows, width) = (weight.rows, weight.width)
    let turned = Tensor(shape: [width, rows]) { out in
      for r in 0..<rows { for c in 0..<width { out[c * rows + r] = weight.pointer[r * width + c] } }
    }
    self.init(frozen: turned, bias: bias, precision: precision)
  }
}
