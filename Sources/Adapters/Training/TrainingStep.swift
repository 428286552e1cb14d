/// One step of a training: the loss of a batch and its gradient, piece by piece on all threads.
internal import BaseModels
internal import Tensors

/// What is trained, by the names of the adapter's files.
typealias Parameters = [String: Tensor]

extension BaseModel {
  /// The mean loss of a batch, and its gradient at an adapter's tensors.
  ///
  /// Each piece of the batch is computed on one thread, forward and backward; the pieces' gradients
  /// are added in their order, so that the sum does not depend on who was first.
  func lossAndGradient(
    of adapter: Adapter, at parameters: Parameters, on set: some ExampleSet,
    rows batch: ArraySlice<Int>, dropout: DropoutSource?
  ) throws -> (loss: Float, gradient: Parameters) {
    let terms = Float(max(1, set.terms(of: batch)))
    let batch = Array(batch)
    let cuts = pieces(of: batch.map { set.examples[$0].sequence.ids.count })
    let parts = try parallelMap(cuts.count) { piece in
      let rows = batch[cuts[piece]]
      return try valueAndGradient(at: parameters) { tracked in
        let bound = BoundAdapter(
          adapter, to: self, tensors: adapter.tensors.merging(tracked) { $1 },
          headTensors: tracked, isTrained: true, dropout: dropout)
        var options = PassOptions()
        options.dropout = dropout.map { $0.at("base") }
        let pass = try BranchedPass(
          rows.map { ModelInput(set.examples[$0].sequence, bound) }, self, .unread, options,
          firstNumber: cuts[piece].lowerBound)
        guard let output = pass.heads.first else {
          preconditionFailure("a training without a head")
        }
        return set.loss(output, of: rows) * (1 / terms)
      }
    }
    var (loss, gradient) = parts.first.map { ($0.value.scalar, $0.gradient) } ?? (0, [:])
    for part in parts.dropFirst() {
      loss += part.value.scalar
      gradient.merge(part.gradient) { $0 + $1 }
    }
    return (loss, gradient)
  }
}
