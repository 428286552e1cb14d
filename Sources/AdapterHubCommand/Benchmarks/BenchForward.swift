/// `adapterhub bench forward`: how fast a batch goes through a model with adapters.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tensors

struct BenchForward: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forward", abstract: "Time forward passes.",
    discussion: """
      Examples:
        adapterhub bench forward --config bert-base --batch 8 --length 128
        adapterhub bench forward --config minilm --adapters 32 --batch 32
      """)

  @OptionGroup var options: BenchModel

  func run() throws {
    let base = try options.load()
    let adapters = try options.boundAdapters(base)
    let inputs = try options.sequences(base).enumerated().map { index, sequence in
      adapters.isEmpty
        ? ModelInput(sequence) : ModelInput(sequence, adapters[index % adapters.count])
    }
    let timing = try Timing(rounds: options.rounds, seconds: 1) { _ = try base.forward(inputs) }
    let tokens = inputs.reduce(0) { $0 + $1.sequence.ids.count }
    let work = inputs.reduce(0) { $0 + base.traits.operations(tokens: $1.sequence.ids.count) }
    try report(timing, tokens: tokens, operations: work, options.json)
  }
}

/// Prints what a benchmark measured.
func report(_ timing: Timing, tokens: Int, operations: Double, _ json: Bool) throws {
  let perSecond = Double(tokens) / timing.least * 1e3
  let gflops = operations / timing.least / 1e6
  if json {
    let result: JSON.Object = [
      "milliseconds": timing.json, "tokens_per_second": .number(perSecond),
      "gflops": .number(gflops), "threads": .integer(threadCount),
      "rounds": .integer(timing.rounds.count),
    ]
    try printLines([JSON.object(result).text(.compact)])
  } else {
    try printLines([
      "\(timing.least.formatted(digits: 2)) ms (median \(timing.median.formatted(digits: 2))), "
        + "\(Int(perSecond)) tokens/s, \(Int(gflops)) GFLOP/s, \(threadCount) threads"
    ])
  }
}

extension Traits {
  /// The multiplications and additions of an encoder's pass over one sequence.
  func operations(tokens: Int) -> Double {
    let (t, h) = (Double(tokens), Double(width))
    return Double(layers) * (2 * t * (4 * h * h + 2 * h * Double(intermediate)) + 4 * t * t * h)
  }
}
