/// `split(a:64,b:64)`: runs of a sequence's tokens, each with its own.
internal import BaseModels
internal import Tensors

struct Split: SetupBlock {
  static let name = "split"
  static let example = "split(a:64,b:64)"

  private let tokens: [Int]

  init(_ tokens: [Int]) { self.tokens = tokens }

  init(_ parts: [CompositionPart]) throws { tokens = try Self.counts(parts, of: "tokens") }

  func argument(ofPart index: Int) -> String? { "\(tokens[index])" }

  var sharesTokens: Bool { true }
  var takesPrefixes: Bool { false }

  func check(_ sequence: Batch.Sequence) throws {
    let total = tokens.reduce(0, +)
    guard total == sequence.answeredIds.count else {
      throw CompositionProblem(
        "splits \(total) tokens, and the sequence has \(sequence.answeredIds.count)",
        hint: "the numbers behind the colons must add up to the tokens, special ones included")
    }
  }

  func change(
    of y: Tensor, from x: Tensor, after previous: ProjectionChange?, by parts: [Setup],
    at site: Site, _ rows: TokenRows
  ) -> ProjectionChange? {
    let delta = rows.split(tokens) { index, indices, rows in
      let (y, x) = (y.rows(at: indices), x.rows(at: indices))
      return parts[index].change(
        of: y, from: x, after: previous?.rows(at: indices), at: site, rows)?.addend(y)
        ?? .zeros(y.shape)
    }
    return ProjectionChange(delta: delta, module: nil)
  }

  func adapted(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor {
    rows.split(tokens) { index, indices, rows in
      parts[index].adapted(h.rows(at: indices), ending.rows(at: indices), rows)
    }
  }

  func skipped(_ h: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows) -> Tensor? {
    rows.split(tokens) { index, indices, rows in
      let part = h.rows(at: indices)
      return parts[index].skipped(part, ending.rows(at: indices), rows) ?? .zeros(part.shape)
    }
  }

  func finished(
    _ h: Tensor, original: Tensor, by parts: [Setup], _ ending: Ending, _ rows: TokenRows
  ) -> Tensor {
    rows.split(tokens) { index, indices, rows in
      parts[index].finished(
        h.rows(at: indices), original: original.rows(at: indices), ending.rows(at: indices), rows)
    }
  }

  func left(_ x: Tensor, by parts: [Setup], at site: Site, _ rows: TokenRows) -> Tensor {
    rows.split(tokens) { index, indices, rows in
      parts[index].left(x.rows(at: indices), at: site, rows)
    }
  }
}

extension Setup {
  /// Runs of a sequence's tokens, each with its own.
  public static func split(_ parts: [(setup: Setup, tokens: Int)]) -> Setup {
    Split(parts.map(\.tokens)).joined(parts.map(\.setup))
  }
}

extension TokenRows {
  /// Computes runs of each sequence's tokens on their own, and puts the rows back in their places.
  ///
  /// - Parameters:
  ///   - lengths: of the runs, the same for all sequences.
  ///   - compute: gets a run's number, the indices of its rows, and which tokens they are.
  /// - Returns: all rows in their order.
  fileprivate func split(
    _ lengths: [Int], _ compute: (Int, [Int], TokenRows) -> Tensor
  ) -> Tensor {
    let runs = Layout(lengths: lengths)
    var parts: [Tensor] = []
    var order: [Int] = []
    for run in 0..<runs.sequences {
      let chosen = (0..<layout.sequences).map { sequence in
        layout[sequence].filter { runs[run].contains(Int(places[$0])) }
      }
      let indices = chosen.flatMap(\.self)
      guard !indices.isEmpty else { continue }
      parts.append(compute(run, indices, rows(chosen)))
      order += indices
    }
    var positions = [Int](repeating: 0, count: order.count)
    for (position, index) in order.enumerated() { positions[index] = position }
    return Tensor.concatenatingRows(parts).rows(at: positions)
  }
}
