/// One step of a training: the loss of a batch and its gradient, lane by lane on all threads.
internal import BaseModels
public import Tensors

/// What is trained, by the names of the adapter's files.
typealias Parameters = [String: Tensor]

/// The sums of a step, of which the means are learned from.
///
/// Sums of parts of a batch are added to those of the whole, on this machine or on several.
public struct StepSums: Sendable {
  /// The sum of the losses.
  public var loss: Double
  /// How many terms the loss is a sum of.
  public var terms: Int
  /// How many tokens were learned from.
  public var tokens: Int
  /// The loss's at the adapter's tensors.
  public var gradient: [String: Tensor]

  public init(loss: Double, terms: Int, tokens: Int, gradient: [String: Tensor]) {
    self.loss = loss
    self.terms = terms
    self.tokens = tokens
    self.gradient = gradient
  }

  public static func + (a: StepSums, b: StepSums) -> StepSums {
    StepSums(
      loss: a.loss + b.loss, terms: a.terms + b.terms, tokens: a.tokens + b.tokens,
      gradient: a.gradient.merging(b.gradient) { $0 + $1 })
  }
}

extension BaseModel {
  /// The loss of a batch, and its gradient at an adapter's tensors, as sums.
  ///
  /// - Parameters:
  ///   - adapter: whose tensors are replaced by the parameters.
  ///   - parameters: where the gradient is taken.
  ///   - set: the examples.
  ///   - batch: those that are learned from.
  ///   - lanes: how many parts of the batch may be computed side by side.
  ///   - dropout: the step's random numbers; nil drops nothing.
  /// - Returns: the sums; the same bits on any number of threads.
  /// - Throws: what the pass throws: a setup that is not possible.
  func lossAndGradient(
    of adapter: Adapter, at parameters: Parameters, on set: some ExampleSet,
    rows batch: ArraySlice<Int>, lanes: Int, dropout: DropoutSource?
  ) throws -> StepSums {
    let batch = Array(batch)
    let lanes = Lanes(batch.map { set.examples[$0].sequence.ids.count }, most: lanes)
    let nothing = StepSums(loss: 0, terms: 0, tokens: 0, gradient: [:])
    let parts = try parallelMap(lanes.pieces.count) { lane in
      try lanes.pieces[lane].reduce(into: nothing) { sum, piece in
        sum = sum + (try sums(of: adapter, at: parameters, on: set, batch[piece], dropout))
      }
    }
    return treeSum(parts, +) ?? nothing
  }

  /// The same of one piece, whose indices are the sequences' numbers in the step.
  private func sums(
    of adapter: Adapter, at parameters: Parameters, on set: some ExampleSet,
    _ rows: ArraySlice<Int>, _ dropout: DropoutSource?
  ) throws -> StepSums {
    let (loss, gradient) = try valueAndGradient(at: parameters) { tracked in
      let bound = BoundAdapter(
        adapter, to: self, tensors: adapter.tensors.merging(tracked) { $1 },
        headTensors: tracked, isTrained: true, dropout: dropout)
      var options = PassOptions()
      options.dropout = dropout.map { $0.at("base") }
      let pass = try BranchedPass(
        rows.map { ModelInput(set.examples[$0].sequence, bound) }, self, .unread, options,
        firstNumber: rows.startIndex)
      guard let output = pass.heads.first else {
        preconditionFailure("a training without a head")
      }
      return set.loss(output, of: rows)
    }
    return StepSums(
      loss: Double(loss.scalar), terms: set.terms(of: rows), tokens: set.tokens(of: rows),
      gradient: gradient)
  }
}
