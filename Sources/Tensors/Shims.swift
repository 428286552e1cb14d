extension Tensor {
  public init(shapeOnly shape: [Int]) { self.init(shape: shape, storage: Storage(count: 0)) }
  public func dropout(_ p: Float, _ source: DropoutSource?, rows: [UInt64]) -> Tensor { dropout(p, source) }
}
extension Linear {
  public init(frozen weight: Tensor, isTransposed: Bool, bias: Tensor?, precision: Precision) {
    if weight.storage.count == 0 { self.init(trained: weight, bias: bias); return }
    self.init(frozen: weight, bias: bias, precision: precision)
  }
}
extension Tensor {
  public func droppingSequences(_ probability: Float, _ layout: Layout, _ source: DropoutSource?, sequences: [Int]) -> Tensor {
    droppingSequences(probability, layout, source)
  }
}
