/// Ways in which adapters work together: `stack(a,b)`, `average(a:0.3,b:0.7)`.
internal import BaseModels
internal import Tensors

/// The list of them.
///
/// To add one is a file in this folder and a word here.
enum CompositionBlocks {
  static let all: [any CompositionBlock.Type] = [
    Stack.self, Parallel.self, Average.self, Sum.self, Split.self, BatchSplit.self,
  ]
}

/// A way in which the parts of a composition work together, as a string says it.
///
/// It is what stands before and between the parts, which it is given whenever it is asked. One that is
/// there when a sequence is computed is a ``SetupBlock``; others have become rows and branches by then.
protocol CompositionBlock: Hashable, Sendable {
  /// What stands before the bracket.
  static var name: String { get }
  /// How it is written: `average(a:0.3,b:0.7)`.
  static var example: String { get }

  /// Takes from the parts what is no composition.
  ///
  /// - Parameter parts: at least one, as they are written.
  /// - Throws: ``CompositionProblem``
  init(_ parts: [CompositionPart]) throws

  /// What stands behind the colon of a part; nil where there is none.
  func argument(ofPart index: Int) -> String?

  /// How many rows a batch must have for it; nil for any number.
  var rows: Int? { get }

  /// The setups of each row of a batch: one, or several side by side.
  ///
  /// - Parameters:
  ///   - rows: how many the batch has.
  ///   - parts: each gives its own for a number of rows.
  /// - Returns: the branches of each row.
  /// - Throws: ``CompositionProblem`` where the rows or branches do not fit.
  func branches(rows: Int, of parts: [(Int) throws -> [[Setup]]]) throws -> [[Setup]]
}

extension CompositionBlock {
  func argument(ofPart index: Int) -> String? { nil }
  var rows: Int? { nil }

  /// As a composition string has it.
  func description(of parts: [String]) -> String {
    let listed = parts.enumerated().map { index, part in
      argument(ofPart: index).map { "\(part):\($0)" } ?? part
    }
    return "\(Self.name)(\(listed.joined(separator: ",")))"
  }

  /// Refuses anything behind a colon.
  static func checkNoArguments(_ parts: [CompositionPart]) throws {
    if let index = parts.firstIndex(where: { $0.argument != nil }) {
      throw CompositionProblem("expected , or )", part: index)
    }
  }

  /// Whole numbers from 1 behind the colons of all parts.
  ///
  /// - Parameters:
  ///   - parts: as they are written.
  ///   - noun: what the numbers count.
  /// - Returns: a number for each part.
  /// - Throws: ``CompositionProblem``
  static func counts(_ parts: [CompositionPart], of noun: String) throws -> [Int] {
    try parts.enumerated().map { index, part in
      guard let count = part.argument.flatMap({ Int($0) }), (1...1_000_000_000).contains(count)
      else {
        throw CompositionProblem("expected : and a number of \(noun)", part: index, hint: example)
      }
      return count
    }
  }
}

/// A part of a composition as it is written: `a:0.3`.
struct CompositionPart {
  let composition: Composition
  let argument: String?
}

/// What is wrong with a composition; who knows its string makes a failure of it.
struct CompositionProblem: Error {
  let problem: String
  /// The number of the part it is about.
  let part: Int?
  let hint: String?

  init(_ problem: String, part: Int? = nil, hint: String? = nil) {
    self.problem = problem
    self.part = part
    self.hint = hint
  }
}

/// A block whose parts answer together for a sequence.
protocol SetupBlock: CompositionBlock {
  /// The parts as one setup.
  func joined(_ parts: [Setup]) -> Setup

  /// Whether each part has but some of a sequence's tokens.
  var sharesTokens: Bool { get }

  /// Whether parts may put keys and values before a sequence's own: all of them do, in their order.
  var takesPrefixes: Bool { get }

  /// Whether a part reads the change of the part before it.
  var isInOrder: Bool { get }

  /// Refuses a sequence that it does not fit.
  func check(_ sequence: Batch.Sequence) throws

  /// What the parts change of a projection's output.
  ///
  /// - Parameters:
  ///   - y: `[rows, outputs]`
  ///   - x: `[rows, inputs]`, what went into the projection.
  ///   - previous: the change before the block; nil for none.
  ///   - parts: the block's.
  ///   - site: the projection's.
  ///   - rows: which tokens they are.
  /// - Returns: the change up to and with the block; nil for none.
  func change(
    of y: Tensor, from x: Tensor, after previous: ProjectionChange?, by parts: [Setup],
    at site: Site, _ rows: TokenRows
  ) -> ProjectionChange?

  /// `[rows, width]`: a sub-layer's output after the parts, before residual and norm.
  func adapted(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor

  /// `[rows, width]`: the skip connection of what answers; nil where there is none.
  func skipped(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor?

  /// `[rows, width]`: residual and norm brought to what ``adapted(_:by:_:_:)`` gave; `original` is the
  /// sub-layer's output before any part.
  func finished(
    _ h: Tensor, original: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows
  ) -> Tensor

  /// `[rows, width]`: a layer's output after the parts.
  func left(_ x: Tensor, by parts: [Setup], at site: Site, _ rows: TokenRows) -> Tensor
}

extension SetupBlock {
  func joined(_ parts: [Setup]) -> Setup { Setup(self, parts) }
  var sharesTokens: Bool { false }
  var takesPrefixes: Bool { true }
  var isInOrder: Bool { false }
  func check(_ sequence: Batch.Sequence) throws {}

  /// Parts that have several branches go together one by one, as in the Python library.
  func branches(rows: Int, of parts: [(Int) throws -> [[Setup]]]) throws -> [[Setup]] {
    let all = try parts.map { try $0(rows) }
    return try (0..<rows).map { row in
      let parts = all.map { $0[row] }
      let count = parts.map(\.count).max() ?? 1
      guard parts.allSatisfy({ $0.count == 1 || $0.count == count }) else {
        throw CompositionProblem(
          "its parallel parts have \(parts.map { "\($0.count)" }.joined(separator: " and ")) "
            + "branches", hint: "parts that are parallel go together one by one")
      }
      return (0..<count).map { branch in joined(parts.map { $0[$0.count == 1 ? 0 : branch] }) }
    }
  }

  /// The part that acts last at the site has the last word.
  func finished(
    _ h: Tensor, original: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows
  ) -> Tensor {
    parts.last { $0.acts(at: ending.site) }?.finished(h, original: original, ending, rows)
      ?? ending(h)
  }
}
